#include "live_target.hpp"

#include <algorithm>
#include <set>

namespace foldstream {
namespace {

std::size_t at(int index) { return static_cast<std::size_t>(index); }

/// The port a target's value is for, after checking its type.
void check_type(const Port& port, const Value& value, const std::string& task) {
  if (!(port.type == value.type()))
    throw Error(ErrorKind::InvalidArgument, "port " + task + "." + port.name + " takes a '" +
                                                port.type.name() + "', not a '" +
                                                value.type().name() + "'.");
}

std::string feed_key(const Target& target, const std::string& task, const Port& port) {
  for (const Binding& binding : target.inputs) {
    if (binding.input.task == task && binding.input.port == port.name)
      return binding.value.type().is_encodable() ? to_string(key_of(binding.value.encode())) : "";
  }
  if (port.is_optional) return "nothing";
  throw Error(ErrorKind::InvalidArgument,
              "nothing feeds " + task + "." + port.name +
                  ". Connect an output to it, or bind a value when the run is started.");
}

/// Where the value of an input comes from, as text that changes when the value does; empty =
/// unknown.
std::string source_key(const Graph& graph, const LiveTarget& live, int task, const Port& port) {
  for (const Edge& edge : graph.edges()) {
    if (edge.to_task != task || edge.to_port != port.name) continue;
    const LiveTask& producer = live.tasks[at(edge.from_task)];
    if (producer.outcome.state == State::given) {
      const Value& value = producer.values.at(edge.from_port);
      return value.type().is_encodable() ? to_string(key_of(value.encode())) : "";
    }
    return producer.key ? to_string(*producer.key) + "." + edge.from_port : "";
  }
  return feed_key(live.target, graph.tasks()[at(task)]->name, port);
}

std::optional<Key> task_key(const Graph& graph, const LiveTarget& live, int index) {
  const Task& task = *graph.tasks()[at(index)];
  std::string text = task.identity;
  bool is_known = !task.identity.empty();
  for (const Port& port : task.outputs) is_known = is_known && port.type.is_encodable();
  for (const Port& port : task.inputs) {
    const std::string source = source_key(graph, live, index, port);
    is_known = is_known && !source.empty();
    text += "\n" + port.name + "=" + source;
  }
  if (!is_known) return std::nullopt;
  return key_of(text);
}

/// An input has one source: an edge, or one binding.
void check_fed_once(const Graph& graph, const Target& target) {
  std::set<std::string> fed;
  for (const Edge& edge : graph.edges())
    fed.insert(graph.tasks()[at(edge.to_task)]->name + "." + edge.to_port);
  for (const Binding& binding : target.inputs) {
    const std::string port = binding.input.task + "." + binding.input.port;
    if (!fed.insert(port).second)
      throw Error(
          ErrorKind::InvalidArgument,
          "input " + port + " is bound, but it is already fed. Bind it once, or not at all.");
  }
}

void take_given(const Graph& graph, LiveTarget& live) {
  for (const Given& given : live.target.given) {
    const int index = graph.index_of(given.output.task);
    const Task& task = *graph.tasks()[at(index)];
    check_type(output_port(task, given.output.port), given.value, task.name);
    live.tasks[at(index)].values[given.output.port] = given.value;
    live.tasks[at(index)].outcome.state = State::given;
  }
  for (const Edge& edge : graph.edges()) {
    const LiveTask& producer = live.tasks[at(edge.from_task)];
    if (producer.outcome.state == State::given && !producer.values.contains(edge.from_port))
      throw Error(ErrorKind::InvalidArgument,
                  "output " + graph.tasks()[at(edge.from_task)]->name + "." + edge.from_port +
                      " is used but was not given with the task's other outputs.");
  }
  for (const Binding& binding : live.target.inputs) {
    const Task& task = *graph.tasks()[at(graph.index_of(binding.input.task))];
    check_type(input_port(task, binding.input.port), binding.value, task.name);
  }
  check_fed_once(graph, live.target);
}

/// Tasks that feed only given tasks are as good as given.
void prune(const Graph& graph, const std::vector<int>& order, LiveTarget& live) {
  for (auto index = order.rbegin(); index != order.rend(); ++index) {
    bool feeds = false;
    bool is_needed = false;
    for (const Edge& edge : graph.edges()) {
      if (edge.from_task != *index) continue;
      feeds = true;
      is_needed = is_needed || live.tasks[at(edge.to_task)].outcome.state != State::given;
    }
    if (feeds && !is_needed) live.tasks[at(*index)].outcome.state = State::given;
  }
}

bool is_reusable(const Task& task, const LiveTask& live, Store* store) {
  if (store == nullptr || !live.key || !store->contains(*live.key)) return false;
  if (!task.is_current) return true;
  const std::optional<Values> values = load_values(task, live.key, store);
  return values && task.is_current(*values);
}

}  // namespace

std::optional<Values> load_values(const Task& task, const std::optional<Key>& key, Store* store) {
  if (store == nullptr || !key) return std::nullopt;
  const std::optional<StoredTask> stored = store->load(*key);
  if (!stored) return std::nullopt;
  Values values;
  for (const Port& port : task.outputs) {
    const auto record = stored->outputs.find(port.name);
    if (record == stored->outputs.end()) return std::nullopt;
    values.emplace(port.name, port.type.decode(record->second));
  }
  return values;
}

void offer_parts(const std::string& target, const std::string& task, const std::optional<Key>& key,
                 const std::shared_ptr<Store>& store, Context& context) {
  if (!store || !key) return;
  const auto key_of_part = [key = *key](const std::string& part) {
    return key_of(to_string(key) + "." + part);
  };
  context.keep = [=](const std::string& part, const Record& record) {
    store->save(key_of_part(part), {target, task + "." + part, 0, {{"part", record}}});
  };
  context.earlier = [=](const std::string& part) -> std::optional<Record> {
    const std::optional<StoredTask> stored = store->load(key_of_part(part));
    if (!stored || !stored->outputs.contains("part")) return std::nullopt;
    return stored->outputs.at("part");
  };
}

LiveTarget make_live(const Graph& graph, const std::vector<int>& order, Target target,
                     Store* store) {
  LiveTarget live{std::move(target), std::vector<LiveTask>(graph.task_count()), 0};
  take_given(graph, live);
  prune(graph, order, live);
  for (const int index : order) {
    LiveTask& task = live.tasks[at(index)];
    if (task.outcome.state == State::given) continue;
    task.key = task_key(graph, live, index);
    task.outcome.key = task.key;
    if (is_reusable(*graph.tasks()[at(index)], task, store)) {
      task.outcome.state = State::reused;
      continue;
    }
    task.will_run = true;
    ++live.running;
    for (const Edge& edge : graph.edges())
      if (edge.to_task == index && live.tasks[at(edge.from_task)].will_run) ++task.missing;
  }
  return live;
}

}  // namespace foldstream
