#include "blocks_torch.hpp"

#include <ATen/Parallel.h>

#include <atomic>
#include <exception>
#include <mutex>

namespace foldstream::workflows::predict::esmfold {
namespace {

thread_local int threads_of_blocks = 1;

}  // namespace

BlockThreads::BlockThreads(int count)
    : blocks_before_(threads_of_blocks), torch_before_(at::get_num_threads()) {
  threads_of_blocks = std::max(1, count);
  at::set_num_threads(1);
}

BlockThreads::~BlockThreads() {
  threads_of_blocks = blocks_before_;
  at::set_num_threads(torch_before_);
}

void over_threads(std::int64_t count, const std::function<void(std::int64_t)>& body) {
  const int threads = static_cast<int>(std::min<std::int64_t>(threads_of_blocks, count));
  if (threads <= 1) {
    for (std::int64_t i = 0; i < count; ++i) body(i);
    return;
  }
  std::exception_ptr failure;
  std::atomic<bool> has_failed = false;
  std::mutex mutex;
#pragma omp parallel num_threads(threads)
  {
    const c10::InferenceMode inference;
    const BlockThreads one(1);  // of what the body asks for in turn
#pragma omp for schedule(dynamic, 1)
    for (std::int64_t i = 0; i < count; ++i) {
      if (has_failed) continue;
      try {
        body(i);
      } catch (...) {
        const std::scoped_lock lock(mutex);
        if (!has_failed.exchange(true)) failure = std::current_exception();
      }
    }
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace foldstream::workflows::predict::esmfold
