#include "flow_store.hpp"

#include <chrono>
#include <utility>

namespace foldstream::mpi {
namespace {

std::uint64_t bytes_of(const StoredTask& task) {
  std::uint64_t total = 0;
  for (const auto& [port, record] : task.outputs) total += bytes(record);
  return total;
}

}  // namespace

FlowStore::FlowStore(std::shared_ptr<Store> base, FlowOptions options,
                     std::function<void(int, const Key&)> ask)
    : base_(std::move(base)), options_(std::move(options)), ask_(std::move(ask)) {}

bool FlowStore::contains(const Key& key) const {
  {
    const std::scoped_lock lock(mutex_);
    if (held_.contains(key)) return true;
  }
  return base_ && base_->contains(key);
}

std::optional<StoredTask> FlowStore::held(const Key& key) const {
  const std::scoped_lock lock(mutex_);
  const auto found = held_.find(key);
  if (found == held_.end()) return std::nullopt;
  return found->second;
}

std::optional<StoredTask> FlowStore::load(const Key& key) {
  if (auto task = held(key)) return task;
  if (base_ && base_->contains(key))
    if (auto task = base_->load(key)) return task;
  if (auto task = fetch(key)) {
    if (base_ && options_.streaming.contains(task->task)) base_->refresh();  // may have all of them
    return task;
  }
  if (!base_) return std::nullopt;
  base_->refresh();
  return base_->load(key);
}

/// From the rank that has it; nothing if that does not answer.
std::optional<StoredTask> FlowStore::fetch(const Key& key) {
  const auto deadline = std::chrono::steady_clock::now() +
                        std::chrono::duration<double>(options_.patience_seconds);
  std::unique_lock lock(mutex_);
  const auto place = places_.find(key);
  if (place == places_.end() || place->second.rank == options_.rank) return std::nullopt;
  const int rank = place->second.rank;
  if (asked_.insert(key).second) {
    lock.unlock();
    ask_(rank, key);
    lock.lock();
  }
  changed_.wait_until(lock, deadline, [&] {
    return is_closed_ || lost_.contains(rank) || !asked_.contains(key);
  });
  asked_.erase(key);
  const auto found = held_.find(key);
  if (found == held_.end()) return std::nullopt;
  return found->second;
}

void FlowStore::save(const Key& key, const StoredTask& task) {
  if (base_ && base_->is_writable()) base_->save(key, task);
  if (!options_.travelling.contains(task.task)) return;
  const std::scoped_lock lock(mutex_);
  hold(key, task);
}

/// What can be read back is not held once there is much.
void FlowStore::hold(const Key& key, const StoredTask& task) {
  const std::uint64_t bytes = bytes_of(task);
  if (base_ && base_->is_writable() && bytes_ + bytes > options_.held_bytes) return;
  if (held_.emplace(key, task).second) bytes_ += bytes;
}

void FlowStore::refresh() {
  if (base_) base_->refresh();
}

void FlowStore::locate(const Key& key, int rank, int target, bool is_whole) {
  const std::scoped_lock lock(mutex_);
  Place& place = places_[key];
  place.rank = rank;
  place.is_whole = is_whole;
  if (place.targets.insert(target).second) by_target_[target].push_back(key);
}

bool FlowStore::unlocate(const Key& key) {
  const std::scoped_lock lock(mutex_);
  const auto found = places_.find(key);
  if (found == places_.end() || !found->second.is_whole) return false;
  found->second.rank = options_.rank;
  return true;
}

std::optional<int> FlowStore::rank_of(const Key& key) const {
  const std::scoped_lock lock(mutex_);
  const auto found = places_.find(key);
  if (found == places_.end()) return std::nullopt;
  return found->second.rank;
}

std::optional<StoredTask> FlowStore::answer(const Key& key) {
  if (auto task = held(key)) return task;
  return base_ ? base_->load(key) : std::nullopt;
}

void FlowStore::arrive(const Key& key, std::optional<StoredTask> task) {
  const std::scoped_lock lock(mutex_);
  if (asked_.erase(key) == 0) return;
  if (task && held_.emplace(key, *task).second) bytes_ += bytes_of(*task);
  changed_.notify_all();
}

void FlowStore::lose(int rank) {
  const std::scoped_lock lock(mutex_);
  lost_.insert(rank);
  changed_.notify_all();
}

void FlowStore::release(int target) {
  const std::scoped_lock lock(mutex_);
  const auto keys = by_target_.extract(target);
  if (!keys) return;
  for (const Key& key : keys.mapped()) {
    const auto place = places_.find(key);
    if (place == places_.end()) continue;
    place->second.targets.erase(target);
    if (!place->second.targets.empty()) continue;
    places_.erase(place);
    const auto found = held_.find(key);
    if (found == held_.end()) continue;
    bytes_ -= bytes_of(found->second);
    held_.erase(found);
  }
}

void FlowStore::close() {
  const std::scoped_lock lock(mutex_);
  is_closed_ = true;
  changed_.notify_all();
}

}  // namespace foldstream::mpi
