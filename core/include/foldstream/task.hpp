// Task: one step of a graph: its ports, what it does, and what it needs.
#pragma once

#include <foldstream/context.hpp>
#include <foldstream/resources.hpp>
#include <foldstream/value.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace foldstream {

/// A named, typed place where values enter or leave a task.
struct Port {
  std::string name;
  PortType type;
  std::string doc = {};
  /// Of an input: the task also runs without it, be it that nothing feeds it or that the task which
  /// would was bypassed.
  bool is_optional = false;
};

/// What makes one target dearer than another, by name: {"length", 120}, {"rows", 3000}.
using Magnitudes = std::map<std::string, double>;

/// An estimate of what a task needs. Memory is that at its peak.
struct Cost {
  double seconds = 0;               ///< of one thread
  std::uint64_t bytes = 0;          ///< of host memory
  std::uint64_t scratch_bytes = 0;  ///< of temporary files
  std::uint64_t device_bytes = 0;   ///< of the device it asks for
  /// Of `bytes`, what stays in memory for the same task of other targets, as weights do. A plan counts
  /// it once, and for as long as the run lasts; so does a run that is told (RunOptions::kept_bytes).
  std::uint64_t kept_bytes = 0;
};

/// How often a task that failed is tried again, by the kind of its error. Errors in what the user
/// gave (InvalidArgument, NotFound, Parse, Unsupported) and our own bugs (Internal) never are.
struct Retry {
  int io = 2;             ///< Io: a file system that hiccups
  int communication = 2;  ///< Communication
  int resources = 0;      ///< Resources, out of memory: for tasks that heed `Context::shrink`
  int task = 0;           ///< Task, and exceptions that are no foldstream::Error
  double backoff_seconds = 0.1;  ///< before the first retry; doubles with each
};

/// Lets several tasks of one description run as one call, so that a device is filled. Tasks with the
/// same key are handed over together once their sizes reach `budget`, once the first of them has
/// waited for `delay_seconds`, or when nothing that still runs could lead to another. A batch never
/// needs more than the machine has. It has neither timeout nor retries: if it fails, its members are
/// run one by one, and these do.
struct Batching {
  std::function<std::string(const Values& inputs)> key;  ///< empty: all may go together
  std::function<double(const Values& inputs)> size;      ///< in tokens; empty: 1 each
  double budget = 0;                                     ///< tokens of a batch
  double delay_seconds = 0.05;
  /// Outputs of each member, in the order of the inputs. If it throws, the task's own body is called
  /// for each. Empty: never batched.
  std::function<std::vector<Values>(std::span<const Values> inputs, const Context& context)> body;
};

struct Expansion;

/// The description of a task. Building one does no work.
struct Task {
  std::string name;  ///< unique in its graph
  std::vector<Port> inputs;
  std::vector<Port> outputs;
  /// Computes the outputs from the inputs; must be pure in them (the same for any thread count), and
  /// safe to call from several threads for several targets at once.
  std::function<Values(const Values& inputs, const Context& context)> body;
  /// Stage, version and every option that changes the result, "name=value" a line where there are
  /// several, for messages. Empty: the result is never stored.
  std::string identity;
  /// Asked before a stored result is reused: are its effects (files, say) still there? Empty: yes.
  std::function<bool(const Values& outputs)> is_current;
  /// In place of the body: a graph that is run on each element of a list. See control.hpp.
  std::shared_ptr<const Expansion> expansion;
  Retry retry;
  double timeout_seconds = 0;  ///< of one attempt, which then fails; 0 = none. The body must look at
                               ///< `Context::stop`.
  /// Whether it keeps parts (`Context::keep`), hence may be started although it will not end before
  /// the deadline of the run.
  bool keeps_parts = false;
  Needs needs;
  /// Kind of rank that it belongs on, "search"; empty: wherever its inputs are.
  std::string role = {};
  // speed only
  int max_threads = 1;                                        ///< it can make use of
  std::function<Cost(const Magnitudes& magnitudes)> cost;  ///< empty: unknown, counted as nothing
  /// What its outputs tell of the size of the tasks behind it ("rows"). Empty: nothing.
  std::function<Magnitudes(const Values& outputs)> measure;
  int priority = 0;  ///< larger goes first
  Batching batching;
};

/// The input or output port called `name`. @throws Error{NotFound} with the near miss.
const Port& input_port(const Task& task, const std::string& name);
const Port& output_port(const Task& task, const std::string& name);

}  // namespace foldstream
