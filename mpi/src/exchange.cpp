#include "exchange.hpp"

#include <sys/prctl.h>

#include <algorithm>

namespace foldstream::mpi {
namespace {

using namespace std::chrono_literals;

// After the last message the thread first keeps looking, then sleeps between looks. It does not
// yield: on a machine whose cores are all in use that costs milliseconds, where a short sleep costs
// microseconds.
constexpr auto busy_time = 20us;
constexpr auto transfer_time =
    5ms;  // busy if something is under way: MPI copies while it is called
constexpr auto shortest_pause = 1us;
/// A pause is this part of the time without a message, up to a limit.
struct Patience {
  int part;
  std::chrono::microseconds longest_pause;
};
constexpr Patience expectant{16, 100us};
constexpr Patience idle{8, 500us};
constexpr auto flush_time = 30s;
constexpr int batch = 256;

/// Lets short pauses of this thread be short; else they take 50 µs more.
void allow_short_pauses() { prctl(PR_SET_TIMERSLACK, 1000UL); }

}  // namespace

Exchange::Exchange(std::unique_ptr<Transport> transport, std::unique_ptr<Liveness> liveness)
    : transport_(std::move(transport)), liveness_(std::move(liveness)) {
  thread_ = std::thread([this] { loop(); });
}

Exchange::~Exchange() {
  {
    const std::scoped_lock lock(mutex_);
    is_closing_ = true;
    changed_.notify_all();
  }
  thread_.join();
}

void Exchange::add(std::shared_ptr<Endpoint> endpoint) {
  {
    const std::scoped_lock lock(mutex_);
    endpoints_.emplace(next_run_++, std::move(endpoint));
    was_woken_ = true;
  }
  changed_.notify_all();
}

void Exchange::wake() {
  {
    const std::scoped_lock lock(mutex_);
    if (was_woken_) return;
    was_woken_ = true;
  }
  changed_.notify_all();
}

std::set<int> Exchange::lost() const {
  const std::scoped_lock lock(mutex_);
  return lost_;
}

void Exchange::loop() {
  allow_short_pauses();
  while (const auto endpoints = next_endpoints()) {
    turn(*endpoints);
    drop_done(*endpoints);
    pause(*endpoints);
  }
  flush();
  if (liveness_) liveness_->leave();
}

/// Waits for something to do; nothing: all is done, and this ends.
std::optional<Exchange::Endpoints> Exchange::next_endpoints() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !endpoints_.empty() || is_closing_ || !is_flushed_; });
  if (endpoints_.empty() && is_closing_) return std::nullopt;
  was_woken_ = false;
  known_runs_ = next_run_;
  return endpoints_;
}

void Exchange::turn(const Endpoints& endpoints) {
  try {
    if (broken_.empty()) exchange_once(endpoints);
  } catch (const std::exception& error) {
    broken_ = error.what();
  }
  if (broken_.empty()) return;
  is_flushed_ = true;  // nobody waits for what is left
  for (const auto& [run, endpoint] : endpoints) endpoint->give_up(broken_);
}

void Exchange::exchange_once(const Endpoints& endpoints) {
  const bool has_received = receive_all(endpoints);
  tell_lost(endpoints);
  if (!broken_.empty()) return;
  const bool has_sent = send_all(endpoints);
  is_flushed_ = transport_->is_flushed();
  if (has_received || has_sent) last_traffic_ = Clock::now();
}

void Exchange::tell_lost(const Endpoints& endpoints) {
  if (!liveness_) return;
  broken_ = liveness_->fenced();
  if (!broken_.empty()) return;
  for (const auto& [run, endpoint] : endpoints) {
    if (run <= newest_told_) continue;
    for (const int rank : lost_) endpoint->on_lost(rank);
    newest_told_ = run;
  }
  for (const int rank : liveness_->take_lost()) lose(rank, endpoints);
}

