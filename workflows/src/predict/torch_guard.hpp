// Keeps LibTorch to the calling thread: only for the files that include Torch anyway.
#pragma once

#include <ATen/Parallel.h>

namespace foldstream::workflows::predict {

/// While it lives, LibTorch uses one thread for operations of this thread: the order of sums, and
/// so every bit of the result, is the same on every machine.
class OneTorchThread {
 public:
  OneTorchThread() : before_(at::get_num_threads()) { at::set_num_threads(1); }
  ~OneTorchThread() { at::set_num_threads(before_); }
  OneTorchThread(const OneTorchThread&) = delete;
  OneTorchThread& operator=(const OneTorchThread&) = delete;

 private:
  int before_;
};

}  // namespace foldstream::workflows::predict
