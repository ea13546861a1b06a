// Definition: a workflow as a YAML file: which stages, with which options, connected how.
#pragma once

#include <foldstream/graph.hpp>
#include <foldstream/workflows/catalog.hpp>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace foldstream::workflows {

/// A value that each target brings: {"query", "sequence"}.
struct TargetInput {
  std::string name;
  std::string type;
  Place place;
};

/// Where an input of a task comes from: a target's input (`port` empty) or another task's output.
struct Source {
  std::string input;  ///< of this task
  std::string from;   ///< task, or target input
  std::string port;
  Place place;
};

/// One task of a definition.
struct DefinedTask {
  std::string name;
  std::string stage;
  Place place;
  std::vector<Source> sources;
  std::vector<Setting> settings;
};

/// What a definition file says, checked for form, not yet against a catalog.
struct Definition {
  std::string name;
  std::string summary;
  std::string file;
  std::vector<TargetInput> inputs;
  std::vector<DefinedTask> tasks;
};

/// The graph of a definition, and which of its input ports take a target's values.
struct Workflow {
  Graph graph;
  std::vector<std::pair<std::string, InputRef>> inputs;  ///< target input → port
};

/// @throws Error{Parse} with file:line:column and the near miss for an unknown key or wrong type.
Definition parse_definition(const std::string& yaml, const std::string& file);

/// A packaged workflow by name ("fold"), or a file by its path.
/// @throws Error{NotFound} with the near miss; what `parse_definition` throws.
Definition read_definition(const std::string& name_or_file);

/// Names of the packaged workflows.
std::vector<std::string> packaged_workflows();
/// The YAML text of one. @throws Error{NotFound} with the near miss.
std::string packaged_workflow_text(const std::string& name);

/// Sets `option` in every task whose stage has it; later settings win.
/// @returns how many tasks it was set in.
int set_everywhere(Definition& definition, const Catalog& catalog, const Setting& setting);
/// As `set_everywhere`, but what is set already wins.
int set_default(Definition& definition, const Catalog& catalog, const Setting& setting);
/// Sets one option from "task.option=value". @throws Error{InvalidArgument} with the near miss.
void set_option(Definition& definition, const std::string& assignment);

/// Makes every task and connects them.
/// @throws Error{Parse} or Error{InvalidArgument} at the place in the file: an unknown stage, option
/// or port, ports that do not fit, an input that nothing feeds, a cycle.
Workflow build(const Definition& definition, const Catalog& catalog);

}  // namespace foldstream::workflows
