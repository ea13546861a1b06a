#include "exchange.hpp"

namespace foldstream::mpi {
namespace {

using namespace std::chrono_literals;

constexpr auto busy_time = 100us;  // since the last message: keep looking
constexpr auto eager_time = 2ms;   // look often
constexpr auto eager_pause = 50us;
constexpr auto idle_pause = 500us;
constexpr auto flush_time = 30s;
constexpr int batch = 256;

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
  const std::scoped_lock lock(mutex_);
  endpoints_.emplace(next_run_++, std::move(endpoint));
  was_woken_ = true;
  changed_.notify_all();
}

void Exchange::wake() {
  const std::scoped_lock lock(mutex_);
  was_woken_ = true;
  changed_.notify_all();
}

std::set<int> Exchange::lost() const {
  const std::scoped_lock lock(mutex_);
  return lost_;
}

void Exchange::loop() {
  auto last_traffic = Clock::now();
  while (true) {
    Endpoints endpoints;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return !endpoints_.empty() || is_closing_; });
      if (endpoints_.empty()) break;
      endpoints = endpoints_;
      was_woken_ = false;
    }
    try {
      if (broken_.empty() && exchange_once(endpoints)) last_traffic = Clock::now();
    } catch (const std::exception& error) {
      broken_ = error.what();
    }
    if (!broken_.empty())
      for (const auto& [run, endpoint] : endpoints) endpoint->give_up(broken_);
    drop_done(std::move(endpoints));
    pause(last_traffic);
  }
  flush();
}

/// Whether anything was sent or received.
bool Exchange::exchange_once(const Endpoints& endpoints) {
  bool has_traffic = false;
  for (const auto& [run, endpoint] : endpoints)
    has_traffic = deliver_early(run, *endpoint) || has_traffic;
  for (int i = 0; i < batch; ++i) {
    std::optional<Envelope> envelope = transport_->receive();
    if (!envelope) break;
    has_traffic = true;
    deliver(std::move(*envelope), endpoints);
  }
  for (const auto& [run, endpoint] : endpoints) {
    for (Envelope& envelope : endpoint->poll()) {
      has_traffic = true;
      envelope.message.run = run;
      transport_->send(envelope.peer, std::move(envelope.message));
    }
  }
  transport_->is_flushed();
  return has_traffic;
}

void Exchange::deliver(Envelope envelope, const Endpoints& endpoints) {
  const int run = envelope.message.run;
  const int newest = endpoints.empty() ? -1 : endpoints.rbegin()->first;
  if (const auto found = endpoints.find(run); found != endpoints.end())
    found->second->on_message(envelope);
  else if (run > newest)
    early_[run].push_back(std::move(envelope));
}

bool Exchange::deliver_early(int run, Endpoint& endpoint) {
  const auto found = early_.find(run);
  if (found == early_.end()) return false;
  for (const Envelope& envelope : found->second) endpoint.on_message(envelope);
  early_.erase(found);
  return true;
}

/// Asks without the lock: an endpoint may wake us while it holds its own.
void Exchange::drop_done(Endpoints endpoints) {
  std::erase_if(endpoints, [](const auto& entry) { return !entry.second->is_done(); });
  const std::scoped_lock lock(mutex_);
  for (const auto& [run, endpoint] : endpoints) endpoints_.erase(run);
}

void Exchange::pause(Clock::time_point last_traffic) {
  const auto quiet = Clock::now() - last_traffic;
  if (quiet < busy_time) return std::this_thread::yield();
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, quiet < eager_time ? eager_pause : idle_pause,
                    [this] { return was_woken_; });
}

void Exchange::flush() {
  const auto deadline = Clock::now() + flush_time;
  try {
    while (broken_.empty() && !transport_->is_flushed() && Clock::now() < deadline)
      std::this_thread::sleep_for(eager_pause);
  } catch (const Error&) {
    // every run has ended: nobody waits for what is left
  }
}

}  // namespace foldstream::mpi
