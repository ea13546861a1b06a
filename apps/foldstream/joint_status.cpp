#include "joint_status.hpp"

#include "lease_files.hpp"
#include "rank_files.hpp"

#include <algorithm>
#include <ctime>
#include <iterator>
#include <set>
#include <utility>

namespace foldstream::apps {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t longest_silence = 30;  // s; a status is written every second

bool is_live(const RunStatus& status) { return status.state == "running" && !is_silent(status); }

std::vector<std::pair<int, RunStatus>> statuses(const fs::path& out) {
  std::vector<std::pair<int, RunStatus>> all;
  for (const int job : jobs_of(out))
    if (const fs::path folder = job_folder(out, job); fs::exists(folder / "status.json"))
      all.emplace_back(job, read_status(folder));
  return all;
}

void add_lives(RunStatus& status, std::vector<Life>& lives) {
  for (Life& life : status.lives) {
    if (status.state == "running" && !is_live(status)) life.end = "lost";
    lives.push_back(std::move(life));
  }
}

void add(TaskCounts& sum, const TaskCounts& own, bool live) {
  sum.running += live ? own.running : 0;
  sum.done += own.done;
  sum.reused += own.reused;
  sum.failed += own.failed;
  sum.others += own.others;
  sum.seconds += own.seconds;
}

void clear_effort(RunStatus& sum) {
  sum.ranks = sum.threads = sum.devices = 0;
  sum.busy_seconds = sum.device_seconds = sum.seconds = 0;
}

/// Ranks, threads, devices and their time; `seconds` is the mean by threads.
void add_effort(RunStatus& sum, const RunStatus& own) {
  const double all = sum.seconds * sum.threads + own.seconds * own.threads;
  sum.ranks += own.ranks;
  sum.threads += own.threads;
  sum.devices += own.devices;
  sum.busy_seconds += own.busy_seconds;
  sum.device_seconds += own.device_seconds;
  sum.seconds = all / std::max(1, sum.threads);
}

/// What all jobs have brought to an end, and what those that live have done of the rest.
void count_targets(const fs::path& out, const std::vector<std::pair<int, RunStatus>>& all,
                   RunStatus& joint) {
  std::set<int> live;
  for (const auto& [job, status] : all) {
    if (!is_live(status)) continue;
    live.insert(job);
    joint.targets_done += status.targets_done;
    joint.targets_failed += status.targets_failed;
    joint.targets_running += status.targets_running;
  }
  for (const auto& [block, generation] : newest_leases(out)) {
    const nlohmann::json record = record_in(lease_file(out, block, generation));
    if (record.value("state", "") != "done" || live.contains(record.value("job", -1))) continue;
    const int failed = static_cast<int>(record.at("failed").size());
    joint.targets_failed += failed;
    joint.targets_done += record.at("targets").get<int>() - failed;
  }
}

/// @param all  of at least one job
RunStatus joint_status(const fs::path& out, std::vector<std::pair<int, RunStatus>> all) {
  RunStatus joint = all.back().second;
  joint.lives.clear();
  joint.tasks.clear();
  joint.failures.clear();
  joint.targets_done = joint.targets_failed = joint.targets_running = 0;
  clear_effort(joint);
  count_targets(out, all, joint);
  for (auto& [job, status] : all) {
    const bool live = is_live(status);
    joint.began_at = std::min(joint.began_at, status.began_at);
    joint.updated_at = std::max(joint.updated_at, status.updated_at);
    for (const auto& [name, counts] : status.tasks) add(joint.tasks[name], counts, live);
    std::ranges::move(status.failures, std::back_inserter(joint.failures));
    add_lives(status, joint.lives);
    if (live) add_effort(joint, status);
  }
  joint.state = joint.threads > 0 ? "running" : "drained";
  joint.fraction =
      static_cast<double>(joint.targets_done + joint.targets_failed) / std::max(1, joint.targets);
  joint.peak_bytes = largest_memory(out / "ranks");
  return joint;
}

}  // namespace

bool is_silent(const RunStatus& status) {
  return status.state == "running" && std::time(nullptr) - status.updated_at > longest_silence;
}

RunStatus campaign_status(const fs::path& out) {
  if (fs::exists(out / "status.json")) return read_status(out);
  std::vector<std::pair<int, RunStatus>> all = statuses(out);
  return all.empty() ? read_status(out) : joint_status(out, std::move(all));
}

std::vector<Life> joint_lives(const fs::path& out) {
  std::vector<Life> lives;
  for (auto& [job, status] : statuses(out)) add_lives(status, lives);
  for (Life& life : lives)
    if (life.end == "running") life.end = "lost";
  return lives;
}

void add_efforts(const fs::path& out, RunStatus& last) {
  clear_effort(last);
  for (const auto& [job, status] : statuses(out)) {
    add_effort(last, status);
    for (const auto& [name, own] : status.tasks) {
      TaskCounts& task = last.tasks[name];
      const int moved = std::min(task.reused, own.done);
      task.reused -= moved;
      task.done += moved;
      task.seconds += own.seconds;
    }
  }
}

}  // namespace foldstream::apps
