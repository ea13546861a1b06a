#include <foldstream/io/text_file.hpp>
#include <foldstream/workflows/definition.hpp>

#include "packaged_definitions.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <set>

namespace foldstream::workflows {
namespace {

/// Reads one YAML document, refusing at file:line:column what it does not know.
class Reader {
 public:
  explicit Reader(std::string file) : file_(std::move(file)) {}

  Definition read(const std::string& yaml) const {
    const YAML::Node root = load(yaml);
    check_map(root, "a definition", {"workflow", "summary", "targets", "tasks"});
    Definition definition;
    definition.file = file_;
    definition.name = text(required(root, "workflow", "a definition"), "'workflow'");
    if (root["summary"]) definition.summary = text(root["summary"], "'summary'");
    const YAML::Node targets = required(root, "targets", "a definition");
    check_map(targets, "'targets'", {});
    for (const auto& entry : targets)
      definition.inputs.push_back({text(entry.first, "a target input"),
                                   text(entry.second, "the type of a target input"),
                                   place(entry.first)});
    const YAML::Node tasks = required(root, "tasks", "a definition");
    check_map(tasks, "'tasks'", {});
    for (const auto& entry : tasks) definition.tasks.push_back(task(entry.first, entry.second));
    if (definition.tasks.empty()) refuse(tasks, "a definition needs at least one task.");
    return definition;
  }

 private:
  YAML::Node load(const std::string& yaml) const {
    try {
      return YAML::Load(yaml);
    } catch (const YAML::ParserException& error) {
      throw Error(ErrorKind::Parse, at(error.mark), "not valid YAML: " + error.msg + ".");
    }
  }

  Place at(const YAML::Mark& mark) const {
    if (mark.is_null()) return {file_, 0, 0};
    return {file_, static_cast<std::size_t>(mark.line) + 1,
            static_cast<std::size_t>(mark.column) + 1};
  }
  Place place(const YAML::Node& node) const { return at(node.Mark()); }

  [[noreturn]] void refuse(const YAML::Node& node, const std::string& message) const {
    throw Error(ErrorKind::Parse, place(node), message);
  }

  std::string text(const YAML::Node& node, const std::string& what) const {
    if (!node.IsScalar() || node.Scalar().empty()) refuse(node, what + " must be one word or text.");
    return node.Scalar();
  }

  /// A map without repeated keys, all of them among `known` (any key where that is empty).
  void check_map(const YAML::Node& node, const std::string& what,
                 const std::vector<std::string>& known) const {
    if (!node.IsMap()) refuse(node, what + " must be a map of 'key: value' lines.");
    std::set<std::string> seen;
    for (const auto& entry : node) {
      const std::string key = text(entry.first, "a key of " + what);
      if (!seen.insert(key).second) refuse(entry.first, what + " has '" + key + "' twice.");
      if (!known.empty() && std::ranges::find(known, key) == known.end())
        refuse(entry.first, what + " has no key '" + key + "'." + did_you_mean(key, known));
    }
  }

  YAML::Node required(const YAML::Node& map, const char* key, const std::string& what) const {
    if (!map[key]) refuse(map, what + " needs the key '" + std::string(key) + "'.");
    return map[key];
  }

  DefinedTask task(const YAML::Node& name, const YAML::Node& body) const {
    DefinedTask task{text(name, "a task name"), "", place(name), {}, {}};
    if (task.name.find('.') != std::string::npos)
      refuse(name, "a task name must not hold '.': '" + task.name + "'.");
    const std::string what = "task '" + task.name + "'";
    check_map(body, what, {"stage", "inputs", "options"});
    const YAML::Node stage = required(body, "stage", what);
    task.stage = text(stage, "'stage'");
    task.place = place(stage);
    if (body["inputs"]) {
      check_map(body["inputs"], "'inputs' of " + what, {});
      for (const auto& entry : body["inputs"]) task.sources.push_back(source(entry, what));
    }
    if (body["options"]) {
      check_map(body["options"], "'options' of " + what, {});
      for (const auto& entry : body["options"]) task.settings.push_back(setting(entry, what));
    }
    return task;
  }

  template <class Entry>
  Source source(const Entry& entry, const std::string& what) const {
    const std::string from = text(entry.second, "an input of " + what);
    const std::size_t dot = from.find('.');
    return {entry.first.Scalar(), from.substr(0, dot),
            dot == std::string::npos ? "" : from.substr(dot + 1), place(entry.second)};
  }

  template <class Entry>
  Setting setting(const Entry& entry, const std::string& what) const {
    if (!entry.second.IsScalar())
      refuse(entry.second, "option '" + entry.first.Scalar() + "' of " + what + " takes one value.");
    return {entry.first.Scalar(), entry.second.Scalar(), place(entry.second)};
  }

