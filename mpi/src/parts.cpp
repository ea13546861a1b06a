#include "parts.hpp"

#include "message.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace foldstream::mpi {
namespace {

constexpr std::string_view device_wish = "device ";

std::size_t at(int index) { return static_cast<std::size_t>(index); }

bool has(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

/// What a task asks of its rank, as one word; empty: nothing that not all ranks have.
std::string wish_of(const Task& task, const std::vector<RankFacts>& ranks) {
  const auto has_role = [&](const RankFacts& rank) { return has(rank.roles, task.role); };
  if (!task.role.empty() && std::ranges::any_of(ranks, has_role)) return task.role;
  const std::string& kind = task.needs.device;
  if (kind.empty() || kind == "cpu") return "";
  const auto has_device = [&](const RankFacts& rank) {
    return kind == "any" ? !rank.device_kinds.empty() : has(rank.device_kinds, kind);
  };
  if (std::ranges::all_of(ranks, has_device) || std::ranges::none_of(ranks, has_device)) return "";
  return std::string(device_wish) + kind;
}

/// A task's place in the cut: tasks of the same place are one part.
struct Place {
  int depth = 0;
  std::string wish;
  friend auto operator<=>(const Place&, const Place&) = default;
};

std::vector<int> producers(const Graph& graph, int task) {
  std::vector<int> producers;
  for (const int edge : graph.incoming(task)) producers.push_back(graph.edges()[at(edge)].from_task);
  if (const auto& guard = graph.guard(task)) producers.push_back(guard->from_task);
  return producers;
}

/// Deeper than every producer of another place, so that parts never wait for each other in a circle.
std::vector<Place> places_of(const Graph& graph, const std::vector<RankFacts>& ranks) {
  std::vector<Place> places(graph.task_count());
  for (const int task : graph.order()) {
    Place& place = places[at(task)];
    const std::vector<int> before = producers(graph, task);
    place.wish = wish_of(*graph.tasks()[at(task)], ranks);
    if (place.wish.empty())
      for (const int producer : before) place = std::max(place, places[at(producer)]);
    for (const int producer : before) {
      const Place& other = places[at(producer)];
      place.depth = std::max(place.depth, other.depth + (other.wish == place.wish ? 0 : 1));
    }
  }
  return places;
}

void check_can_travel(const Task& from, const Port& port, const Task& to) {
  const std::string feeds = "task '" + from.name + "' feeds '" + to.name +
                            "', which runs on ranks of another role, but ";
  if (!port.type.is_encodable())
    throw Error(ErrorKind::InvalidArgument,
                feeds + "a '" + port.type.name() +
                    "' cannot be sent. Give it a Codec, or both tasks one role.");
  if (from.identity.empty())
    throw Error(ErrorKind::InvalidArgument,
                feeds + "it has no identity to name its result by. Give it one, or both tasks one "
                        "role.");
}

/// Adds that `part` waits for `port` of a task in part `from`.
void add_need(Part& part, int from, int task, const Port& port) {
  auto need = std::ranges::find(part.needs, from, &PartNeed::part);
  const bool is_new = need == part.needs.end();
  if (is_new) need = part.needs.insert(part.needs.end(), {from, {}});
  if (!(port.type == PortType::of<Stream>()))
    need->streams.clear();
  else if (is_new || !need->streams.empty())
    need->streams.emplace_back(task, port.name);
}

void connect_parts(const Graph& graph, const std::vector<int>& part_of, std::vector<Part>& parts) {
  for (int task = 0; task < static_cast<int>(graph.task_count()); ++task) {
    const auto link = [&](int from, const std::string& port_name) {
      if (part_of[at(from)] == part_of[at(task)]) return;
      const Task& producer = *graph.tasks()[at(from)];
      const Port& port = output_port(producer, port_name);
      check_can_travel(producer, port, *graph.tasks()[at(task)]);
      add_need(parts[at(part_of[at(task)])], part_of[at(from)], from, port);
    };
    for (const int edge : graph.incoming(task))
      link(graph.edges()[at(edge)].from_task, graph.edges()[at(edge)].from_port);
    if (const auto& guard = graph.guard(task)) link(guard->from_task, guard->port);
  }
}

void find_ancestors(const Graph& graph, const std::vector<int>& part_of, std::vector<Part>& parts) {
  std::vector<std::set<int>> all(graph.task_count());
  for (const int task : graph.order())
    for (const int producer : producers(graph, task)) {
      all[at(task)].insert(producer);
      all[at(task)].insert(all[at(producer)].begin(), all[at(producer)].end());
    }
  for (std::size_t i = 0; i < parts.size(); ++i) {
    std::set<int> outside;
    for (const int task : parts[i].tasks)
      for (const int ancestor : all[at(task)])
        if (part_of[at(ancestor)] != static_cast<int>(i)) outside.insert(ancestor);
    parts[i].ancestors.assign(outside.begin(), outside.end());
  }
}

}  // namespace

std::vector<Part> cut_by_role(const Graph& graph, const std::vector<RankFacts>& ranks) {
  const std::vector<Place> places = places_of(graph, ranks);
  std::map<Place, int> numbers;
  for (const Place& place : places) numbers.emplace(place, 0);
  int next = 0;
  for (auto& [place, number] : numbers) number = next++;
  std::vector<Part> parts(std::max<std::size_t>(1, numbers.size()));
  for (std::size_t i = 0; i < places.size(); ++i) {
    Part& part = parts[at(numbers.at(places[i]))];
    const Task& task = *graph.tasks()[i];
    part.tasks.push_back(static_cast<int>(i));
    if (!places[i].wish.starts_with(device_wish)) part.role = places[i].wish;
    if (!task.needs.device.empty() && !has(part.devices, task.needs.device))
      part.devices.push_back(task.needs.device);
  }
  const std::vector<int> part_of = part_of_tasks(parts, graph.task_count());
  connect_parts(graph, part_of, parts);
  find_ancestors(graph, part_of, parts);
  return parts;
}

std::vector<int> part_of_tasks(const std::vector<Part>& parts, std::size_t task_count) {
  std::vector<int> part_of(task_count, 0);
  for (std::size_t i = 0; i < parts.size(); ++i)
    for (const int task : parts[i].tasks) part_of[at(task)] = static_cast<int>(i);
  return part_of;
}

bool may_run(const RankFacts& rank, const Part& part) {
  if (!part.role.empty() && !rank.roles.empty() && !has(rank.roles, part.role)) return false;
  return std::ranges::all_of(part.devices, [&](const std::string& kind) {
    return kind == "cpu" ||
           (kind == "any" ? !rank.device_kinds.empty() : has(rank.device_kinds, kind));
  });
}

std::string encode(const RankFacts& facts) {
  ByteWriter writer;
  writer.number(static_cast<std::int32_t>(facts.threads));
  for (const auto& names : {facts.roles, facts.device_kinds}) {
    writer.number(static_cast<std::int32_t>(names.size()));
    for (const std::string& name : names) writer.text(name);
  }
  const std::vector<std::byte> bytes = writer.take();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

RankFacts decode_facts(const std::string& text) {
  const auto* first = reinterpret_cast<const std::byte*>(text.data());
  const std::vector<std::byte> bytes(first, first + text.size());
  ByteReader reader(bytes);
  RankFacts facts;
  facts.threads = reader.number<std::int32_t>();
  for (auto* names : {&facts.roles, &facts.device_kinds})
    for (auto count = reader.number<std::int32_t>(); count > 0; --count)
      names->push_back(reader.text());
  return facts;
}

}  // namespace foldstream::mpi
