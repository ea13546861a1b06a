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
  if (event.what == Event::What::task_waiting)
    waiting_[id] = {event.text, event.target, event.rank, -1, 0, event.time, event.time, ""};
  if (event.what == Event::What::task_started) {
    if (auto wait = waiting_.extract(id)) {
      wait.mapped().end = event.time;
      waits_.push_back(wait.mapped());
      waits_.back().state = event.task;
    }
  }
  if (event.what == Event::What::task_started)
    running_[id] = {event.task, event.target, event.rank,  free_lane(event.rank),
                    event.threads, event.time, event.time, ""};
  const bool is_end =
      event.what == Event::What::task_ended || event.what == Event::What::task_retried;
  if (!is_end || !running_.contains(id)) return;
  Span span = running_.extract(id).mapped();
  span.end = event.time;
  span.state = event.what == Event::What::task_retried ? "retried" : to_string(event.outcome.state);
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
  int number = 0;
  for (const Span& wait : waits_)  // asynchronous events: they may overlap
    for (const char* phase : {"b", "e"})
      events.push_back({{"ph", phase},
                        {"name", "wait: " + wait.state},
                        {"cat", "wait"},
                        {"id", phase[0] == 'b' ? ++number : number},
                        {"pid", wait.rank},
                        {"ts", (phase[0] == 'b' ? wait.begin : wait.end) * 1e6},
                        {"dur", (wait.end - wait.begin) * 1e6},
                        {"args", {{"target", wait.target}, {"for", wait.name}}}});
  return nlohmann::json{{"traceEvents", events}, {"displayTimeUnit", "ms"}}.dump(1) + "\n";
}

}  // namespace foldstream::apps
