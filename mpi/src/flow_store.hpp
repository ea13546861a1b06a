// FlowStore: the store of a run as one rank sees it, with what other ranks hold in memory.
#pragma once

#include <foldstream/store.hpp>

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>

namespace foldstream::mpi {

struct FlowOptions {
  std::set<std::string> travelling;  ///< tasks whose outputs other parts need
  std::set<std::string> streaming;   ///< tasks with streams among their outputs
  int rank = 0;
  std::uint64_t held_bytes = std::uint64_t{512} << 20U;  ///< most that are held of what is stored too
  double patience_seconds = 120;  ///< to wait for another rank's answer
};

/// Results go into the run's own store and, if other parts need them, stay in memory until all of
/// their target has ended. A result of another rank is asked from that rank; if it is lost, or has no
/// answer, it is looked for in the run's own store, on files that the ranks share; and if it is not
/// there either, it counts as absent, so that it is computed again. Thread-safe.
class FlowStore final : public Store {
 public:
  /// @param base  the run's own; may be null
  /// @param ask  sends a rank the question for a key; the answer is given to `arrive`
  FlowStore(std::shared_ptr<Store> base, FlowOptions options,
            std::function<void(int rank, const Key&)> ask);

  bool contains(const Key& key) const override;
  std::optional<StoredTask> load(const Key& key) override;
  void save(const Key& key, const StoredTask& task) override;
  void refresh() override;
  StreamStore* streams() override {
    return base_ && base_->is_writable() ? base_->streams() : nullptr;
  }

  /// The result of a task of a target will be, or is, on a rank.
  /// @param is_whole  it is a stream whose task has ended well, so that it is all there
  void locate(const Key& key, int rank, int target, bool is_whole = false);
  /// The rank of a whole stream turned out not to have it: from now on it counts as absent, unless this
  /// rank has it. False for any other key: then the task that makes it tells what is wrong.
  bool unlocate(const Key& key);
  /// The rank of a key that was located.
  std::optional<int> rank_of(const Key& key) const;
  /// What another rank asks for: held, or stored.
  std::optional<StoredTask> answer(const Key& key);
  void arrive(const Key& key, std::optional<StoredTask> task);
  void lose(int rank);
  /// Nobody will ask for results of the target any more.
  void release(int target);
  /// No answers will come any more.
  void close();

 private:
  struct Place {
    int rank = -1;
    std::set<int> targets;
    bool is_whole = false;  ///< of a stream
  };

  std::optional<StoredTask> held(const Key& key) const;
  std::optional<StoredTask> fetch(const Key& key);
  void hold(const Key& key, const StoredTask& task);

  const std::shared_ptr<Store> base_;
  const FlowOptions options_;
  const std::function<void(int, const Key&)> ask_;
  mutable std::mutex mutex_;  ///< guards what follows
  std::condition_variable changed_;
  std::unordered_map<Key, StoredTask, KeyHash> held_;
  std::uint64_t bytes_ = 0;  ///< of the tensors that are held
  std::unordered_map<Key, Place, KeyHash> places_;
  std::map<int, std::vector<Key>> by_target_;
  std::unordered_set<Key, KeyHash> asked_;
  std::set<int> lost_;
  bool is_closed_ = false;
};

}  // namespace foldstream::mpi
