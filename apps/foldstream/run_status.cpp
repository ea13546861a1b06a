#include "run_status.hpp"

#include "progress.hpp"
#include "rank_files.hpp"

#include <foldstream/error.hpp>
#include <foldstream/io/text_file.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <ctime>

namespace foldstream::apps {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr const char* file_name = "status.json";
constexpr std::size_t most_failures = 10'000;

Json json_of(const TaskCounts& task, const std::string& name, int targets) {
  const int ended = task.done + task.reused + task.failed + task.others;
  return {{"task", name},           {"waiting", std::max(0, targets - ended - task.running)},
          {"running", task.running}, {"done", task.done},
          {"reused", task.reused},   {"failed", task.failed},
          {"others", task.others},   {"seconds", task.seconds}};
}

Json json_of(const Life& life) {
  return {{"began_at", life.began_at}, {"ended_at", life.ended_at}, {"end", life.end},
          {"cause", life.cause},       {"job", life.job},           {"computed", life.computed},
          {"drain_seconds", life.drain_seconds}};
}

Life life_of(const Json& json) {
  return {json.at("began_at"), json.at("ended_at"), json.at("end"),
          json.at("cause"),    json.at("job"),      json.at("computed"),
          json.at("drain_seconds")};
}

}  // namespace

std::string life_text(const Life& life) {
  std::string cause = life.cause;
  if (life.drain_seconds > 0) cause += fmt::format(", in {:.1f} s", life.drain_seconds);
  return fmt::format("{}{} after {}, {} tasks computed{}", life.end,
                     cause.empty() ? "" : " (" + cause + ")",
                     clock_text(static_cast<double>(life.ended_at - life.began_at)), life.computed,
                     life.job.empty() ? "" : ", job " + life.job);
}

double RunStatus::eta() const {
  if (state != "running") return 0;
  if (fraction < 0.02) return -1;
  return seconds * (1 - fraction) / fraction;
}

double RunStatus::device_busy_share() const {
  return devices == 0 ? 0 : std::min(1.0, device_seconds / std::max(1e-9, seconds * devices));
}

Json to_json(const RunStatus& status) {
  Json tasks = Json::array(), failures = Json::array(), lives = Json::array();
  for (const std::string& name : status.order) {
    const auto found = status.tasks.find(name);
    tasks.push_back(
        json_of(found == status.tasks.end() ? TaskCounts() : found->second, name, status.targets));
  }
  for (const FailedTask& failure : status.failures)
    failures.push_back({{"target", failure.target},
                        {"task", failure.task},
                        {"kind", failure.kind},
                        {"message", failure.message}});
  for (const Life& life : status.lives) lives.push_back(json_of(life));
  const double capacity = std::max(1e-9, status.seconds * status.threads);
  Json json = {{"state", status.state},
               {"workflow", status.workflow},
               {"input", status.input},
               {"began_at", status.began_at},
               {"updated_at", status.updated_at},
               {"ranks", status.ranks},
               {"threads", status.threads},
               {"devices", status.devices},
               {"targets",
                {{"all", status.targets},
                 {"done", status.targets_done},
                 {"failed", status.targets_failed},
                 {"running", status.targets_running},
                 {"refused", status.targets_refused}}},
               {"tasks", tasks},
               {"device_tasks", status.device_tasks},
               {"device_seconds", status.device_seconds},
               {"device_busy_share", status.device_busy_share()},
               {"busy_thread_seconds", status.busy_seconds},
               {"busy_share", std::min(1.0, status.busy_seconds / capacity)},
               {"seconds", status.seconds},
               {"fraction", status.fraction},
               {"peak_bytes", status.peak_bytes},
               {"failures", failures},
               {"lives", lives}};
  if (status.eta() >= 0) json["eta_seconds"] = status.eta();
  return json;
}

RunStatus status_of(const Json& json) {
  RunStatus status;
  status.state = json.at("state");
  status.workflow = json.at("workflow");
  status.input = json.at("input");
  status.began_at = json.at("began_at");
  status.updated_at = json.at("updated_at");
  status.ranks = json.at("ranks");
  status.threads = json.at("threads");
  status.devices = json.at("devices");
  status.device_tasks = json.at("device_tasks").get<std::set<std::string>>();
  status.device_seconds = json.at("device_seconds");
  const Json& targets = json.at("targets");
  status.targets = targets.at("all");
  status.targets_done = targets.at("done");
  status.targets_failed = targets.at("failed");
  status.targets_running = targets.at("running");
  status.targets_refused = targets.at("refused");
  for (const Json& task : json.at("tasks")) {
    status.order.push_back(task.at("task"));
    status.tasks[task.at("task")] = {task.at("running"), task.at("done"),   task.at("reused"),
                                     task.at("failed"),  task.at("others"), task.at("seconds")};
  }
  status.busy_seconds = json.at("busy_thread_seconds");
  status.seconds = json.at("seconds");
  status.fraction = json.at("fraction");
  for (const Json& failure : json.at("failures"))
    status.failures.push_back({failure.at("target"), failure.at("task"), failure.at("kind"),
                               failure.at("message")});
  for (const Json& life : json.at("lives")) status.lives.push_back(life_of(life));
  return status;
}

