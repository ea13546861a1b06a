#include "wiring.hpp"

#include <foldstream/control.hpp>
#include <foldstream/stream.hpp>

#include <algorithm>

namespace foldstream {
namespace {

std::size_t at(int index) { return static_cast<std::size_t>(index); }

int position(const std::vector<Port>& ports, const std::string& name) {
  return static_cast<int>(std::ranges::find(ports, name, &Port::name) - ports.begin());
}

bool is_storable(const Task& task) {
  return !task.identity.empty() && std::ranges::all_of(task.outputs, [](const Port& port) {
    return port.type.is_encodable();
  });
}

bool is_stream(const Port& port) { return port.type == PortType::of<Stream>(); }

bool is_plain(const Task& task) {
  return task.max_threads <= 1 && !task.cost && task.needs.arena == Arena::work &&
         task.needs.device.empty() && task.needs.tokens.empty() && !task.batching.body &&
         task.priority == 0;
}

}  // namespace

Wiring::Wiring(const Graph& graph) : graph_(graph), order_(graph_.order()) {
  tasks_.resize(graph_.task_count() + 1);
  for (std::size_t i = 0; i < graph_.task_count(); ++i) {
    const Task& task = *graph_.tasks()[i];
    const int index = static_cast<int>(i);
    WiredTask& wired = tasks_[i];
    wired.task = &task;
    wired.is_storable = is_storable(task);
    wired.is_plain = is_plain(task);
    wired.is_batched = static_cast<bool>(task.batching.body);
    wired.has_streams = !task.expansion && std::ranges::any_of(task.outputs, is_stream);
    has_streams_ = has_streams_ || wired.has_streams;
    has_costs_ = has_costs_ || task.cost;
    has_measures_ = has_measures_ || task.measure;
    if (const auto& guard = graph_.guard(index)) {
      wired.guard = guard->from_task;
      wired.guard_output = position(graph_.tasks()[at(guard->from_task)]->outputs, guard->port);
      wired.wanted = guard->wanted;
      ++wired.missing;
    }
    has_batches_ = has_batches_ || wired.is_batched;
    if (!task.expansion) continue;
    const auto inner = inner_.emplace(index, std::make_unique<const Wiring>(task.expansion->graph));
    has_batches_ = has_batches_ || inner.first->second->has_batches();
    has_streams_ = has_streams_ || inner.first->second->has_streams();
  }
  for (std::size_t i = 0; i < graph_.task_count(); ++i) wire_inputs(static_cast<int>(i));
  tasks_.back().first_input = static_cast<std::uint32_t>(inputs_.size());
  wire_successors();
  wire_streams();
}

void Wiring::wire_inputs(int task) {
  WiredTask& wired = tasks_[at(task)];
  wired.first_input = static_cast<std::uint32_t>(inputs_.size());
  for (const Port& port : wired.task->inputs) {
    const int slot = static_cast<int>(slots_.size());
    inputs_.push_back({static_cast<int>(inputs_.size() - wired.first_input), -1, slot,
                       port.is_optional});
    const auto fed = std::ranges::find_if(graph_.incoming(task), [&](int edge) {
      return graph_.edges()[at(edge)].to_port == port.name;
    });
    if (fed == graph_.incoming(task).end()) {
      slots_.emplace(wired.task->name + "." + port.name, slot);
      continue;
    }
    const Edge& edge = graph_.edges()[at(*fed)];
    inputs_.back().producer = edge.from_task;
    inputs_.back().output =
        position(graph_.tasks()[at(edge.from_task)]->outputs, edge.from_port);
    ++wired.missing;
  }
}

void Wiring::wire_successors() {
  std::vector<std::uint32_t> counts(tasks_.size() + 1, 0);
  const auto each_link = [&](auto&& link) {
    for (std::size_t i = 0; i + 1 < tasks_.size(); ++i) {
      const int task = static_cast<int>(i);
      for (const InputSource& input : inputs(task))
        if (input.producer >= 0) link(input.producer, task);
      if (tasks_[i].guard >= 0) link(tasks_[i].guard, task);
    }
  };
  each_link([&](int from, int) { ++counts[at(from) + 1]; });
  for (std::size_t i = 1; i < counts.size(); ++i) counts[i] += counts[i - 1];
  for (std::size_t i = 0; i < tasks_.size(); ++i) tasks_[i].first_successor = counts[i];
  successors_.resize(counts.back());
  each_link([&](int from, int to) { successors_[counts[at(from)]++] = to; });
}

void Wiring::wire_streams() {
  for (std::size_t i = 0; i < size(); ++i)
    if (tasks_[i].has_streams) stream_links_[static_cast<int>(i)];
  if (stream_links_.empty()) return;
  for (std::size_t i = 0; i < size(); ++i) {
    const int task = static_cast<int>(i);
    for (const InputSource& input : inputs(task)) {
      if (input.producer < 0 || !tasks_[at(input.producer)].has_streams) continue;
      StreamLinks& links = stream_links_.at(input.producer);
      if (is_stream(tasks_[at(input.producer)].task->outputs[at(input.output)])) {
        links.early.push_back({input.output, task});
        tasks_[i].reads_streams = true;
      } else {
        links.others.push_back(task);
      }
    }
    if (const int guard = tasks_[i].guard; guard >= 0 && tasks_[at(guard)].has_streams)
      stream_links_.at(guard).others.push_back(task);
  }
}

std::span<const InputSource> Wiring::inputs(int task) const {
  const std::uint32_t first = tasks_[at(task)].first_input;
  return {inputs_.data() + first, tasks_[at(task) + 1].first_input - first};
}

std::span<const std::int32_t> Wiring::successors(int task) const {
  const std::uint32_t first = tasks_[at(task)].first_successor;
  return {successors_.data() + first, tasks_[at(task) + 1].first_successor - first};
}

int Wiring::slot(const InputRef& input) const {
  const auto found = slots_.find(input.task + "." + input.port);
  return found == slots_.end() ? -1 : found->second;
}

}  // namespace foldstream
