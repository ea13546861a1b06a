#include "ledger.hpp"

#include <foldstream/error.hpp>

#include <algorithm>
#include <tuple>

namespace foldstream {
namespace {

constexpr std::uint64_t arrivals_per_epoch = 4096;

bool fits(std::uint64_t wanted, std::uint64_t used, std::uint64_t limit) {
  return limit == 0 || wanted <= limit - std::min(used, limit);
}

Capacity at_least_one_thread(Capacity capacity) {
  for (int* threads : {&capacity.threads, &capacity.model_threads, &capacity.io_threads})
    *threads = std::max(1, *threads);
  return capacity;
}

bool is_kind(const Device& device, const std::string& kind) {
  return kind == "any" || device.kind == kind;
}

}  // namespace

std::string size_text(std::uint64_t bytes) {
  const bool is_large = bytes >= 1'000'000'000;
  const double unit = is_large ? 1e9 : 1e6;
  const auto tenths = static_cast<std::uint64_t>(static_cast<double>(bytes) / unit * 10 + 0.5);
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) +
         (is_large ? " GB" : " MB");
}

bool Ledger::Waiting::operator<(const Waiting& other) const {
  const std::uint64_t epoch = number / arrivals_per_epoch;
  const std::uint64_t other_epoch = other.number / arrivals_per_epoch;
  return std::tie(epoch, priority, number) < std::tie(other_epoch, other.priority, other.number);
}

Ledger::Ledger(Capacity capacity)
    : capacity_(at_least_one_thread(std::move(capacity))),
      free_threads_{capacity_.threads, capacity_.model_threads, capacity_.io_threads},
      device_use_(capacity_.devices.size()),
      free_tokens_(capacity_.tokens) {}

void Ledger::check_possible(const std::string& task, const Request& request) const {
  const auto refuse = [&](const std::string& needed, const std::string& there,
                          const std::string& cure) {
    throw Error(ErrorKind::Resources,
                "task '" + task + "' needs " + needed + "; this run may use " + there + ". " + cure);
  };
  const std::uint64_t held = held_bytes_.load(std::memory_order_relaxed);
  if (!fits(request.bytes, held, capacity_.memory_bytes))
    refuse(size_text(request.bytes) +
               (held > 0 ? " besides " + size_text(held) + " that tasks keep" : ""),
           size_text(capacity_.memory_bytes),
           "Raise the memory limit, or use a larger machine.");
  if (!fits(request.scratch_bytes, 0, capacity_.scratch_bytes))
    refuse(size_text(request.scratch_bytes) + " of scratch space",
           size_text(capacity_.scratch_bytes), "Raise the limit, or use a larger disk.");
  if (request.needs == nullptr) return;
  for (const auto& [name, count] : request.needs->tokens) {
    const auto found = capacity_.tokens.find(name);
    const int there = found == capacity_.tokens.end() ? 0 : found->second;
    if (count > there)
      refuse(std::to_string(count) + " of '" + name + "'", std::to_string(there),
             "Give the executor more of these tokens.");
  }
  const std::string& kind = request.needs->device;
  if (kind.empty()) return;
  std::uint64_t largest = 0;
  bool is_there = false;
  for (const Device& device : capacity_.devices) {
    if (!is_kind(device, kind)) continue;
    is_there = true;
    largest = std::max(largest, device.bytes);
  }
  if (!is_there)
    refuse("a device of kind '" + kind + "'", "none", "Give the executor one, or use the processor.");
  if (request.device_bytes > largest)
    refuse(size_text(request.device_bytes) + " on one device", size_text(largest),
           "Use a larger device, or smaller chunks.");
}

void Ledger::enqueue(const Work& work, const Priority& priority, const Request& request) {
  Waiting waiting{arrivals_++, priority, work, request};
  if (spare_.empty()) {
    waiting_[position(request.arena)].insert(waiting);
  } else {
    spare_.back().value() = waiting;
    waiting_[position(request.arena)].insert(std::move(spare_.back()));
    spare_.pop_back();
  }
  waiting_seconds_[position(request.arena)] -= static_cast<double>(priority.level);
  is_waiting_[position(request.arena)].store(true, std::memory_order_relaxed);
}

std::optional<Ledger::Granted> Ledger::next(Arena arena) {
  Queue& waiting = waiting_[position(arena)];
  if (free_threads_[position(arena)] == 0) return std::nullopt;
  for (auto candidate = waiting.begin(); candidate != waiting.end(); ++candidate) {
    if (shortage(candidate->request).empty() && !is_reserved(candidate->request)) {
      for (auto passed = waiting.begin(); passed != candidate; ++passed) ++passed->passed;
      for (const Queue& other : waiting_)
        if (&other != &waiting && !other.empty()) ++other.begin()->passed;
      const Granted granted{candidate->work, take(*candidate), candidate->passed >= patience};
      double& seconds = waiting_seconds_[position(arena)];
      seconds = waiting.size() == 1 ? 0 : seconds + static_cast<double>(candidate->priority.level);
      spare_.push_back(waiting.extract(candidate));
      is_waiting_[position(arena)].store(!waiting.empty(), std::memory_order_relaxed);
      follows_left_[position(arena)].store(patience, std::memory_order_relaxed);
      return granted;
    }
    if (candidate->passed >= patience) return std::nullopt;
  }
  return std::nullopt;
}

