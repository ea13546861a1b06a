// FlowQueue: what is ready on one thread of a flow; other threads may take from it.
#pragma once

#include "brief_lock.hpp"

#include <foldstream/flow.hpp>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <iterator>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace foldstream {

inline constexpr std::uint32_t chunk = 64;  ///< of a range, taken at once

/// Spins at first, then lets others run.
inline void relax_longer(int& rounds) {
  if (++rounds < 64) return relax();
  std::this_thread::yield();
}

/// Held for a few instructions.
class SpinLock {
 public:
  void lock() {
    for (int rounds = 0; flag_.exchange(true, std::memory_order_acquire);) relax_longer(rounds);
  }
  void unlock() { flag_.store(false, std::memory_order_release); }

 private:
  std::atomic<bool> flag_ = false;
};

using Spawned = std::function<void(FlowThread&)>;

/// What is ready, or nearly: tasks that must still be told of one end each, by their places in
/// the array of successors; or a task.
struct Ready {
  enum class Kind : std::uint8_t { told, task };
  Kind kind;
  std::uint32_t begin;
  std::uint32_t end;
};

struct Span {
  std::int32_t task;
  std::uint64_t begin;
  std::uint64_t end;
};

/// What is ready on one thread: it takes from the back, others from the front.
struct alignas(128) Queue {
  SpinLock mutex;
  std::deque<Ready> items;
  std::deque<Spawned> bodies;
  std::atomic<bool> has_any = false;
  std::vector<Span> spans;

  void push(const Ready& ready) {
    const std::scoped_lock lock(mutex);
    items.push_back(ready);
    has_any.store(true, std::memory_order_relaxed);
  }
  void push(Spawned body) {
    const std::scoped_lock lock(mutex);
    bodies.push_back(std::move(body));
    has_any.store(true, std::memory_order_relaxed);
  }

  bool pop(Ready& ready) {
    if (!has_any.load(std::memory_order_relaxed)) return false;
    const std::scoped_lock lock(mutex);
    if (items.empty()) return false;
    Ready& last = items.back();
    ready = last;
    if (last.end - last.begin > chunk) {
      last.end -= chunk;
      ready.begin = last.end;
    } else {
      items.pop_back();
      note();
    }
    return true;
  }
  bool pop(Spawned& body) {
    if (!has_any.load(std::memory_order_relaxed)) return false;
    const std::scoped_lock lock(mutex);
    if (bodies.empty()) return false;
    body = std::move(bodies.back());
    bodies.pop_back();
    note();
    return true;
  }

  /// Moves about half of what is first here to a thread that has nothing.
  bool give(Queue& to) {
    if (!has_any.load(std::memory_order_relaxed)) return false;
    std::vector<Spawned> taken;
    std::optional<Ready> ready;
    {
      const std::scoped_lock lock(mutex);
      if (!bodies.empty()) {
        const std::size_t count = std::min<std::size_t>(chunk, (bodies.size() + 1) / 2);
        const auto end = bodies.begin() + static_cast<std::ptrdiff_t>(count);
        taken.assign(std::make_move_iterator(bodies.begin()), std::make_move_iterator(end));
        bodies.erase(bodies.begin(), end);
      } else if (!items.empty()) {
        Ready& first = items.front();
        ready = first;
        if (const std::uint32_t half = (first.end - first.begin) / 2; half > 0) {
          ready->end = first.begin + half;
          first.begin += half;
        } else {
          items.pop_front();
        }
      }
      note();
    }
    for (Spawned& body : taken) to.push(std::move(body));
    if (ready) to.push(*ready);
    return ready || !taken.empty();
  }

  void note() { has_any.store(!items.empty() || !bodies.empty(), std::memory_order_relaxed); }
};

}  // namespace foldstream
