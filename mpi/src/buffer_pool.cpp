#include "buffer_pool.hpp"

#include <algorithm>
#include <new>

namespace foldstream::mpi {
namespace {

constexpr std::align_val_t alignment{64};
constexpr std::size_t small_bytes = std::size_t{64} << 10;  // malloc has warm pages for these
constexpr std::size_t most_idle_bytes = std::size_t{64} << 20;
constexpr std::size_t most_idle_blocks = 64;

}  // namespace

void BufferPool::Free::operator()(std::byte* bytes) const { ::operator delete[](bytes, alignment); }

BufferPool::Block BufferPool::allocate(std::size_t capacity) {
  auto* bytes =
      static_cast<std::byte*>(::operator new[](std::max<std::size_t>(capacity, 1), alignment));
  return {capacity, std::unique_ptr<std::byte[], Free>(bytes)};
}

/// An idle block that is large enough and not twice as large; else an empty one.
BufferPool::Block BufferPool::find(Idle& idle, std::size_t bytes) {
  const std::scoped_lock lock(idle.mutex);
  const auto found = std::ranges::find_if(idle.blocks, [&](const Block& block) {
    return block.capacity >= bytes && block.capacity / 2 < bytes;
  });
  if (found == idle.blocks.end()) return {};
  Block block = std::move(*found);
  idle.blocks.erase(found);
  idle.bytes -= block.capacity;
  return block;
}

void BufferPool::give_back(Idle& idle, Block block) {
  std::deque<Block> surplus;  // freed without the lock
  const std::scoped_lock lock(idle.mutex);
  idle.bytes += block.capacity;
  idle.blocks.push_front(std::move(block));
  while (idle.bytes > most_idle_bytes || idle.blocks.size() > most_idle_blocks) {
    idle.bytes -= idle.blocks.back().capacity;
    surplus.push_back(std::move(idle.blocks.back()));
    idle.blocks.pop_back();
  }
}

std::shared_ptr<std::byte[]> BufferPool::take(std::size_t bytes) {
  if (bytes < small_bytes) {
    Block block = allocate(bytes);
    return {block.bytes.release(), Free()};
  }
  Block block = find(*idle_, bytes);
  if (!block.bytes) block = allocate((bytes + small_bytes - 1) / small_bytes * small_bytes);
  const std::size_t capacity = block.capacity;
  return {block.bytes.release(), [idle = idle_, capacity](std::byte* raw) {
            give_back(*idle, {capacity, std::unique_ptr<std::byte[], Free>(raw)});
          }};
}

}  // namespace foldstream::mpi