/// Of the free threads, what a request may have if those that wait are to have some too.
int Ledger::share(const Waiting& waiting) const {
  const std::size_t arena = position(waiting.request.arena);
  const int free = free_threads_[arena];
  const double seconds = static_cast<double>(-waiting.priority.level);
  const double part = seconds > 0 && waiting_seconds_[arena] > 0
                          ? seconds / std::max(seconds, waiting_seconds_[arena])
                          : 1.0 / static_cast<double>(waiting_[arena].size());
  const int most = std::max(1, std::min(waiting.request.max_threads, free));
  return std::clamp(static_cast<int>(part * free), 1, most);
}

Grant Ledger::take(const Waiting& waiting) {
  const Request& request = waiting.request;
  int& free = free_threads_[position(request.arena)];
  Grant grant{share(waiting), -1, request};
  free -= grant.threads;
  used_bytes_ += request.bytes;
  used_scratch_ += request.scratch_bytes;
  if (request.needs == nullptr) return grant;
  for (const auto& [name, count] : request.needs->tokens) free_tokens_[name] -= count;
  grant.device = find_device(request);
  if (grant.device >= 0) {
    DeviceUse& use = device_use_[static_cast<std::size_t>(grant.device)];
    use.bytes += request.device_bytes;
    ++use.tasks;
  }
  return grant;
}

void Ledger::release(const Grant& grant) {
  free_threads_[position(grant.request.arena)] += grant.threads;
  used_bytes_ -= grant.request.bytes;
  used_scratch_ -= grant.request.scratch_bytes;
  if (grant.request.needs == nullptr) return;
  for (const auto& [name, count] : grant.request.needs->tokens) free_tokens_[name] += count;
  if (grant.device < 0) return;
  DeviceUse& use = device_use_[static_cast<std::size_t>(grant.device)];
  use.bytes -= grant.request.device_bytes;
  --use.tasks;
}

void Ledger::hold(std::uint64_t bytes) {
  used_bytes_ += bytes;
  held_bytes_ += bytes;
}

void Ledger::drop(std::uint64_t bytes) {
  used_bytes_ -= bytes;
  held_bytes_ -= bytes;
}

/// The least busy device of the kind with enough memory; one whose memory need is not known is
/// granted whole. -1: none is wanted, or free.
int Ledger::find_device(const Request& request) const {
  int best = -1;
  for (std::size_t i = 0; i < capacity_.devices.size(); ++i) {
    const Device& device = capacity_.devices[i];
    const DeviceUse& use = device_use_[i];
    if (!is_kind(device, request.needs->device)) continue;
    if (request.device_bytes == 0 ? use.tasks > 0 : use.bytes + request.device_bytes > device.bytes)
      continue;
    if (use.tasks > 0 && use.bytes == 0) continue;  // held whole
    if (best < 0 || use.bytes < device_use_[static_cast<std::size_t>(best)].bytes)
      best = static_cast<int>(i);
  }
  return best;
}

/// What it needs besides threads is kept for a request of another arena that was passed too often:
/// the oldest of these, so that no two wait for each other.
bool Ledger::is_reserved(const Request& request) const {
  if (request.bytes == 0 && request.scratch_bytes == 0 && request.needs == nullptr) return false;
  const Waiting* oldest = nullptr;
  for (const Queue& queue : waiting_) {
    if (queue.empty() || queue.begin()->passed < patience) continue;
    if (shortage(queue.begin()->request) == "threads") continue;
    if (oldest == nullptr || queue.begin()->number < oldest->number) oldest = &*queue.begin();
  }
  return oldest != nullptr && oldest->request.arena != request.arena;
}

std::string Ledger::shortage(const Request& request) const {
  if (free_threads_[position(request.arena)] == 0) return "threads";
  if (!fits(request.bytes, used_bytes_, capacity_.memory_bytes)) return "memory";
  if (!fits(request.scratch_bytes, used_scratch_, capacity_.scratch_bytes)) return "scratch space";
  if (request.needs == nullptr) return "";
  for (const auto& [name, count] : request.needs->tokens)
    if (free_tokens_.at(name) < count) return name;
  return request.needs->device.empty() || find_device(request) >= 0 ? "" : "a device";
}

bool Ledger::follow(Arena arena) noexcept {
  if (!is_waiting_[position(arena)].load(std::memory_order_relaxed)) return true;
  return follows_left_[position(arena)].fetch_sub(1, std::memory_order_relaxed) > 0;
}

}  // namespace foldstream
