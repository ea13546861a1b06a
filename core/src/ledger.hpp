// Ledger: who holds which resources of a machine, and who is next. It has neither threads nor a clock.
#pragma once

#include <foldstream/resources.hpp>
#include <foldstream/task.hpp>

#include <array>
#include <atomic>
#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace foldstream {

class Job;

/// A task of a target (or a part of other work) that its job knows how to run.
struct Work {
  Job* job = nullptr;
  void* item = nullptr;
  std::int32_t task = 0;
};

/// Order of those that wait: smaller goes first.
struct Priority {
  std::int32_t user = 0;   ///< minus Task::priority
  std::int32_t run = 0;    ///< earlier runs first
  float path = 0;          ///< minus the seconds of the target's longest chain
  std::int32_t target = 0;
  float level = 0;         ///< minus the seconds from here to the end of the target
  std::int32_t position = 0;

  friend auto operator<=>(const Priority&, const Priority&) = default;
};

/// What a task asks for, all or nothing.
struct Request {
  Arena arena = Arena::work;
  int max_threads = 1;  ///< one is enough
  std::uint64_t bytes = 0;
  std::uint64_t scratch_bytes = 0;
  std::uint64_t device_bytes = 0;
  const Needs* needs = nullptr;  ///< device and tokens; null: none
};

/// What a task was granted.
struct Grant {
  int threads = 1;
  int device = -1;  ///< index into Capacity::devices
  Request request;
};

/// Grants in order of priority, in arrival epochs of 4096 so that a stream of important requests
/// does not hold up others for ever. A request that does not fit is passed by later ones at most
/// `patience` times; after that what becomes free is kept for it. Those that can use several threads
/// share the free ones by how much work is behind each. Not thread-safe.
class Ledger {
 public:
  explicit Ledger(Capacity capacity);

  const Capacity& capacity() const noexcept { return capacity_; }

  /// Thread-safe. @throws Error{Resources} naming `task` if it can never be granted.
  void check_possible(const std::string& task, const Request& request) const;

  void enqueue(const Work& work, const Priority& priority, const Request& request);
  struct Granted {
    Work work;
    Grant grant;
    bool ends_reservation = false;  ///< others may fit now
  };
  /// The next request of this arena that fits; nothing if none does.
  std::optional<Granted> next(Arena arena);
  void release(const Grant& grant);

  /// Host memory that is in use whatever runs. May be more than there is: then nothing that needs
  /// memory is possible.
  void hold(std::uint64_t bytes);
  void drop(std::uint64_t bytes);

  /// Whether a thread of the arena that has ended its work may go on with what follows from it,
  /// past those that wait here: `patience` times between two grants. Thread-safe, unlike the rest.
  bool follow(Arena arena) noexcept;

  bool is_waiting(Arena arena) const noexcept { return !queue(arena).empty(); }
  /// What the request needs that is not free: "memory", "a device", "threads", a token's name;
  /// empty: it fits.
  std::string shortage(const Request& request) const;

  static constexpr int patience = 16;

 private:
  struct Waiting {
    std::uint64_t number;  ///< of arrival: no two are equal
    Priority priority;
    Work work;
    Request request;
    mutable std::int32_t passed = 0;

    bool operator<(const Waiting& other) const;
  };
  using Queue = std::set<Waiting>;

  static std::size_t position(Arena arena) { return static_cast<std::size_t>(arena); }
  const Queue& queue(Arena arena) const noexcept { return waiting_[position(arena)]; }
  int find_device(const Request& request) const;
  bool is_reserved(const Request& request) const;
  int share(const Waiting& waiting) const;
  Grant take(const Waiting& waiting);

  Capacity capacity_;
  std::array<int, arena_count> free_threads_{};
  std::uint64_t used_bytes_ = 0;  ///< those that are held included
  std::atomic<std::uint64_t> held_bytes_ = 0;
  std::uint64_t used_scratch_ = 0;
  struct DeviceUse {
    std::uint64_t bytes = 0;
    int tasks = 0;
  };
  std::vector<DeviceUse> device_use_;
  std::map<std::string, int> free_tokens_;
  std::array<Queue, arena_count> waiting_;
  std::array<double, arena_count> waiting_seconds_{};  ///< sum of their levels
  std::vector<Queue::node_type> spare_;  ///< of those that were granted, for those to come
  std::uint64_t arrivals_ = 0;
  std::array<std::atomic<bool>, arena_count> is_waiting_{};  ///< as of the queues
  std::array<std::atomic<int>, arena_count> follows_left_{};
};

/// "12.3 GB", "4.0 MB".
std::string size_text(std::uint64_t bytes);

}  // namespace foldstream
