// WakeEvent: ends a poll from another thread.
#pragma once

#include <foldstream/error.hpp>

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

namespace foldstream::mpi {

/// Thread-safe, but for `clear`, which belongs to the thread that polls.
class WakeEvent {
 public:
  /// @throws Error{Io}.
  WakeEvent() : descriptor_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    if (descriptor_ < 0)
      throw Error(ErrorKind::Io, std::string("cannot make an event: ") + std::strerror(errno));
  }
  ~WakeEvent() { close(descriptor_); }
  WakeEvent(const WakeEvent&) = delete;
  WakeEvent& operator=(const WakeEvent&) = delete;

  int descriptor() const noexcept { return descriptor_; }
  void wake() {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t put = write(descriptor_, &one, sizeof one);
  }
  void clear() {
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t got = read(descriptor_, &count, sizeof count);
  }

 private:
  int descriptor_;
};

}  // namespace foldstream::mpi