  std::string file_;
};

/// Runs `action`; an error without a place gets this one.
template <class Action>
decltype(auto) located(const Place& place, const Action& action) {
  try {
    return action();
  } catch (const Error& error) {
    if (std::string_view(error.what()).starts_with(place.file + ":")) throw;
    throw Error(ErrorKind::Parse, place, error.what());
  }
}

void connect_source(Workflow& workflow, const Definition& definition, const DefinedTask& task,
                    const Source& source) {
  const InputRef input = workflow.graph.task(task.name).input(source.input);
  if (!source.port.empty()) {
    workflow.graph.connect(workflow.graph.task(source.from).output(source.port), input);
    return;
  }
  std::vector<std::string> known;
  for (const TargetInput& each : definition.inputs) {
    known.push_back(each.name);
    if (each.name != source.from) continue;
    if (each.type != input.type.name())
      throw Error(ErrorKind::Parse, "target input '" + each.name + "' is a '" + each.type +
                                        "', but input '" + source.input + "' takes a '" +
                                        input.type.name() + "'.");
    workflow.inputs.emplace_back(each.name, input);
    return;
  }
  throw Error(ErrorKind::Parse, "'" + source.from + "' is not a target input." +
                                    did_you_mean(source.from, known) +
                                    " Write 'task.output' for the output of a task.");
}

void check_fed(const DefinedTask& task, const Stage& stage) {
  for (const Port& port : stage.inputs) {
    const bool is_fed = std::ranges::any_of(
        task.sources, [&](const Source& source) { return source.input == port.name; });
    if (!is_fed && !port.is_optional)
      throw Error(ErrorKind::Parse, task.place,
                  "task '" + task.name + "' needs its input '" + port.name +
                      "'. Add it under 'inputs'.");
  }
}

std::vector<DefinedTask*> tasks_with_option(Definition& definition, const Catalog& catalog,
                                            const std::string& option) {
  std::vector<DefinedTask*> tasks;
  for (DefinedTask& task : definition.tasks) {
    const Stage& stage =
        located(task.place, [&]() -> const Stage& { return catalog.stage(task.stage); });
    if (std::ranges::find(stage.options, option, &OptionInfo::name) != stage.options.end())
      tasks.push_back(&task);
  }
  return tasks;
}

}  // namespace

Definition parse_definition(const std::string& yaml, const std::string& file) {
  return Reader(file).read(yaml);
}

std::vector<std::string> packaged_workflows() {
  std::vector<std::string> names;
  for (const PackagedDefinition& definition : packaged_definitions())
    names.push_back(definition.name);
  return names;
}

std::string packaged_workflow_text(const std::string& name) {
  for (const PackagedDefinition& definition : packaged_definitions())
    if (definition.name == name) return definition.yaml;
  throw Error(ErrorKind::NotFound,
              "there is no packaged workflow '" + name + "'." +
                  did_you_mean(name, packaged_workflows()) + " See 'foldstream list'.");
}

Definition read_definition(const std::string& name_or_file) {
  const std::vector<std::string> packaged = packaged_workflows();
  if (std::ranges::find(packaged, name_or_file) != packaged.end())
    return parse_definition(packaged_workflow_text(name_or_file), name_or_file + ".yaml");
  const bool looks_like_file = name_or_file.find_first_of("/.") != std::string::npos;
  if (!looks_like_file && !std::filesystem::exists(name_or_file)) packaged_workflow_text(name_or_file);
  return parse_definition(io::read_text_file(name_or_file), name_or_file);
}

int set_everywhere(Definition& definition, const Catalog& catalog, const Setting& setting) {
  const std::vector<DefinedTask*> tasks = tasks_with_option(definition, catalog, setting.name);
  for (DefinedTask* task : tasks) task->settings.push_back(setting);
  return static_cast<int>(tasks.size());
}

int set_default(Definition& definition, const Catalog& catalog, const Setting& setting) {
  const std::vector<DefinedTask*> tasks = tasks_with_option(definition, catalog, setting.name);
  for (DefinedTask* task : tasks) task->settings.insert(task->settings.begin(), setting);
  return static_cast<int>(tasks.size());
}

void set_option(Definition& definition, const std::string& assignment) {
  const std::size_t dot = assignment.find('.');
  const std::size_t equals = assignment.find('=', dot == std::string::npos ? 0 : dot);
  if (dot == std::string::npos || equals == std::string::npos)
    throw Error(ErrorKind::InvalidArgument,
                "'" + assignment + "' is not of the form task.option=value.");
  const std::string name = assignment.substr(0, dot);
  std::vector<std::string> known;
  for (DefinedTask& task : definition.tasks) {
    known.push_back(task.name);
    if (task.name != name) continue;
    task.settings.push_back({assignment.substr(dot + 1, equals - dot - 1),
                             assignment.substr(equals + 1),
                             {"--set " + assignment, 0, 0}});
    return;
  }
  throw Error(ErrorKind::InvalidArgument, "--set " + assignment + ": workflow '" + definition.name +
                                              "' has no task '" + name + "'." +
                                              did_you_mean(name, known));
}

Workflow build(const Definition& definition, const Catalog& catalog) {
  Workflow workflow;
  for (const DefinedTask& task : definition.tasks) {
    const Stage& stage =
        located(task.place, [&]() -> const Stage& { return catalog.stage(task.stage); });
    check_fed(task, stage);
    workflow.graph.add(stage.make(task.name, task.settings));
  }
  for (const DefinedTask& task : definition.tasks)
    for (const Source& source : task.sources)
      located(source.place, [&] { connect_source(workflow, definition, task, source); });
  return workflow;
}

}  // namespace foldstream::workflows
