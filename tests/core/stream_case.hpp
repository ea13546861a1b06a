// What tests of streams share: chunks of numbers, tasks that give and read them, and a store of
// streams that can be held up, damaged and filled.
#pragma once

#include "core/contract_case.hpp"

#include <foldstream/stream_hub.hpp>

#include <atomic>
#include <mutex>
#include <numeric>
#include <thread>

namespace foldstream::test {

inline const StreamType numbers_type{DType::f64, {}, "1", {"number"}};

/// `count` numbers from `first` on.
inline Tensor chunk_of(double first, std::int64_t count = 4) {
  std::vector<double> numbers(static_cast<std::size_t>(count));
  std::iota(numbers.begin(), numbers.end(), first);
  return Tensor::of(numbers);
}

inline double first_of(const Tensor& chunk) { return chunk.values<double>()[0]; }

/// The first numbers of the chunks up to the end of the stream.
inline std::vector<double> read_all(StreamReader& reader) {
  std::vector<double> firsts;
  while (const auto chunk = reader.next()) firsts.push_back(first_of(*chunk));
  return firsts;
}

/// In memory. Chunks are stored when they are appended, or, once `hold` was called, by `commit`.
class TestStreams final : public StreamStore {
 public:
  std::optional<StoredStream> find(const Key& id) override {
    const std::scoped_lock lock(mutex_);
    const auto found = kept_.find(id);
    if (found == kept_.end()) return std::nullopt;
    const Kept& kept = found->second;
    return StoredStream{kept.type, kept.label, std::ssize(kept.chunks), kept.is_complete};
  }
  std::int64_t open(const Key& id, const StreamType& type, const StreamLabel& label) override {
    const std::scoped_lock lock(mutex_);
    Kept& kept = kept_.try_emplace(id, Kept{type, label}).first->second;
    kept.is_broken = false;
    return std::ssize(kept.chunks);
  }
  void append(const Key& id, Tensor chunk,
              std::function<void(std::exception_ptr)> stored) override {
    {
      const std::scoped_lock lock(mutex_);
      queue_.push_back({id, std::move(chunk), std::move(stored)});
      if (is_held_) return;
    }
    commit();
  }
  void finish(const Key& id) override {
    commit();
    const std::scoped_lock lock(mutex_);
    kept_.at(id).is_complete = true;
  }
  Tensor read(const Key& id, std::int64_t chunk) override {
    const std::scoped_lock lock(mutex_);
    Kept& kept = kept_.at(id);
    if (chunk == kept.damaged) {
      kept.chunks.resize(static_cast<std::size_t>(chunk));
      kept.damaged = -1;
      kept.is_complete = false;
      kept.is_broken = true;
      throw Error(ErrorKind::Io, "chunk " + std::to_string(chunk) + " is damaged.");
    }
    if (chunk >= std::ssize(kept.chunks)) throw Error(ErrorKind::NotFound, "no such chunk.");
    ++reads;
    return kept.chunks[static_cast<std::size_t>(chunk)];
  }
  std::uint64_t checksum(const Key& id, std::int64_t chunk) override {
    const std::scoped_lock lock(mutex_);
    const Kept& kept = kept_.at(id);
    if (chunk >= std::ssize(kept.chunks)) throw Error(ErrorKind::NotFound, "no such chunk.");
    return checksum_of(kept.chunks[static_cast<std::size_t>(chunk)]);
  }

  void hold() {
    const std::scoped_lock lock(mutex_);
    is_held_ = true;
  }
  /// Stores what is queued, or fails it if the disk is full.
  void commit() {
    const std::scoped_lock one_at_a_time(commit_mutex_);  // in the order of the chunks
    std::vector<Queued> queue;
    {
      const std::scoped_lock lock(mutex_);
      queue = std::exchange(queue_, {});
    }
    for (Queued& one : queue) one.stored(take(one));
  }
  std::size_t queued() {
    const std::scoped_lock lock(mutex_);
    return queue_.size();
  }
  void damage(const Key& id, std::int64_t chunk) {
    const std::scoped_lock lock(mutex_);
    kept_.at(id).damaged = chunk;
  }
  void fill(bool is_full) {
    const std::scoped_lock lock(mutex_);
    is_full_ = is_full;
  }

