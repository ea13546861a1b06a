#include <foldstream/task.hpp>

namespace foldstream {
namespace {

const Port& port(const Task& task, const std::vector<Port>& ports, const std::string& name,
                 const char* side) {
  std::vector<std::string> names;
  for (const Port& candidate : ports) {
    if (candidate.name == name) return candidate;
    names.push_back(candidate.name);
  }
  std::string known;
  for (const std::string& each : names) known += (known.empty() ? "" : ", ") + each;
  throw Error(ErrorKind::NotFound, "task '" + task.name + "' has no " + side + " '" + name + "'." +
                                       did_you_mean(name, names) +
                                       " It has: " + (known.empty() ? "none" : known) + ".");
}

}  // namespace

const Port& input_port(const Task& task, const std::string& name) {
  return port(task, task.inputs, name, "input");
}

const Port& output_port(const Task& task, const std::string& name) {
  return port(task, task.outputs, name, "output");
}

}  // namespace foldstream