RunStatus read_status(const fs::path& out) {
  const fs::path file = out / file_name;
  if (!fs::exists(file))
    throw Error(ErrorKind::NotFound,
                out.string() + ": holds no status.json. Name the folder that '--out' of the run named" +
                    (fs::exists(out / "input.json") ? "; its run has not begun yet." : "."));
  try {
    RunStatus status = status_of(Json::parse(io::read_text_file(file)));
    status.peak_bytes = largest_memory(out / "ranks");
    return status;
  } catch (const Json::exception& error) {
    throw Error(ErrorKind::Parse, file.string() + ": " + error.what() +
                                      ". Remove it; the run's results are not in it.");
  }
}

void write_status(const fs::path& out, const RunStatus& status) {
  io::write_file_atomically(out / file_name, to_json(status).dump(1) + "\n");
}

void StatusCounter::count_target(const Outcome& worst) {
  if (worst.is_good())
    ++status_.targets_done;
  else if (worst.state != State::cancelled)
    ++status_.targets_failed;
}

void StatusCounter::count(const std::string& target, const std::string& task,
                          const Outcome& outcome) {
  TaskCounts& counts = status_.tasks[task];
  switch (outcome.state) {
    case State::done:
      ++counts.done;
      counts.seconds += outcome.seconds;
      return;
    case State::reused: ++counts.reused; return;
    case State::failed:
      ++counts.failed;
      if (status_.failures.size() < most_failures)
        status_.failures.push_back(
            {target, task, std::string(to_string(outcome.kind)), outcome.message});
      return;
    case State::waiting: return;
    default: ++counts.others;
  }
}

void StatusCounter::notify(const Event& event) {
  using What = Event::What;
  if (event.what == What::target_started) ++status_.targets_running;
  if (event.what == What::target_ended) {
    --status_.targets_running;
    count_target(event.outcome);
  }
  // elements of lists have a '[' in their names
  if (std::ranges::find(status_.order, event.task) == status_.order.end()) return;
  const TaskId id{event.target_index, event.task};
  TaskCounts& task = status_.tasks[event.task];
  if (event.what == What::task_started) {
    running_[id] = {event.time, std::max(1, event.threads)};
    ++task.running;
  }
  if (event.what != What::task_ended && event.what != What::task_retried) return;
  if (const auto span = running_.find(id); span != running_.end()) {
    const double seconds = event.time - span->second.begin;
    status_.busy_seconds += seconds * span->second.threads;
    if (status_.device_tasks.contains(event.task)) status_.device_seconds += seconds;
    --task.running;
    running_.erase(span);
  }
  if (event.what == What::task_ended) count(event.target, event.task, event.outcome);
}

void StatusCounter::recount(const std::vector<TargetOutcome>& outcomes) {
  running_.clear();
  status_.tasks.clear();
  status_.failures.clear();
  status_.targets_running = status_.targets_done = status_.targets_failed = 0;
  for (const TargetOutcome& target : outcomes) {
    count_target(target.worst());
    for (std::size_t i = 0; i < target.tasks.size(); ++i)
      count(target.name, status_.order[i], target.tasks[i]);
  }
}

RunStatus StatusCounter::status(double seconds, double fraction) const {
  RunStatus now = status_;
  now.updated_at = std::time(nullptr);
  now.seconds = seconds;
  now.fraction = fraction;
  for (const auto& [id, span] : running_) {
    const double so_far = std::max(0.0, seconds - span.begin);
    now.busy_seconds += so_far * span.threads;
    if (now.device_tasks.contains(id.second)) now.device_seconds += so_far;
  }
  if (!now.lives.empty()) {
    now.lives.back().ended_at = now.updated_at;
    for (const auto& [name, task] : now.tasks) now.lives.back().computed += task.done;
  }
  return now;
}

}  // namespace foldstream::apps