  std::atomic<int> appended = 0;  ///< chunks that were stored
  std::atomic<int> reads = 0;

 private:
  struct Kept {
    StreamType type;
    StreamLabel label;
    std::vector<Tensor> chunks = {};
    bool is_complete = false;
    bool is_broken = false;
    std::int64_t damaged = -1;
  };
  struct Queued {
    Key id;
    Tensor chunk;
    std::function<void(std::exception_ptr)> stored;
  };

  std::exception_ptr take(const Queued& one) {
    const std::scoped_lock lock(mutex_);
    Kept& kept = kept_.at(one.id);
    kept.is_broken = kept.is_broken || is_full_;
    if (kept.is_broken)
      return std::make_exception_ptr(
          Error(ErrorKind::Io, is_full_ ? "no space left on the disk." : "a chunk is damaged."));
    kept.chunks.push_back(one.chunk);
    ++appended;
    return nullptr;
  }

  std::mutex commit_mutex_;
  std::mutex mutex_;
  std::unordered_map<Key, Kept, KeyHash> kept_;
  std::vector<Queued> queue_;
  bool is_held_ = false;
  bool is_full_ = false;
};

/// A store in memory with such streams.
class StreamingStore final : public Store {
 public:
  bool contains(const Key& key) const override { return tasks_.contains(key); }
  std::optional<StoredTask> load(const Key& key) override { return tasks_.load(key); }
  void save(const Key& key, const StoredTask& task) override { tasks_.save(key, task); }
  TestStreams* streams() override { return &streams_; }

 private:
  MemoryStore tasks_;
  TestStreams streams_;
};

/// "count" has a number "x" and a stream "numbers"; `give` appends to it.
inline Task stream_task(std::function<void(StreamWriter&, double x, const Context&)> give) {
  Task task;
  task.name = "count";
  task.inputs = {{"x", PortType::of<Number>(), ""}};
  task.outputs = {{"numbers", PortType::of<Stream>(), ""}};
  task.identity = "count 1";
  task.retry.backoff_seconds = 0;
  task.body = [give](const Values& inputs, const Context& context) -> Values {
    const auto writer = context.open_stream("numbers", numbers_type);
    give(*writer, number(inputs, "x"), context);
    return {};
  };
  return task;
}

/// The chunks 0, 1, … up to x.
inline void count_to(StreamWriter& writer, double x, const Context&) {
  for (int i = 0; i < x; ++i) writer.append(chunk_of(i));
}

/// Journals "<name> <sum>" of the first numbers of the chunks, checking their order.
inline Task sum_task(const Journal& journal, const std::string& name = "sum",
                     std::function<void()> on_chunk = [] {}) {
  Task task = number_task(journal, name, {}, nullptr);
  task.inputs = {{"numbers", PortType::of<Stream>(), ""}};
  task.body = [journal, name, on_chunk](const Values& inputs, const Context& context) -> Values {
    const auto reader = context.read_stream(inputs.at("numbers").as<Stream>());
    double sum = 0;
    for (double i = 0; const auto chunk = reader->next(); ++i) {
      EXPECT_EQ(first_of(*chunk), i);
      sum += first_of(*chunk);
      on_chunk();
    }
    journal.write(name + " " + std::to_string(std::lround(sum)));
    return {{"y", Value::of(Number{sum})}};
  };
  return task;
}

inline Graph stream_graph(Task producer, std::vector<Task> consumers) {
  Graph graph;
  const TaskRef from = graph.add(std::move(producer));
  for (Task& consumer : consumers)
    graph.connect(from.output("numbers"), graph.add(std::move(consumer)).input("numbers"));
  return graph;
}

}  // namespace foldstream::test
