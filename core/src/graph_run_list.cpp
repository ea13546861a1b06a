// GraphRun, lists: tasks that run a graph on each element.
#include "harvest.hpp"

#include <foldstream/control.hpp>

namespace foldstream {
namespace {

/// @throws Error saying which element failed, and why.
void check_good(const LiveTarget& element) {
  for (std::size_t i = 0; i < element.wiring->size(); ++i) {
    const LiveTask& task = element.tasks[i];
    if (task.is_good()) continue;
    const Outcome outcome = outcome_of(task, false);
    if (outcome.state == State::cancelled)
      throw Error(ErrorKind::Cancelled, "the run was cancelled.");
    throw Error(outcome.kind, "element " + std::to_string(element.element) + ": '" +
                                  (*element.wiring)[static_cast<int>(i)].task->name +
                                  "' failed: " + outcome.message);
  }
}

}  // namespace

/// Makes a target of each element; the task ends when the last of them has.
void GraphRun::expand(LiveTarget& live, int task, const Context& context) {
  const Expansion& expansion = *(*live.wiring)[task].task->expansion;
  const Wiring& inner = live.wiring->inner(task);
  const Values inputs = gather_inputs(live, task, context);
  auto elements = std::make_unique<Elements>();
  elements->parent = &live;
  elements->task = task;
  Target target{live.name, {}, {}, {}, live.index};
  {
    const std::unique_lock lock = lock_briefly(mutex_);
    target.magnitudes = live.magnitudes();
  }
  for (const InputRef& input : expansion.shared)
    if (const auto value = inputs.find(input.port); value != inputs.end())
      target.inputs.push_back({input, value->second});
  target.inputs.push_back({expansion.element, Value()});
  const int result = inner.graph().index_of(expansion.result.task);
  for (Value& item : expansion.split(inputs.at("items"))) {
    target.inputs.back().value = std::move(item);
    auto element = make_live(inner, target);
    element->elements = elements.get();
    element->element = static_cast<int>(elements->targets.size());
    ++(*element)[result].uses;  // the gathering
    elements->targets.push_back(std::move(element));
  }
  elements->remaining = static_cast<int>(elements->targets.size()) + 1;  // and `conclude`
  if (elements->targets.empty()) {
    live[task].values = {expansion.join({})};
    live[task].state = State::done;
    return;
  }
  const std::unique_lock lock = lock_briefly(mutex_);
  if (!live.inner) live.inner = std::make_unique<std::map<int, std::unique_ptr<Elements>>>();
  (*live.inner)[task] = std::move(elements);
}

/// Ends the task that maps a list, all of whose elements have ended.
void GraphRun::join(Elements& elements) {
  LiveTarget& parent = *elements.parent;
  LiveTask& state = parent[elements.task];
  const Expansion& expansion = *(*parent.wiring)[elements.task].task->expansion;
  const Wiring& inner = parent.wiring->inner(elements.task);
  const int result = inner.graph().index_of(expansion.result.task);
  const Port& port = output_port(*inner[result].task, expansion.result.port);
  const auto output = static_cast<std::size_t>(&port - inner[result].task->outputs.data());
  try {
    std::vector<Value> results;
    for (const auto& element : elements.targets) {
      check_good(*element);
      if ((*element)[result].state == State::bypassed)
        throw Error(ErrorKind::Task, "element " + std::to_string(element->element) + ": '" +
                                         inner[result].task->name + "' was bypassed.");
      load(*element, result, make_context(*element, result, {}));
      results.push_back((*element)[result].values.at(output));
    }
    state.values = {expansion.join(results)};
    state.state = State::done;
    save(parent, elements.task, state.seconds);
  } catch (...) {
    fail(state, std::current_exception());
  }
}

}  // namespace foldstream
