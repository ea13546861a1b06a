#include "live_target.hpp"

#include <foldstream/control.hpp>

#include <algorithm>
#include <new>

namespace foldstream {
namespace {

void check_type(const Port& port, const Value& value, const std::string& task) {
  if (!(port.type == value.type()))
    throw Error(ErrorKind::InvalidArgument, "port " + task + "." + port.name + " takes a '" +
                                                port.type.name() + "', not a '" +
                                                value.type().name() + "'.");
}

const std::string& name_of(const LiveTarget& live, int task) {
  return (*live.wiring)[task].task->name;
}

std::size_t at(int index) { return static_cast<std::size_t>(index); }

int output_position(const Task& task, const std::string& port) {
  return static_cast<int>(&output_port(task, port) - task.outputs.data());
}

void take_given(LiveTarget& live, const Target& target) {
  const Wiring& wiring = *live.wiring;
  for (const Given& given : target.given) {
    const int index = wiring.graph().index_of(given.output.task);
    const Task& task = *wiring[index].task;
    const int position = output_position(task, given.output.port);
    check_type(task.outputs[at(position)], given.value, task.name);
    live[index].values.resize(task.outputs.size());
    live[index].values[at(position)] = given.value;
    live[index].state = State::given;
  }
}

/// Tasks that feed only given tasks are as good as given.
void prune(LiveTarget& live) {
  const Wiring& wiring = *live.wiring;
  const auto& order = wiring.order();
  for (auto index = order.rbegin(); index != order.rend(); ++index) {
    const auto successors = wiring.successors(*index);
    if (!successors.empty() && std::ranges::all_of(successors, [&](int successor) {
          return live[successor].state == State::given;
        }))
      live[*index].state = State::given;
  }
}

void bind(LiveTarget& live, const Target& target) {
  const Wiring& wiring = *live.wiring;
  live.bound.resize(wiring.slot_count());
  for (const Binding& binding : target.inputs) {
    const Task& task = *wiring[wiring.graph().index_of(binding.input.task)].task;
    check_type(input_port(task, binding.input.port), binding.value, task.name);
    const int slot = wiring.slot(binding.input);
    if (slot < 0 || live.bound[at(slot)].has_value())
      throw Error(ErrorKind::InvalidArgument, "input " + binding.input.task + "." +
                                                  binding.input.port +
                                                  " is bound, but it is already fed. Bind it once, "
                                                  "or not at all.");
    live.bound[at(slot)] = binding.value;
  }
}

void check_fed(const LiveTarget& live, int index) {
  const Task& task = *(*live.wiring)[index].task;
  for (const InputSource& source : live.wiring->inputs(index)) {
    const std::string& port = task.inputs[at(source.port)].name;
    if (source.producer < 0) {
      if (source.is_optional || live.bound[at(source.output)].has_value()) continue;
      throw Error(ErrorKind::InvalidArgument,
                  "nothing feeds " + task.name + "." + port +
                      ". Connect an output to it, or bind a value when the run is started.");
    }
    const LiveTask& producer = live[source.producer];
    if (producer.state == State::given && !producer.values[at(source.output)].has_value())
      throw Error(ErrorKind::InvalidArgument,
                  "output " + name_of(live, source.producer) + "." +
                      (*live.wiring)[source.producer].task->outputs[at(source.output)].name +
                      " is used but was not given with the task's other outputs.");
  }
}

/// Sets what each task waits for; those that are given, or ended elsewhere, are waited for no more.
void count(LiveTarget& live) {
  const Wiring& wiring = *live.wiring;
  int remaining = 0;
  for (std::size_t i = 0; i < wiring.size(); ++i) {
    const int index = static_cast<int>(i);
    const bool waits = live[index].state == State::waiting;
    live[index].missing.store(waits ? wiring[index].missing : LiveTask::ended,
                              std::memory_order_relaxed);
    const int own = wiring[index].has_streams ? 1 : 0;  // it may outlast those that read them
    live[index].uses.store(static_cast<int>(wiring.successors(index).size()) + own,
                           std::memory_order_relaxed);
    if (waits) ++remaining;
  }
  if (remaining != static_cast<int>(wiring.size()))
    for (std::size_t i = 0; i < wiring.size(); ++i)
      if (live.tasks[i].state != State::waiting)
        for (const int successor : wiring.successors(static_cast<int>(i))) --live[successor].missing;
  live.remaining.store(remaining, std::memory_order_relaxed);
}

void check_position(const Wiring& wiring, int task) {
  if (task < 0 || at(task) >= wiring.size())
    throw Error(ErrorKind::InvalidArgument,
                "a target runs in part, with task number " + std::to_string(task) +
                    ": the graph has " + std::to_string(wiring.size()) + " tasks.");
}

/// A task that ended elsewhere, or has at least begun its streams there.
void take_earlier(LiveTarget& live, const Earlier& earlier) {
  check_position(*live.wiring, earlier.task);
  LiveTask& task = live[earlier.task];
  if (task.state == State::given) return;
  const Outcome& outcome = earlier.outcome;
  task.seconds = static_cast<float>(outcome.seconds);
  task.has_key = outcome.key.has_value();
  if (task.has_key) task.key = *outcome.key;
  task.state = outcome.state;
  if (outcome.state == State::done || outcome.state == State::waiting) task.state = State::reused;
  if (!outcome.is_good() && outcome.state != State::waiting)
    task.failure = std::make_unique<TaskFailure>(
        TaskFailure{std::make_exception_ptr(Error(outcome.kind, outcome.message)), outcome.kind,
                    outcome.message});
  if (outcome.state != State::waiting) return;
  const Task& described = *(*live.wiring)[earlier.task].task;
  task.values.resize(described.outputs.size());
  for (const auto& [port, stream] : earlier.streams)
    task.values[at(output_position(described, port))] = Value::of(stream);
}

/// Leaves what is not to be run to others. @returns the tasks that wait for nobody here
std::vector<int> run_in_part(LiveTarget& live, const Target& target) {
  const Wiring& wiring = *live.wiring;
  std::vector<bool> is_here(wiring.size(), false);
  for (const int task : target.only) {
    check_position(wiring, task);
    is_here[at(task)] = true;
  }
  for (const Earlier& earlier : target.earlier) take_earlier(live, earlier);
  std::vector<int> elsewhere;
  for (std::size_t i = 0; i < wiring.size(); ++i)
    if (!is_here[i] && live.tasks[i].state == State::waiting) elsewhere.push_back(static_cast<int>(i));
  return elsewhere;
}

/// Tasks that others run and that nothing here waits for.
void leave(LiveTarget& live, const std::vector<int>& elsewhere) {
  for (const int task : elsewhere) {
    live[task].missing.store(LiveTask::ended, std::memory_order_relaxed);
    live.remaining.fetch_sub(1, std::memory_order_relaxed);
  }
  for (const int task : elsewhere)
    for (const int successor : live.wiring->successors(task))
      if (live[successor].state == State::waiting &&
          live[successor].missing.load(std::memory_order_relaxed) < LiveTask::ended / 2)
        throw Error(ErrorKind::InvalidArgument,
                    "a target runs in part: '" + name_of(live, successor) + "' needs '" +
                        name_of(live, task) + "', which is neither run here nor known to have "
                        "ended elsewhere.");
}

void append_hex(std::string& text, const Key& key) {
  static constexpr char digits[] = "0123456789abcdef";
  char hex[32];
  for (int i = 0; i < 16; ++i) {
    hex[15 - i] = digits[key.high >> 4 * i & 15U];
    hex[31 - i] = digits[key.low >> 4 * i & 15U];
  }
  text.append(hex, sizeof hex);
}

/// Appends what changes when the value of an input does; false: unknown.
bool append_source(const LiveTarget& live, const InputSource& source, std::string& text) {
  const Value* value = nullptr;
  if (source.producer < 0) {
    value = &live.bound[at(source.output)];
  } else {
    const LiveTask& producer = live[source.producer];
    if (producer.state == State::given) value = &producer.values[at(source.output)];
    if (value == nullptr && producer.state != State::bypassed) {
      if (!producer.has_key) return false;
      append_hex(text, producer.key);
      text += '.';
      text += (*live.wiring)[source.producer].task->outputs[at(source.output)].name;
      return true;
    }
  }
  if (value == nullptr || !value->has_value()) {
    text += "nothing";
    return true;
  }
  if (!value->type().is_encodable()) return false;
  append_hex(text, key_of(value->encode()));
  return true;
}

}  // namespace

TaskFailure failure_of(const std::exception_ptr& why) {
  TaskFailure failure{why, ErrorKind::Task, "it threw something that is no std::exception."};
  try {
    std::rethrow_exception(why);
  } catch (const Error& error) {
    failure.kind = error.kind();
    failure.message = error.what();
  } catch (const std::bad_alloc&) {
    failure.kind = ErrorKind::Resources;
    failure.message = "out of memory.";
  } catch (const std::exception& error) {
    failure.message = error.what();
  } catch (...) {
  }
  return failure;
}

void LiveTarget::reset() {
  for (std::size_t i = 0; i < wiring->size(); ++i) {
    LiveTask& task = tasks[i];
    task.seconds = 0;
    task.state = State::waiting;
    task.has_key = false;
    task.attempts = 0;
    task.shrinks = 0;
    task.values.clear();
    task.failure.reset();
  }
  bound.clear();
  sizes.reset();
  begun.reset();
  inner.reset();
}

std::unique_ptr<LiveTarget> make_live(const Wiring& wiring, const Target& target,
                                      std::unique_ptr<LiveTarget> spare) {
  std::unique_ptr<LiveTarget> live =
      spare ? std::move(spare) : std::make_unique<LiveTarget>(wiring);
  live->name = target.name;
  live->index = target.index;
  if (!target.magnitudes.empty()) live->sizes = std::make_unique<Magnitudes>(target.magnitudes);
  if (!target.given.empty()) {
    take_given(*live, target);
    prune(*live);
  }
  bind(*live, target);
  for (std::size_t i = 0; i < wiring.size(); ++i)
    if (live->tasks[i].state != State::given) check_fed(*live, static_cast<int>(i));
  std::vector<int> elsewhere;
  if (!target.only.empty()) elsewhere = run_in_part(*live, target);
  count(*live);
  leave(*live, elsewhere);
  return live;
}

std::unique_ptr<LiveTarget> make_refused(const Wiring& wiring, const Target& target,
                                         const std::exception_ptr& why) {
  auto live = std::make_unique<LiveTarget>(wiring);
  live->name = target.name;
  live->index = target.index;
  const TaskFailure failure = failure_of(why);
  for (std::size_t i = 0; i < wiring.size(); ++i) {
    live->tasks[i].state = State::failed;
    live->tasks[i].failure = std::make_unique<TaskFailure>(failure);
  }
  return live;
}

void key_fields(const LiveTarget& live, int task, std::string& text) {
  text.clear();
  if (!(*live.wiring)[task].is_storable) return;
  const Task& described = *(*live.wiring)[task].task;
  text += described.identity;
  for (const InputSource& source : live.wiring->inputs(task)) {
    text += '\n';
    text += described.inputs[at(source.port)].name;
    text += '=';
    if (append_source(live, source, text)) continue;
    text.clear();
    return;
  }
}

Value input_value(const LiveTarget& live, const InputSource& source) {
  if (source.producer < 0) return live.bound[at(source.output)];
  const LiveTask& producer = live[source.producer];
  if (producer.state == State::bypassed) return {};
  return producer.values.at(at(source.output));
}

std::optional<std::vector<Value>> load_outputs(const Task& task, const Key& key, Store& store,
                                                const StreamHub* hub) {
  const std::optional<StoredTask> stored = store.load(key);
  if (!stored) return std::nullopt;
  std::vector<Value> values;
  for (const Port& port : task.outputs) {
    const auto record = stored->outputs.find(port.name);
    if (record == stored->outputs.end()) return std::nullopt;
    values.push_back(port.type.decode(record->second));
    if (port.type == PortType::of<Stream>() && hub != nullptr &&
        !hub->can_read(values.back().as<Stream>().id))
      return std::nullopt;
  }
  return values;
}

void offer_parts(const LiveTarget& live, int task, const std::shared_ptr<Store>& store,
                 Context& context) {
  if (!store || !live[task].has_key) return;
  const auto key_of_part = [key = live[task].key](const std::string& part) {
    return key_of(to_string(key) + "." + part);
  };
  if (store->is_writable()) {
    context.keep = [=, target = live.name, name = task_name(live, task)](const std::string& part,
                                                                         const Record& record) {
      store->save(key_of_part(part), {target, name + "." + part, 0, {{"part", record}}, ""});
    };
  }
  context.earlier = [=](const std::string& part) -> std::optional<Record> {
    const std::optional<StoredTask> stored = store->load(key_of_part(part));
    if (!stored || !stored->outputs.contains("part")) return std::nullopt;
    return stored->outputs.at("part");
  };
}

Outcome outcome_of(const LiveTask& task, bool is_stored) {
  Outcome outcome{task.state, ErrorKind::Task, "", task.seconds, std::nullopt};
  if (task.failure) {
    outcome.kind = task.failure->kind;
    outcome.message = task.failure->message;
  }
  if (is_stored && task.has_key && (task.state == State::done || task.state == State::reused))
    outcome.key = task.key;
  return outcome;
}

std::string task_name(const LiveTarget& live, int task) {
  const std::string& own = (*live.wiring)[task].task->name;
  if (live.elements == nullptr) return own;
  return task_name(*live.elements->parent, live.elements->task) + "[" +
         std::to_string(live.element) + "]/" + own;
}

}  // namespace foldstream
