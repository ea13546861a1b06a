// lock_briefly: locks a mutex that others hold for a few instructions.
#pragma once

#include <mutex>
#include <thread>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace foldstream {

/// Tells the processor that this thread waits for another.
inline void relax() {
#if defined(__x86_64__)
  _mm_pause();
#else
  std::this_thread::yield();
#endif
}

/// Tries for about a microsecond before it lets the system put the thread to sleep: waking it would
/// take longer than what is done under the lock.
inline std::unique_lock<std::mutex> lock_briefly(std::mutex& mutex) {
  for (int i = 0; i < 50; ++i) {
    if (mutex.try_lock()) return {mutex, std::adopt_lock};
    relax();
  }
  return std::unique_lock(mutex);
}

}  // namespace foldstream
