// The ledger under random requests: never more than there is, and nothing for ever in vain.
#include "ledger.hpp"
#include "test_support.hpp"

#include <algorithm>
#include <map>

namespace foldstream {
namespace {

constexpr std::array arenas = {Arena::work, Arena::model, Arena::io};

/// What is granted, counted without the ledger.
class Holdings {
 public:
  explicit Holdings(const Capacity& capacity)
      : capacity_(capacity),
        device_bytes_(capacity.devices.size()),
        whole_(device_bytes_.size()),
        tasks_(device_bytes_.size()) {}

  void add(const Grant& grant, int sign) {
    threads_[grant.request.arena] += sign * grant.threads;
    bytes_ += sign * static_cast<std::int64_t>(grant.request.bytes);
    scratch_ += sign * static_cast<std::int64_t>(grant.request.scratch_bytes);
    if (grant.request.needs == nullptr) return;
    for (const auto& [name, count] : grant.request.needs->tokens) tokens_[name] += sign * count;
    if (grant.device < 0) return;
    const auto device = static_cast<std::size_t>(grant.device);
    device_bytes_[device] += sign * static_cast<std::int64_t>(grant.request.device_bytes);
    tasks_[device] += sign;
    if (grant.request.device_bytes == 0) whole_[device] += sign;
  }

  bool is_within() const {
    const std::map<Arena, int> widths = {{Arena::work, capacity_.threads},
                                         {Arena::model, capacity_.model_threads},
                                         {Arena::io, capacity_.io_threads}};
    for (const auto& [arena, count] : threads_)
      if (count > widths.at(arena)) return false;
    for (const auto& [name, count] : tokens_)
      if (count > capacity_.tokens.at(name)) return false;
    const auto is_over = [](std::int64_t used, std::uint64_t limit) {
      return limit != 0 && used > static_cast<std::int64_t>(limit);
    };
    if (is_over(bytes_, capacity_.memory_bytes)) return false;
    return !is_over(scratch_, capacity_.scratch_bytes) && are_devices_within();
  }

 private:
  bool are_devices_within() const {
    for (std::size_t i = 0; i < tasks_.size(); ++i) {
      if (device_bytes_[i] > static_cast<std::int64_t>(capacity_.devices[i].bytes)) return false;
      if (whole_[i] > 0 && tasks_[i] > 1) return false;
    }
    return true;
  }

  const Capacity& capacity_;
  std::map<Arena, int> threads_;
  std::int64_t bytes_ = 0;
  std::int64_t scratch_ = 0;
  std::map<std::string, int> tokens_;
  std::vector<std::int64_t> device_bytes_;
  std::vector<int> whole_, tasks_;
};

/// A random number in [least, most].
int pick(std::mt19937& random, int least, int most) {
  return std::uniform_int_distribution<>(least, most)(random);
}

Capacity random_capacity(std::mt19937& random) {
  Capacity capacity;
  capacity.threads = pick(random, 1, 8);
  capacity.model_threads = pick(random, 1, 3);
  capacity.io_threads = pick(random, 1, 3);
  capacity.memory_bytes = static_cast<std::uint64_t>(pick(random, 0, 1) * pick(random, 1, 100));
  capacity.scratch_bytes = static_cast<std::uint64_t>(pick(random, 0, 1) * pick(random, 1, 100));
  capacity.devices = {{"cuda", "cuda:0", 40}, {"cuda", "cuda:1", 80}, {"npu", "npu:0", 20}};
  capacity.tokens = {{"licence", pick(random, 1, 3)}, {"seat", pick(random, 1, 5)}};
  return capacity;
}

Needs random_needs(std::mt19937& random) {
  Needs needs;
  needs.device = std::vector<std::string>{"", "cuda", "npu", "any"}.at(
      static_cast<std::size_t>(pick(random, 0, 3)));
  if (pick(random, 0, 2) == 0) needs.tokens["licence"] = pick(random, 1, 3);
  if (pick(random, 0, 2) == 0) needs.tokens["seat"] = pick(random, 1, 5);
  return needs;
}

Request random_request(std::mt19937& random, const Needs* needs) {
  Request request;
  request.arena = arenas.at(static_cast<std::size_t>(pick(random, 0, 2)));
  request.max_threads = pick(random, 1, 4);
  request.bytes = static_cast<std::uint64_t>(pick(random, 0, 1) * pick(random, 0, 100));
  request.scratch_bytes = static_cast<std::uint64_t>(pick(random, 0, 1) * pick(random, 0, 100));
  request.device_bytes = static_cast<std::uint64_t>(pick(random, 0, 1) * pick(random, 1, 80));
  if (pick(random, 0, 1) == 0) request.needs = needs;
  return request;
}

bool is_possible(const Ledger& ledger, const Request& request) {
  try {
    ledger.check_possible("t", request);
    return true;
  } catch (const Error&) {
    return false;
  }
}

/// A random sequence of requests, grants and releases.
struct Random {
  explicit Random(unsigned seed) : random(seed), capacity(random_capacity(random)) {
    for (int i = 0; i < 20; ++i) needs.push_back(random_needs(random));
  }

  void enqueue() {
    const auto which = static_cast<std::size_t>(pick(random, 0, 19));
    const Request request = random_request(random, &needs[which]);
    if (!is_possible(ledger, request)) return;
    Priority priority;
    priority.user = pick(random, -2, 2);
    ledger.enqueue({nullptr, nullptr, static_cast<int>(grants.size())}, priority, request);
    grants.push_back(0);
  }
  bool grant(Arena arena) {
    const auto granted = ledger.next(arena);
    if (!granted) return false;
    ++grants.at(static_cast<std::size_t>(granted->work.task));
    held.push_back(granted->grant);
    holdings.add(granted->grant, 1);
    return true;
  }
  bool release() {
    if (held.empty()) return false;
    std::swap(held.at(static_cast<std::size_t>(pick(random, 0, static_cast<int>(held.size()) - 1))),
              held.back());
    holdings.add(held.back(), -1);
    ledger.release(held.back());
    held.pop_back();
    return true;
  }
  /// One of the three.
  void go_on() {
    const int what = pick(random, 0, 2);
    if (what == 0) enqueue();
    if (what == 1) grant(arenas.at(static_cast<std::size_t>(pick(random, 0, 2))));
    if (what == 2) release();
  }
  /// Grants and releases until neither can be done.
  void finish() {
    bool is_moving = true;
    while (is_moving) {
      is_moving = false;
      for (const Arena arena : arenas) is_moving = grant(arena) || is_moving;
      if (!is_moving) is_moving = release();
    }
  }

  std::mt19937 random;
  Capacity capacity;
  std::vector<Needs> needs;
  Ledger ledger{capacity};
  Holdings holdings{capacity};
  std::vector<int> grants;  ///< of each request
  std::vector<Grant> held;
};

TEST(Ledger, NeverGrantsMoreThanThereIs) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    Random run(seed);

    for (int i = 0; i < 300; ++i) {
      run.go_on();

      ASSERT_TRUE(run.holdings.is_within()) << "seed " << seed << ", step " << i;
    }
  }
}

TEST(Ledger, GrantsEverythingOnce) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    Random run(seed);
    for (int i = 0; i < 300; ++i) run.go_on();

    run.finish();

    ASSERT_TRUE(std::ranges::all_of(run.grants, [](int count) { return count == 1; })) << seed;
    for (const Arena arena : arenas) EXPECT_FALSE(run.ledger.is_waiting(arena));
  }
}

}  // namespace
}  // namespace foldstream
