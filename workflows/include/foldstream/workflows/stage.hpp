// Stage: a kind of task that a workflow definition can name.
#pragma once

#include <foldstream/task.hpp>
#include <foldstream/workflows/option.hpp>

#include <functional>
#include <string>
#include <vector>

namespace foldstream::workflows {

/// What a stage is, and how a task is made of it.
struct Stage {
  std::string name;
  std::string summary;  ///< one line
  std::string missing;  ///< why it cannot run in this build; empty if it can
  std::vector<Port> inputs;
  std::vector<Port> outputs;
  std::vector<OptionInfo> options;
  /// A task of this stage. Opens what the settings name (a database), runs nothing.
  /// @throws Error at the place of a setting that is wrong.
  std::function<Task(const std::string& task_name, const std::vector<Setting>& settings)> make;
};

}  // namespace foldstream::workflows
