#include <foldstream/context.hpp>
#include <foldstream/error.hpp>

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace foldstream {

void Context::check_cancelled() const {
  if (stop.stop_requested()) throw Error(ErrorKind::Cancelled, "the run was cancelled.");
}

void parallel_for(const Context& context, int count, const std::function<void(int)>& body) {
  std::atomic<int> next = 0;
  std::exception_ptr failure;
  std::mutex failure_mutex;
  const auto work = [&] {
    try {
      for (int i = next++; i < count; i = next++) {
        context.check_cancelled();
        body(i);
      }
    } catch (...) {
      const std::scoped_lock lock(failure_mutex);
      if (!failure) failure = std::current_exception();
      next = count;
    }
  };
  std::vector<std::jthread> helpers;
  for (int i = 1; i < std::min(context.threads, count); ++i) helpers.emplace_back(work);
  work();
  helpers.clear();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace foldstream
