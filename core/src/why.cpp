#include "live_target.hpp"

#include <foldstream/why.hpp>

#include <algorithm>
#include <sstream>
#include <utility>

namespace foldstream {
namespace {

using Lines = std::vector<std::pair<std::string, std::string>>;

/// "name=value" lines; a line without '=' is a name.
Lines lines_of(const std::string& fields) {
  Lines lines;
  std::istringstream in(fields);
  for (std::string line; std::getline(in, line);) {
    const std::size_t equals = line.find('=');
    lines.emplace_back(line.substr(0, equals),
                       equals == std::string::npos ? "" : line.substr(equals + 1));
  }
  return lines;
}

const std::string* value_of(const Lines& lines, const std::string& name) {
  const auto found = std::ranges::find(lines, name, &Lines::value_type::first);
  return found == lines.end() ? nullptr : &found->second;
}

}  // namespace

std::vector<ExpectedKey> expected_keys(const Graph& graph, const Target& target) {
  const Wiring wiring(graph);
  const auto live = make_live(wiring, target);
  std::vector<ExpectedKey> keys;
  for (const int task : wiring.order()) {
    ExpectedKey expected{.task = wiring[task].task->name};
    LiveTask& state = (*live)[task];
    expected.is_given = state.state == State::given;
    if (!expected.is_given) {
      key_fields(*live, task, expected.fields);
      state.has_key = !expected.fields.empty();
      if (state.has_key) expected.key = state.key = key_of(expected.fields);
    }
    keys.push_back(std::move(expected));
  }
  return keys;
}

std::vector<FieldChange> field_changes(const std::string& stored, const std::string& expected) {
  const Lines before = lines_of(stored);
  const Lines now = lines_of(expected);
  std::vector<FieldChange> changes;
  for (const auto& [name, value] : now) {
    const std::string* old = value_of(before, name);
    if (old == nullptr || *old != value) changes.push_back({name, old ? *old : "", value});
  }
  for (const auto& [name, value] : before)
    if (value_of(now, name) == nullptr) changes.push_back({name, value, ""});
  return changes;
}

}  // namespace foldstream
