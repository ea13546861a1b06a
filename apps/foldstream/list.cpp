#include "commands.hpp"

#include <foldstream/workflows/catalog.hpp>
#include <foldstream/workflows/definition.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <memory>

namespace foldstream::apps {
namespace {

using workflows::Stage;

std::string port_list(const std::vector<Port>& ports) {
  std::string text;
  for (const Port& port : ports)
    text += fmt::format("{}{}{} ({})", text.empty() ? "" : ", ", port.name,
                        port.is_optional ? "?" : "", port.type.name());
  return text.empty() ? "none" : text;
}

void print_stage(const Stage& stage) {
  fmt::print("{}: {}\n", stage.name, stage.summary);
  if (!stage.missing.empty()) fmt::print("  not in this build: {}\n", stage.missing);
  fmt::print("  inputs:  {}\n  outputs: {}\n  options:\n", port_list(stage.inputs),
             port_list(stage.outputs));
  for (const workflows::OptionInfo& option : stage.options)
    fmt::print("    {:<22} {:<8} {:<10} {}\n", option.name, to_string(option.type),
               option.standard.empty() ? "-" : option.standard, option.doc);
}

int list_all() {
  fmt::print("Workflows (foldstream run NAME INPUT; 'foldstream list NAME' prints its definition):\n");
  for (const std::string& name : workflows::packaged_workflows())
    fmt::print("  {:<10} {}\n", name, workflows::read_definition(name).summary);
  fmt::print("\nStages ('foldstream list NAME' shows ports and options):\n");
  const workflows::Catalog catalog = workflows::Catalog::packaged();
  for (const Stage& stage : catalog.stages())
    fmt::print("  {:<10} {}{}\n", stage.name, stage.summary,
               stage.missing.empty() ? "" : " [not in this build: " + stage.missing + "]");
  return all_done;
}

int list_one(const std::string& name) {
  const std::vector<std::string> packaged = workflows::packaged_workflows();
  if (std::ranges::find(packaged, name) != packaged.end()) {
    fmt::print("{}", workflows::packaged_workflow_text(name));
    return all_done;
  }
  print_stage(workflows::Catalog::packaged().stage(name));
  return all_done;
}

}  // namespace

void add_list(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("list", "List workflows and stages, or show one");
  const auto name = std::make_shared<std::string>();
  command->add_option("NAME", *name, "a workflow (prints its definition) or a stage (its options)");
  command->footer(
      "Examples:\n  foldstream list\n  foldstream list predict\n"
      "  foldstream list fold > my.yaml     # a workflow of your own");
  command->callback([&action, name] {
    action = [name] { return name->empty() ? list_all() : list_one(*name); };
  });
}

}  // namespace foldstream::apps
