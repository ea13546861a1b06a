#include <foldstream/run.hpp>

#include <array>

namespace foldstream {
namespace {

constexpr std::array<std::string_view, 8> state_names = {
    "waiting", "done", "reused", "given", "failed", "skipped", "cancelled", "bypassed"};

}  // namespace

int badness(State state) {
  switch (state) {
    case State::failed:
      return 3;
    case State::cancelled:
      return 2;
    case State::skipped:
      return 1;
    default:
      return 0;
  }
}

std::string_view to_string(State state) { return state_names.at(static_cast<std::size_t>(state)); }

const Outcome& TargetOutcome::worst() const {
  static const Outcome nothing_to_do{State::done, ErrorKind::Task, "", 0};
  const Outcome* worst = tasks.empty() ? &nothing_to_do : &tasks.front();
  for (const Outcome& outcome : tasks)
    if (badness(outcome.state) > badness(worst->state)) worst = &outcome;
  return *worst;
}

const Value& RunState::keep(Value value) {
  const std::scoped_lock lock(kept_mutex_);
  return kept_.emplace_back(std::move(value));
}

}  // namespace foldstream
