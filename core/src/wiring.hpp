// Wiring: a graph made ready to run: who feeds whom, by index, in flat arrays.
#pragma once

#include <foldstream/graph.hpp>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace foldstream {

/// Where an input of a task comes from.
struct InputSource {
  int port = 0;        ///< of the task
  int producer = -1;   ///< task; -1: a value that the target binds
  int output = 0;      ///< of the producer; without one: the slot among the target's values
  bool is_optional = false;
};

/// A task of a Wiring.
struct WiredTask {
  const Task* task = nullptr;
  std::uint32_t first_input = 0;
  std::uint32_t first_successor = 0;
  std::int32_t missing = 0;  ///< how many ends of other tasks it waits for
  int guard = -1;            ///< task whose output decides whether it runs; -1: none
  int guard_output = 0;
  bool wanted = true;
  bool is_storable = false;  ///< has an identity, and all its outputs can be stored
  bool is_plain = false;     ///< needs one thread of Arena::work and nothing else
  bool is_batched = false;
  bool has_streams = false;    ///< some of its outputs are; its followers: see `StreamLinks`
  bool reads_streams = false;  ///< of such tasks: it may begin before they end
};

/// Who follows a task that has streams.
struct StreamLinks {
  std::vector<std::int32_t> others;  ///< successors that wait for its end, once for each link
  struct Early {
    int output;
    std::int32_t successor;
  };
  std::vector<Early> early;  ///< those that wait for the beginning of a stream
};

/// Immutable, hence thread-safe. Graphs of expansions are wired with it.
class Wiring {
 public:
  explicit Wiring(const Graph& graph);

  const Graph& graph() const noexcept { return graph_; }
  std::size_t size() const noexcept { return tasks_.size() - 1; }
  const WiredTask& operator[](int task) const { return tasks_[static_cast<std::size_t>(task)]; }
  std::span<const InputSource> inputs(int task) const;
  /// Once for each edge or condition between the two.
  std::span<const std::int32_t> successors(int task) const;
  /// Of a task that has streams; the two together are its successors.
  const StreamLinks& stream_links(int task) const { return stream_links_.at(task); }
  const std::vector<int>& order() const noexcept { return order_; }

  std::size_t slot_count() const noexcept { return slots_.size(); }
  /// Of an input that no edge feeds; -1 if an edge does.
  int slot(const InputRef& input) const;

  bool has_costs() const noexcept { return has_costs_; }
  /// Whether some tasks, those of inner graphs too, are run in batches.
  bool has_batches() const noexcept { return has_batches_; }
  /// Whether some tasks, those of inner graphs too, have streams.
  bool has_streams() const noexcept { return has_streams_; }
  /// Whether tasks change the magnitudes of their target.
  bool has_measures() const noexcept { return has_measures_; }
  /// Of a task that expands.
  const Wiring& inner(int task) const { return *inner_.at(task); }

 private:
  void wire_inputs(int task);
  void wire_successors();
  void wire_streams();

  Graph graph_;
  std::vector<WiredTask> tasks_;  ///< and one more that ends the ranges
  std::vector<InputSource> inputs_;
  std::vector<std::int32_t> successors_;
  std::vector<int> order_;
  std::unordered_map<std::string, int> slots_;  ///< by "task.port"
  std::unordered_map<int, std::unique_ptr<const Wiring>> inner_;
  bool has_costs_ = false;
  bool has_measures_ = false;
  bool has_batches_ = false;
  bool has_streams_ = false;
  std::unordered_map<int, StreamLinks> stream_links_;
};

}  // namespace foldstream