void Exchange::lose(int rank, const Endpoints& endpoints) {
  {
    const std::scoped_lock lock(mutex_);
    if (!lost_.insert(rank).second) return;
  }
  transport_->drop(rank);
  for (auto& [run, envelopes] : early_)
    std::erase_if(envelopes, [rank](const Envelope& envelope) { return envelope.peer == rank; });
  for (const auto& [run, endpoint] : endpoints) endpoint->on_lost(rank);
}

/// Whether anything was received.
bool Exchange::receive_all(const Endpoints& endpoints) {
  bool has_traffic = false;
  for (const auto& [run, endpoint] : endpoints)
    has_traffic = deliver_early(run, *endpoint) || has_traffic;
  for (int i = 0; i < batch; ++i) {
    std::optional<Envelope> envelope = transport_->receive();
    if (!envelope) break;
    has_traffic = true;
    deliver(std::move(*envelope), endpoints);
  }
  return has_traffic;
}

/// Whether anything was sent.
bool Exchange::send_all(const Endpoints& endpoints) {
  bool has_traffic = false;
  for (const auto& [run, endpoint] : endpoints) {
    for (Envelope& envelope : endpoint->poll()) {
      has_traffic = true;
      envelope.message.run = run;
      transport_->send(envelope.peer, std::move(envelope.message));
    }
  }
  return has_traffic;
}

void Exchange::deliver(Envelope envelope, const Endpoints& endpoints) {
  const int run = envelope.message.run;
  if (const auto found = endpoints.find(run); found != endpoints.end())
    deliver_to(*found->second, envelope);
  else if (run >= known_runs_)
    early_[run].push_back(std::move(envelope));
}

/// What a lost rank says in between may make no sense.
void Exchange::deliver_to(Endpoint& endpoint, const Envelope& envelope) {
  try {
    endpoint.on_message(envelope);
  } catch (const std::exception&) {
    if (!lost_.contains(envelope.peer)) throw;
  }
}

bool Exchange::deliver_early(int run, Endpoint& endpoint) {
  const auto found = early_.find(run);
  if (found == early_.end()) return false;
  const std::vector<Envelope> envelopes = std::move(found->second);
  early_.erase(found);
  for (const Envelope& envelope : envelopes) deliver_to(endpoint, envelope);
  return true;
}

/// Asks without the lock: an endpoint may wake us while it holds its own.
void Exchange::drop_done(Endpoints endpoints) {
  std::erase_if(endpoints, [](const auto& entry) { return !entry.second->is_done(); });
  const std::scoped_lock lock(mutex_);
  for (const auto& [run, endpoint] : endpoints) endpoints_.erase(run);
}

/// The longer nothing came, the longer the pause; a `wake` ends it.
void Exchange::pause(const Endpoints& endpoints) {
  const auto quiet = Clock::now() - last_traffic_;
  if (quiet < (is_flushed_ ? Clock::duration(busy_time) : Clock::duration(transfer_time))) return;
  bool is_expectant = !is_flushed_;
  for (const auto& [run, endpoint] : endpoints)
    is_expectant = is_expectant || endpoint->expects_traffic();
  const Patience patience = is_expectant ? expectant : idle;
  const auto time =
      std::clamp<Clock::duration>(quiet / patience.part, shortest_pause, patience.longest_pause);
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, time, [this] { return was_woken_; });
}

void Exchange::flush() {
  last_traffic_ = Clock::now();
  const auto deadline = last_traffic_ + flush_time;
  try {
    while (broken_.empty() && Clock::now() < deadline) {
      was_woken_ = false;  // nobody wakes it any more
      is_flushed_ = transport_->is_flushed();
      if (is_flushed_) return;
      while (transport_->receive()) continue;  // nobody is there to take it
      tell_lost({});
      pause({});
    }
  } catch (const Error&) {
    // every run has ended: nobody waits for what is left
  }
}

}  // namespace foldstream::mpi
