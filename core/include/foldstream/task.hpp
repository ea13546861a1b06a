// Task: one step of a graph: its ports, what it does, and what it needs.
#pragma once

#include <foldstream/context.hpp>
#include <foldstream/value.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace foldstream {

/// A named, typed place where values enter or leave a task.
struct Port {
  std::string name;
  PortType type;
  std::string doc = {};
  bool is_optional = false;  ///< of an input: the task also runs without it
};

/// Values by port name.
using Values = std::map<std::string, Value>;

/// What makes one target dearer than another, by name: {"length", 120}, {"rows", 3000}.
using Magnitudes = std::map<std::string, double>;

/// An estimate of what a task needs. Memory is host memory at its peak.
struct Cost {
  double seconds = 0;       ///< of one thread
  std::uint64_t bytes = 0;
};

/// The description of a task. Building one does no work.
struct Task {
  std::string name;  ///< unique in its graph
  std::vector<Port> inputs;
  std::vector<Port> outputs;
  /// Computes the outputs from the inputs; must be pure in them (the same for any thread count), and
  /// safe to call from several threads for several targets at once.
  std::function<Values(const Values& inputs, const Context& context)> body;
  /// Stage, version and every option that changes the result. Empty: the result is never stored.
  std::string identity;
  /// Asked before a stored result is reused: are its effects (files, say) still there? Empty: yes.
  std::function<bool(const Values& outputs)> is_current;
  // speed only
  int max_threads = 1;                                        ///< it can make use of
  std::function<Cost(const Magnitudes& magnitudes)> cost;  ///< empty: unknown, counted as nothing
};

/// The input or output port called `name`. @throws Error{NotFound} with the near miss.
const Port& input_port(const Task& task, const std::string& name);
const Port& output_port(const Task& task, const std::string& name);

}  // namespace foldstream
