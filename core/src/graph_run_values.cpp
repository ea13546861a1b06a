// GraphRun, values: what goes into bodies, what comes out of them, the store, and what is kept.
#include "harvest.hpp"
#include "peak_memory.hpp"

#include <algorithm>

namespace foldstream {
namespace {

/// Memory that the system's figures show well, bytes.
constexpr std::uint64_t least_measured = 64U << 20U;

}  // namespace

/// Computes, and learns what memory that took.
void GraphRun::run_body(LiveTarget& live, int task, const Context& context, Teller& teller) {
  if (!options_.costs) return compute(live, task, context, teller);
  const Task& described = *(*live.wiring)[task].task;
  Cost estimate;
  cost_of(live, described, &estimate);
  const PeakMeter meter(estimate.bytes >= least_measured);
  compute(live, task, context, teller);
  if (const std::uint64_t bytes = meter.bytes(); bytes > 0)
    options_.costs->learn(described.name, {0, estimate.bytes}, {0, bytes});
}

void GraphRun::compute(LiveTarget& live, int task, const Context& context, Teller& teller) {
  thread_local std::vector<Values> spare;  // whose memory is used again; bodies may nest
  Values inputs;
  if (!spare.empty()) {
    inputs = std::move(spare.back());
    spare.pop_back();
  }
  gather_inputs(live, task, context, inputs);
  set_outputs(live, task, (*live.wiring)[task].task->body(inputs, context), teller);
  inputs.clear();
  spare.push_back(std::move(inputs));
  live[task].state = State::done;
}

void GraphRun::set_outputs(LiveTarget& live, int task, Values&& values, Teller& teller) {
  const Task& described = *(*live.wiring)[task].task;
  if (described.measure) measure(live, task, values);
  if ((*live.wiring)[task].has_streams)
    return set_stream_outputs(live, task, std::move(values), teller);
  std::vector<Value>& outputs = live[task].values;
  outputs.clear();
  outputs.reserve(described.outputs.size());
  for (const Port& port : described.outputs) {
    const auto found = std::ranges::find(values, port.name, &Values::Entry::first);
    if (found == values.end() || !(found->second.type() == port.type))
      throw Error(ErrorKind::Internal, "task '" + described.name + "' gave no '" +
                                           port.type.name() + "' at its output '" + port.name +
                                           "'.");
    outputs.push_back(std::move(found->second));
  }
}

void GraphRun::measure(LiveTarget& live, int task, const Values& values) {
  Magnitudes more = (*live.wiring)[task].task->measure(values);
  const std::unique_lock lock = lock_briefly(mutex_);
  if (live.sizes) more.merge(*live.sizes);
  live.sizes = std::make_unique<Magnitudes>(std::move(more));
}

Values GraphRun::gather_inputs(LiveTarget& live, int task, const Context& context) {
  Values inputs;
  gather_inputs(live, task, context, inputs);
  return inputs;
}

void GraphRun::gather_inputs(LiveTarget& live, int task, const Context& context, Values& inputs) {
  const auto sources = live.wiring->inputs(task);
  inputs.reserve(sources.size());
  for (const InputSource& source : sources) {
    if (source.producer >= 0) load(live, source.producer, context);
    Value value = input_value(live, source);
    if (value.has_value())
      inputs.emplace((*live.wiring)[task].task->inputs[position_of(source.port)].name,
                     std::move(value));
  }
}

/// Makes the outputs of a reused task be in memory: from the store, or computed if it is damaged.
/// The same for the streams of a task that ended in this run.
void GraphRun::load(LiveTarget& live, int task, const Context& context) {
  LiveTask& wanted = live[task];
  const bool has_streams = (*live.wiring)[task].has_streams;
  if (wanted.state != State::reused && !(has_streams && wanted.state == State::done)) return;
  {
    std::unique_lock lock = lock_briefly(mutex_);
    changed_.wait(lock, [&] { return !loading_.contains(&wanted); });
    if (!wanted.values.empty() && !has_streams) return;
    loading_.insert(&wanted);
  }
  std::exception_ptr failure;
  try {
    if (wanted.values.empty() || are_streams_lost(live, task)) bring_outputs(live, task, context);
  } catch (...) {
    failure = std::current_exception();
  }
  {
    const std::unique_lock lock = lock_briefly(mutex_);
    loading_.erase(&wanted);
    changed_.notify_all();
  }
  if (failure) std::rethrow_exception(failure);
}

void GraphRun::bring_outputs(LiveTarget& live, int task, const Context& context) {
  const Task& described = *(*live.wiring)[task].task;
  if (auto values = load_outputs(described, live[task].key, *options_.store, hub_.get())) {
    if (live[task].values.empty()) live[task].values = std::move(*values);
    return;
  }
  if (described.expansion)
    throw Error(ErrorKind::Io, "the stored results of '" + described.name +
                                   "' are damaged. Run again: they will be computed anew.");
  const double began = pool_.now();  // what is stored is damaged
  recompute(live, task, context);
  save(live, task, pool_.now() - began);
}

/// Into the store, if there is one and the task has a key.
void GraphRun::save(LiveTarget& live, int task, double seconds) {
  const LiveTask& state = live[task];
  if (!saves_ || !state.has_key) return;
  if ((*live.wiring)[task].has_streams && !keeps_streams()) return;
  const Task& described = *(*live.wiring)[task].task;
  StoredTask stored{live.name, task_name(live, task), seconds, {}, ""};
  for (std::size_t i = 0; i < described.outputs.size(); ++i)
    stored.outputs.emplace(described.outputs[i].name, state.values.at(i).encode());
  key_fields(live, task, stored.fields);
  options_.store->save(state.key, stored);
}

TargetOutcome GraphRun::outcome_of_target(const LiveTarget& live) const {
  TargetOutcome outcome{live.name, live.index, {}};
  outcome.tasks.reserve(wiring_.size());
  for (std::size_t i = 0; i < wiring_.size(); ++i)
    outcome.tasks.push_back(outcome_of(live.tasks[i], options_.store != nullptr));
  return outcome;
}

/// Takes `live` if its values are to be kept.
EndedTarget GraphRun::keep(std::unique_ptr<LiveTarget>& live) const {
  EndedTarget kept;
  kept.name = live->name;
  if (options_.keep_values) {
    kept.live = std::move(live);
    return kept;
  }
  kept.tasks.reserve(wiring_.size());
  for (std::size_t i = 0; i < wiring_.size(); ++i) {
    LiveTask& task = live->tasks[i];
    kept.tasks.push_back({task.key, task.seconds, task.state, task.has_key});
    if (task.failure) kept.failures.emplace_back(static_cast<int>(i), std::move(*task.failure));
  }
  return kept;
}

}  // namespace foldstream
