#include <foldstream/accounting.hpp>

#include <algorithm>

namespace foldstream {

void Accounting::notify(const Event& event) {
  const TaskId id{event.target_index, event.task};
  last_ = std::max(last_, event.time);
  switch (event.what) {
    case Event::What::task_waiting:
      waiting_[id] = {event.time, event.time, event.text};
      break;
    case Event::What::task_started:
      running_[id] = {event.time, event.time, std::max(1, event.threads)};
      if (auto waited = waiting_.extract(id)) {
        waited.mapped().end = event.time;
        waits_.push_back(waited.mapped());
      }
      break;
    case Event::What::task_retried:
      end(id, event, true);
      break;
    case Event::What::task_ended:
      end(id, event, event.outcome.state == State::failed);
      break;
    case Event::What::target_ended:
      end_target(event.target_index);
      break;
    default:
      break;
  }
}

void Accounting::end(const TaskId& id, const Event& event, bool is_failed) {
  auto node = running_.extract(id);
  if (!node) return;
  Span span = node.mapped();
  span.end = std::max(span.begin, event.time);
  seconds_[id.first][id.second] += span.end - span.begin;
  if (is_failed) failed_ += (span.end - span.begin) * span.threads;
  spans_.push_back(span);
}

/// The longest chain of its tasks.
void Accounting::end_target(int target) {
  const auto node = seconds_.extract(target);
  if (!node) return;
  std::vector<double> ends(graph_.task_count(), 0);
  for (const int task : order_) {
    double begin = 0;
    const auto after = [&](int other) {
      begin = std::max(begin, ends[static_cast<std::size_t>(other)]);
    };
    for (const int edge : graph_.incoming(task))
      after(graph_.edges()[static_cast<std::size_t>(edge)].from_task);
    if (const auto& guard = graph_.guard(task)) after(guard->from_task);
    const auto taken = node.mapped().find(graph_.tasks()[static_cast<std::size_t>(task)]->name);
    double& end = ends[static_cast<std::size_t>(task)];
    end = begin + (taken == node.mapped().end() ? 0 : taken->second);
    critical_path_ = std::max(critical_path_, end);
  }
}

Efficiency Accounting::efficiency(int threads) const {
  Efficiency all;
  all.threads = std::max(1, threads);
  all.makespan = last_;
  all.failed_work = failed_;
  all.critical_path = critical_path_;
  for (const Span& span : spans_) all.work += (span.end - span.begin) * span.threads;
  all.lower_bound = std::max(all.critical_path, all.work / all.threads);
  all.idle = idle(all.threads);
  return all;
}

/// Goes through the times at which something changed.
std::map<std::string, double> Accounting::idle(int threads) const {
  struct Change {
    int running = 0;
    std::map<std::string, int> waiting = {};
  };
  std::map<double, Change> changes = {{0, {}}, {last_, {}}};
  double last_begin = 0;
  for (const Span& span : spans_) {
    changes[span.begin].running += span.threads;
    changes[span.end].running -= span.threads;
    last_begin = std::max(last_begin, span.begin);
  }
  for (const Wait& wait : waits_) {
    ++changes[wait.begin].waiting[wait.what];
    --changes[wait.end].waiting[wait.what];
  }
  std::map<std::string, double> idle;
  Change now;
  for (auto at = changes.begin(); std::next(at) != changes.end(); ++at) {
    now.running += at->second.running;
    for (const auto& [what, change] : at->second.waiting) now.waiting[what] += change;
    const double seconds = std::max(0, threads - now.running) * (std::next(at)->first - at->first);
    if (seconds <= 0) continue;
    const auto cause =
        std::ranges::find_if(now.waiting, [](const auto& one) { return one.second > 0; });
    const char* otherwise = at->first >= last_begin ? "tail" : "data";
    idle[cause != now.waiting.end() ? cause->first : otherwise] += seconds;
  }
  return idle;
}

}  // namespace foldstream
