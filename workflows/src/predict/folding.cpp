#include "folding_group.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>

namespace foldstream::workflows::predict {
namespace {

using Group = std::vector<Trajectory>;

/// Takes the groups as they end, and tells of them in their order.
class Collection {
 public:
  explicit Collection(const FoldingOptions& options)
      : options_(options), groups_(static_cast<std::size_t>(options.groups)) {}

  void take(int index, Group group, bool told) {
    const std::lock_guard lock(mutex_);
    groups_[static_cast<std::size_t>(index)] = {std::move(group), told, true};
    while (next_ < groups_.size() && groups_[next_].ended) tell(next_++);
  }

  std::vector<Trajectory> all() {
    std::vector<Trajectory> all;
    for (Entry& entry : groups_) {
      std::move(entry.group.begin(), entry.group.end(), std::back_inserter(all));
    }
    return all;
  }

 private:
  struct Entry {
    Group group;
    bool told = false;
    bool ended = false;
  };

  void tell(std::size_t index) {
    if (groups_[index].told || !options_.on_trajectory) return;
    int number = static_cast<int>(index) * group_size;
    for (const Trajectory& trajectory : groups_[index].group) {
      options_.on_trajectory(trajectory, number++);
    }
  }

  const FoldingOptions& options_;
  std::mutex mutex_;
  std::vector<Entry> groups_;
  std::size_t next_ = 0;
};

/// Counts the steps of all groups.
class Progress {
 public:
  Progress(const FoldingOptions& options, const Context& context)
      : context_(context), groups_(options.groups), steps_(options.steps) {}

  void add(int steps) {
    const int before = done_.fetch_add(steps);
    const int done = before + steps;
    if (done / 100 == before / 100) return;
    context_.report(static_cast<double>(done) / (static_cast<double>(groups_) * steps_),
                    "folding " + std::to_string(done / groups_) + "/" + std::to_string(steps_));
  }

 private:
  const Context& context_;
  int groups_;
  int steps_;
  std::atomic<int> done_ = 0;
};

}  // namespace

std::vector<Trajectory> fold(const FoldingInput& input, const FoldingOptions& options,
                             const Context& context) {
  const FoldingEnergy energy(input, options);
  Collection collection(options);
  Progress progress(options, context);
  parallel_for(context, options.groups, [&](int index) {
    std::optional<Group> earlier = options.finished ? options.finished(index) : std::nullopt;
    if (earlier) {
      progress.add(options.steps);
      collection.take(index, std::move(*earlier), true);
      return;
    }
    FoldingGroup group(input, options, energy, index);
    for (int step = 0; step < options.steps; ++step) {
      context.check_cancelled();
      group.step(step);
      progress.add(1);
    }
    collection.take(index, group.finish(), false);
  });
  return collection.all();
}

}  // namespace foldstream::workflows::predict
