// Streams for the tests of the run store: chunks that follow from their number, and a producer that
// keeps account of what is stored.
#pragma once

#include "test_support.hpp"

#include <foldstream/io/run_store.hpp>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace foldstream::test {

inline const StreamLabel models_label{"P1", "predict", "models"};
inline const StreamType models_type{DType::f32, {5, 3}, "angstrom", {"model", "atom", "xyz"}};

inline Key stream_of(std::uint64_t number) {
  return stream_id(key_of("task " + std::to_string(number)), "models");
}

/// Chunk `number` of the stream with that seed: `rows` rows.
inline Tensor chunk_of(const StreamType& type, std::int64_t number, std::int64_t rows = 2,
                       std::uint64_t seed = 0) {
  Shape shape = {rows};
  shape.insert(shape.end(), type.row.begin(), type.row.end());
  Tensor chunk(type.dtype, shape);
  std::uint64_t state = static_cast<std::uint64_t>(number) * 1000003 + seed + 1;
  for (std::byte& byte : chunk.mutable_raw()) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    byte = static_cast<std::byte>(state >> 56);
  }
  return chunk;
}

/// The stream holds `count` chunks, those that follow from their numbers.
inline void expect_chunks(StreamStore& store, const Key& id, std::int64_t count, std::int64_t rows = 2) {
  ASSERT_TRUE(store.find(id));
  ASSERT_EQ(store.find(id)->chunks, count);
  for (std::int64_t i = 0; i < count; ++i) {
    ASSERT_EQ(store.read(id, i), chunk_of(models_type, i, rows)) << i;
  }
}

/// Counts what the store says of chunks, and waits for it.
class Account {
 public:
  std::function<void(std::exception_ptr)> next() {
    const std::scoped_lock lock(mutex_);
    ++asked_;
    return [this](std::exception_ptr failure) {
      const std::scoped_lock told(mutex_);
      ++(failure ? failed_ : stored_);
      if (failure && !first_failure_) first_failure_ = failure;
      changed_.notify_all();
    };
  }

  /// Waits until the store has told of every chunk; throws the first failure.
  void check() {
    wait();
    if (first_failure_) std::rethrow_exception(first_failure_);
  }
  void wait() {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, std::chrono::seconds(60),
                           [&] { return stored_ + failed_ == asked_; })) {
      throw Error(ErrorKind::Internal, "the store did not tell of all chunks within 60 s");
    }
  }
  std::int64_t failed() {
    wait();
    return failed_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::int64_t asked_ = 0, stored_ = 0, failed_ = 0;
  std::exception_ptr first_failure_;
};

/// Opens the stream and appends the chunks up to number `end`, whatever is stored already; waits.
inline void produce(StreamStore& store, const Key& id, std::int64_t end, std::int64_t rows = 2) {
  Account account;
  for (std::int64_t i = store.open(id, models_type, models_label); i < end; ++i) {
    store.append(id, chunk_of(models_type, i, rows), account.next());
  }
  account.check();
}

inline void flip_byte(const std::filesystem::path& path, std::uint64_t at) {
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekg(static_cast<std::streamoff>(at));
  const auto byte = static_cast<char>(file.get() ^ 1);
  file.seekp(static_cast<std::streamoff>(at));
  file.put(byte);
}

/// Where the bytes of a tensor lie in a file.
inline std::uint64_t find_bytes(const std::filesystem::path& path, const Tensor& tensor) {
  const auto raw = tensor.raw();
  return read_text(path).find(
      std::string_view(reinterpret_cast<const char*>(raw.data()), raw.size()));
}

}  // namespace foldstream::test
