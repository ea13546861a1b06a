// Why a task is computed and not reused: what its key is made of.
#pragma once

#include <foldstream/executor.hpp>

#include <string>
#include <vector>

namespace foldstream {

/// The key a task of a target would have in a run.
struct ExpectedKey {
  std::string task;
  std::optional<Key> key = {};  ///< none: it is never stored
  std::string fields = {};      ///< what the key is made of, "name=value" a line
  bool is_given = false;        ///< its outputs come with the target
};

/// The keys of all tasks of `target`, in the order of execution, as if every condition was met.
/// Computes nothing and asks no store. @throws as an executor refuses a target.
std::vector<ExpectedKey> expected_keys(const Graph& graph, const Target& target);

/// A line of `fields` that differs between what is stored and what is expected.
struct FieldChange {
  std::string name;    ///< "max_rows"; of an input its port
  std::string stored;  ///< empty: it was not there
  std::string expected;
};

/// What differs between two texts of fields, in the order of the expected one.
std::vector<FieldChange> field_changes(const std::string& stored, const std::string& expected);

}  // namespace foldstream
