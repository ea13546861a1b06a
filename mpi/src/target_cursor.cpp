#include "target_cursor.hpp"

#include <algorithm>
#include <limits>

namespace foldstream::mpi {

/// The source is never called again after it has ended or thrown.
void TargetCursor::advance(int index) {
  while (!is_at_end_ && next_ <= index) {
    is_at_end_ = true;
    std::optional<Target> target = source_();
    if (!target) return;
    is_at_end_ = false;
    target->index = next_;
    kept_.emplace(next_++, std::move(*target));
  }
}

std::optional<Target> TargetCursor::at(int index, int floor) {
  const std::scoped_lock lock(mutex_);
  advance(index);
  if (!keeps_all_) kept_.erase(kept_.begin(), kept_.lower_bound(std::min(floor, index)));
  const auto found = kept_.find(index);
  if (found == kept_.end()) return std::nullopt;
  if (keeps_all_ || gives_again_) return found->second;
  return std::move(kept_.extract(found).mapped());
}

void TargetCursor::read_through() {
  const std::scoped_lock lock(mutex_);
  if (keeps_all_) advance(std::numeric_limits<int>::max());
}

std::optional<Target> TargetCursor::kept(int index) const {
  const std::scoped_lock lock(mutex_);
  const auto found = kept_.find(index);
  if (found == kept_.end()) return std::nullopt;
  return found->second;
}

int TargetCursor::count() const {
  const std::scoped_lock lock(mutex_);
  return next_;
}

}  // namespace foldstream::mpi
