#include "liveness.hpp"

#include <foldstream/error.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>

namespace foldstream::mpi {
namespace {

// seconds
constexpr double beat_interval = 0.2;
constexpr double start_interval = 0.02;
constexpr double farewell_interval = 0.05;
constexpr double farewell_patience = 1;
constexpr double longest_nap = 0.5;  ///< a step that comes later: this process stood still

using Seconds = std::chrono::duration<double>;

double seconds_now() {
  return Seconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Runs `action` on all ranks, or throws on all what it threw on one.
template <class Action>
void together(const Gather& gather, Action&& action) {
  std::string complaint;
  try {
    action();
  } catch (const Error& error) {
    complaint = error.what();
  }
  const std::vector<std::string> complaints = gather(complaint);
  for (std::size_t rank = 0; rank < complaints.size(); ++rank)
    if (!complaints[rank].empty())
      throw Error(ErrorKind::Communication,
                  "rank " + std::to_string(rank) + " cannot watch the others: " + complaints[rank]);
}

/// A thread that is started while it lives handles no signals of the program.
class BlockedSignals {
 public:
  BlockedSignals() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~BlockedSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace

RankLiveness::RankLiveness(int rank, int ranks, const Gather& gather,
                           const LivenessOptions& options)
    : rank_(rank), losses_(options.losses), was_told_(static_cast<std::size_t>(ranks), false) {
  together(gather, [&] { offer(ranks, options); });
  std::vector<PeerFacts> facts;
  for (const std::string& text : gather(format_facts(own_))) facts.push_back(parse_facts(text));
  peers_ = std::make_unique<Peers>(std::move(facts));
  together(gather, [&] { join_mates(); });
  start(options);
  try {
    together(gather, [&] {
      if (const std::string why = wait_for_heartbeats(options.start_seconds); !why.empty())
        throw Error(ErrorKind::Communication, why);
    });
  } catch (...) {
    stop();
    throw;
  }
  phase_ = Phase::watch;
}

RankLiveness::~RankLiveness() {
  if (phase_ == Phase::leave && beacon_) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, Seconds(farewell_patience), [&] { return is_farewell_heard_; });
  }
  stop();
  if (losses_) report();
}

void RankLiveness::report() {
  losses_->set_nodes(peers_->nodes());
  for (int rank = 0; rank < peers_->ranks(); ++rank)
    if (rank != rank_ && page_->standing(rank) == Standing::lost) losses_->add_lost(rank);
  if (page_->standing(rank_) == Standing::lost || page_->is_cut_off()) losses_->set_fenced();
}

void RankLiveness::offer(int ranks, const LivenessOptions& options) {
  own_ = own_facts(options.network);
  own_.node += "/" + options.node;
  socket_ = std::make_unique<UdpSocket>();
  page_ = std::make_unique<SharedPage>(ranks);
  own_.port = socket_->port();
  own_.page = page_->descriptor();
}

void RankLiveness::join_mates() {
  const int first = peers_->ranks_of(peers_->node_of(rank_)).front();
  if (first == rank_) return;
  const PeerFacts& facts = peers_->facts(first);
  page_ = std::make_unique<SharedPage>(peers_->ranks(), facts.pid, facts.page);
}

void RankLiveness::start(const LivenessOptions& options) {
  const double now = seconds_now();
  last_step_ = now;
  mates_ = std::make_unique<MateWatch>(*peers_, rank_, *page_, options.mates, now);
  if (peers_->nodes() > 1)
    beacon_ = std::make_unique<NodeBeacon>(*peers_, rank_, *page_, *socket_, options.times);
  const BlockedSignals blocked;
  thread_ = std::thread([this] { loop(); });
}

std::string RankLiveness::wait_for_heartbeats(double seconds) {
  if (!beacon_) return {};
  std::unique_lock lock(mutex_);
  if (changed_.wait_for(lock, Seconds(seconds), [&] { return has_spoken_ && !unheard_; }))
    return {};
  const int silent = peers_->ranks_of(unheard_.value_or(0)).front();
  return "no heartbeat came from node " + peers_->facts(silent).host + " (rank " +
         std::to_string(silent) +
         ") in time. Let UDP pass between the nodes, or name the network that joins them.";
}

void RankLiveness::stop() {
  phase_ = Phase::end;
  wake_.wake();
  if (thread_.joinable()) thread_.join();
}

std::vector<int> RankLiveness::take_lost() {
  const std::scoped_lock lock(mutex_);
  const std::uint32_t changes = page_->changes();
  if (changes == told_changes_) return {};
  told_changes_ = changes;
  std::vector<int> lost;
  for (int rank = 0; rank < peers_->ranks(); ++rank) {
    const auto i = static_cast<std::size_t>(rank);
    if (rank == rank_ || was_told_[i] || page_->standing(rank) != Standing::lost) continue;
    was_told_[i] = true;
    lost.push_back(rank);
  }
  return lost;
}

void RankLiveness::leave() {
  page_->change(rank_, Standing::left);
  auto expected = Phase::watch;
  phase_.compare_exchange_strong(expected, Phase::leave);
  wake_.wake();
}

std::string RankLiveness::fenced() {
  if (page_->standing(rank_) == Standing::left) return {};
  const std::string who = "rank " + std::to_string(rank_) + " on node " + own_.host;
  if (page_->standing(rank_) == Standing::lost)
    return who +
           " was given up by the others, who go on without it: it stood still, or its node "
           "was silent, for too long. Run again to go on where they ended.";
  if (page_->is_cut_off())
    return who +
           " hears nothing from most of the other ranks, which go on without it. Look at the "
           "network of this node.";
  return {};
}

double RankLiveness::interval() const {
  const Phase phase = phase_;
  if (!beacon_ || phase == Phase::watch) return beat_interval;
  return phase == Phase::start ? start_interval : farewell_interval;
}

void RankLiveness::loop() {
  while (phase_ != Phase::end) {
    step(seconds_now());
    sleep();
  }
}

void RankLiveness::sleep() {
  std::vector<pollfd> waited = {{wake_.descriptor(), POLLIN, 0}};
  if (beacon_) waited.push_back({socket_->descriptor(), POLLIN, 0});
  mates_->append_to(waited);
  const double left = std::max(0.0, next_beat_ - seconds_now());
  poll(waited.data(), waited.size(), static_cast<int>(left * 1000) + 1);
  wake_.clear();
}

void RankLiveness::step(double now) {
  if (const double nap = now - last_step_; nap > longest_nap) {
    mates_->forgive(nap);
    if (beacon_) beacon_->forgive(nap);
  }
  last_step_ = now;
  const bool is_due = now >= next_beat_;
  if (is_due) {
    page_->beat(rank_);
    next_beat_ = now + interval();
  }
  // who has left judges nobody: the others may be gone without telling it
  if (page_->standing(rank_) == Standing::alive) mates_->look(now);
  if (!beacon_) return;
  beacon_->receive(now);
  const std::uint32_t changes = page_->changes();
  if (is_due || changes != sent_changes_) speak(now);
  sent_changes_ = changes;
}

void RankLiveness::speak(double now) {
  // who leaves says so itself: its port is closed before a mate might do it
  const bool is_speaker = phase_ == Phase::leave || mates_->is_speaker(now);
  if (is_speaker && !was_speaker_) beacon_->begin(now);
  was_speaker_ = is_speaker;
  if (is_speaker) {
    beacon_->beat(now);
    if (phase_ == Phase::watch) beacon_->judge(now);
  }
  const std::scoped_lock lock(mutex_);
  has_spoken_ = true;
  unheard_ = is_speaker ? beacon_->unheard() : std::nullopt;
  is_farewell_heard_ = phase_ == Phase::leave && is_speaker && beacon_->is_farewell_heard();
  changed_.notify_all();
}

}  // namespace foldstream::mpi
