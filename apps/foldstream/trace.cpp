#include "trace.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace foldstream::apps {

int Trace::free_lane(int rank) const {
  int lane = 0;
  const auto is_taken = [&](const auto& entry) {
    return entry.second.rank == rank && entry.second.lane == lane;
  };
  while (std::ranges::any_of(running_, is_taken)) ++lane;
  return lane;
}

void Trace::notify(const Event& event) {
  const std::pair<int, std::string> id{event.target_index, event.task};
  if (event.what == Event::What::task_started)
    running_[id] = {event.task, event.target, event.rank,  free_lane(event.rank),
                    event.threads, event.time, event.time, ""};
  if (event.what != Event::What::task_ended || !running_.contains(id)) return;
  Span span = running_.extract(id).mapped();
  span.end = event.time;
  span.state = to_string(event.outcome.state);
  ended_.push_back(std::move(span));
}

std::string Trace::json() const {
  nlohmann::json events = nlohmann::json::array();
  for (const Span& span : ended_)
    events.push_back({{"ph", "X"},
                      {"name", span.name},
                      {"cat", "task"},
                      {"pid", span.rank},
                      {"tid", span.lane},
                      {"ts", span.begin * 1e6},
                      {"dur", (span.end - span.begin) * 1e6},
                      {"args",
                       {{"target", span.target}, {"threads", span.threads}, {"outcome", span.state}}}});
  return nlohmann::json{{"traceEvents", events}, {"displayTimeUnit", "ms"}}.dump(1) + "\n";
}

}  // namespace foldstream::apps
