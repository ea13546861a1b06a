// BufferPool: memory that tensors arrive in, used again: fresh pages cost as much as the copy.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>

namespace foldstream::mpi {

/// Thread-safe. Buffers may outlive it, and come back from any thread.
class BufferPool {
 public:
  /// At least `bytes` bytes of any content, aligned to 64; back in the pool when the last owner
  /// lets go of them.
  std::shared_ptr<std::byte[]> take(std::size_t bytes);

 private:
  struct Free {
    void operator()(std::byte* bytes) const;
  };
  struct Block {
    std::size_t capacity = 0;
    std::unique_ptr<std::byte[], Free> bytes;
  };
  /// The blocks that nobody uses, the last returned first: it is likely to be in a cache.
  struct Idle {
    std::mutex mutex;
    std::deque<Block> blocks;
    std::size_t bytes = 0;
  };

  static Block allocate(std::size_t capacity);
  static Block find(Idle& idle, std::size_t bytes);
  static void give_back(Idle& idle, Block block);

  std::shared_ptr<Idle> idle_ = std::make_shared<Idle>();
};

}  // namespace foldstream::mpi
