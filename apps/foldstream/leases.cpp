#include "leases.hpp"

#include "lease_files.hpp"

#include <foldstream/error.hpp>

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <thread>
#include <unordered_map>

namespace foldstream::apps {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr std::size_t most_blocks = 512;
constexpr int report_block = most_blocks;  // the right to write the report
constexpr const char* no_block = "end";
constexpr double odd_silence = 5;  // s; a job that lives writes its status every second

/// What a job says of itself when it begins.
Json identity(int ranks) {
  return {{"host", host_name()},
          {"pid", static_cast<std::int64_t>(getpid())},
          {"ranks", ranks},
          {"job", environment("SLURM_JOB_ID")},
          {"cluster", environment("SLURM_CLUSTER_NAME")},
          {"restart", number_in(environment("SLURM_RESTART_COUNT")).value_or(0)},
          {"began_at", static_cast<std::int64_t>(std::time(nullptr))}};
}

/// Its process or its job is known to be over, without a wait.
bool is_known_over(const Json& other) {
  if (!other.is_object()) return false;
  if (other.value("ranks", 0) == 1 && other.value("host", "") == host_name() &&
      kill(static_cast<pid_t>(other.value("pid", std::int64_t{1})), 0) != 0 && errno == ESRCH)
    return true;
  const std::string job = environment("SLURM_JOB_ID");
  return !job.empty() && other.value("job", "") == job &&
         other.value("cluster", "") == environment("SLURM_CLUSTER_NAME") &&
         other.value("restart", 0) < number_in(environment("SLURM_RESTART_COUNT")).value_or(0);
}

Json json_of(const TargetOutcome& target) {
  Json tasks = Json::array();
  for (const Outcome& task : target.tasks)
    tasks.push_back({{"state", static_cast<int>(task.state)},
                     {"kind", static_cast<int>(task.kind)},
                     {"message", task.message},
                     {"seconds", task.seconds},
                     {"key", task.key ? to_string(*task.key) : ""}});
  return {{"name", target.name}, {"tasks", tasks}};
}

TargetOutcome outcome_of(const Json& json) {
  TargetOutcome target;
  target.name = json.at("name");
  for (const Json& task : json.at("tasks")) {
    Outcome outcome;
    outcome.state = static_cast<State>(task.at("state").get<int>());
    outcome.kind = static_cast<ErrorKind>(task.at("kind").get<int>());
    outcome.message = task.at("message");
    outcome.seconds = task.at("seconds");
    const std::string key = task.at("key");
    if (!key.empty()) outcome.key = parse_key(key);
    target.tasks.push_back(std::move(outcome));
  }
  return target;
}

}  // namespace

std::vector<LeaseBlock> lease_blocks(const std::vector<std::string>& residues_by_number,
                                     const std::vector<std::size_t>& numbers_in_order) {
  const std::size_t count = residues_by_number.size();
  const std::size_t size = (count + most_blocks - 1) / most_blocks;
  std::unordered_map<std::string_view, int> block_of;
  std::vector<int> block_by_number(count);
  for (std::size_t i = 0; i < count; ++i)
    block_by_number[i] =
        block_of.emplace(residues_by_number[i], static_cast<int>(i / size)).first->second;
  std::vector<LeaseBlock> blocks;
  std::map<int, std::size_t> place;
  for (std::size_t position = 0; position < numbers_in_order.size(); ++position) {
    const int number = block_by_number[numbers_in_order[position]];
    const auto [found, is_new] = place.emplace(number, blocks.size());
    if (is_new) blocks.push_back({number, {}});
    blocks[found->second].targets.push_back(position);
  }
  // within a block as in the input: jobs on other machines may estimate otherwise
  for (LeaseBlock& block : blocks)
    std::ranges::sort(block.targets, {}, [&](std::size_t at) { return numbers_in_order[at]; });
  return blocks;
}

int Leases::begin_job(const fs::path& out, int ranks) {
  fs::create_directories(out / "leases");
  fs::create_directories(out / "jobs");
  for (int job = 0; job < 10'000; ++job) {
    if (!fs::create_directory(job_folder(out, job))) continue;
    fs::create_directory(job_folder(out, job) / "claims");
    publish_once(job_folder(out, job) / "job.json", identity(ranks).dump() + "\n");
    return job;
  }
  throw Error(ErrorKind::Io, (out / "jobs").string() + ": 10,000 jobs have worked on this folder.");
}

Leases::Leases(fs::path out, int job, std::vector<LeaseBlock> blocks, double silence_seconds)
    : out_(std::move(out)),
      job_(job),
      blocks_(std::move(blocks)),
      silence_seconds_(silence_seconds) {
  for (std::size_t i = 0; i < blocks_.size(); ++i) place_[blocks_[i].number] = i;
  look();
}

fs::path Leases::folder() const { return job_folder(out_, job_); }

fs::path Leases::claim_file(std::size_t number) const {
  return folder() / "claims" / fmt::format("{:06}", number);
}

/// By block; blocks that no job has had are absent.
std::map<int, Leases::Lease> Leases::latest() {
  const std::map<int, int> generations = newest_leases(out_);
  for (const auto& [block, generation] : generations) {
    Lease& lease = known_.emplace(block, Lease{-1, "", -1}).first->second;
    if (lease.generation >= generation) continue;
    const Json json = record_in(lease_file(out_, block, generation));
    lease = {generation, json.value("state", ""), json.value("job", -1)};
  }
  return known_;
}

/// That of a block in `all`; free where no job has had it.
Leases::Lease Leases::of(const std::map<int, Lease>& all, int block) {
  const auto found = all.find(block);
  return found == all.end() ? Lease{-1, "free", -1} : found->second;
}

/// Whether this job came first.
bool Leases::lease(int block, const Lease& before, const std::string& state, Json more) {
  Json json = {{"state", state}, {"job", job_}};
  if (!more.is_null()) json.update(more);
  const int generation = before.generation + 1;
  if (!publish_once(lease_file(out_, block, generation), json.dump() + "\n")) return false;
  known_[block] = {generation, state, job_};  // a listing of the folder may lag behind
  return true;
}

Json Leases::record(int block, const Lease& lease) const {
  return record_in(lease_file(out_, block, lease.generation));
}

void Leases::watch() {
  // one that waits for a block looks itself
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (lock) look();
}

void Leases::look() {
  for (const int job : jobs_of(out_)) {
    if (job == job_) continue;
    const std::string content = content_of(job_folder(out_, job) / "status.json").value_or("");
    const auto [found, is_new] = seen_.emplace(job, Seen{content, Clock::now()});
    if (is_new || found->second.content == content) continue;
    found->second = {content, Clock::now()};
  }
}

double Leases::silence_of(int job) const {
  const auto found = seen_.find(job);  // absent: it came after the last look
  return found == seen_.end()
             ? 0
             : std::chrono::duration<double>(Clock::now() - found->second.changed).count();
}

bool Leases::is_gone(int job) {
  const auto found = seen_.find(job);
  if (found == seen_.end()) return false;  // it came after the last look
  const Json status = parsed(found->second.content);
  if (status.is_object() && status.value("state", "running") != "running") return true;
  if (silence_of(job) > silence_seconds_) return true;
  return is_known_over(parsed(content_of(job_folder(out_, job) / "job.json").value_or("")));
}

/// A block that this job holds from now on; those that nobody had come first.
std::optional<int> Leases::lease_some() {
  const std::map<int, Lease> all = latest();
  for (const bool from_others : {false, true})
    for (const LeaseBlock& block : blocks_) {
      const Lease before = of(all, block.number);
      const bool is_held = before.state == "held";
      if (before.state == "done" || is_held != from_others) continue;
      if (is_held && (before.job == job_ || !is_gone(before.job))) continue;
      if (lease(block.number, before, "held")) return block.number;
    }
  return std::nullopt;
}

std::optional<std::string> Leases::read_claim(std::size_t number) const {
  return content_of(claim_file(number));
}

/// Whether a job holds some that may soon be known to be gone.
bool Leases::may_get_more() {
  return !is_stopped_ && std::ranges::any_of(latest(), [&](const auto& entry) {
    const Lease& lease = entry.second;
    return lease.state == "held" && lease.job != job_ && silence_of(lease.job) > odd_silence;
  });
}

/// Any rank of the job may make the next entry of its log; the others read it.
std::string Leases::make_claim() {
  const std::size_t number = claimed_.size();
  while (true) {
    const std::optional<int> block = lease_some();
    if (!block && may_get_more()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(500));
      look();
      if (const auto made = read_claim(number)) return *made;
      continue;
    }
    const std::string text = block ? std::to_string(*block) : no_block;
    if (publish_once(claim_file(number), text)) return text;
    if (block) lease(*block, of(latest(), *block), "free");
    if (const auto made = read_claim(number)) return *made;
  }
}

/// Reads or makes the next entry of the job's log; false at the end.
bool Leases::advance() {
  if (has_ended_) return false;
  const auto made = read_claim(claimed_.size());
  const std::string text = made ? *made : make_claim();
  has_ended_ = text == no_block;
  if (has_ended_) return false;
  const int block = number_in(text).value_or(-1);
  const auto place = place_.find(block);
  if (place == place_.end())
    throw Error(ErrorKind::Parse,
                claim_file(claimed_.size()).string() + ": names no block of this input.");
  claimed_.push_back(block);
  if (of(latest(), block).generation > 0) taken_over_.insert(block);
  const auto& targets = blocks_[place->second].targets;
  order_.insert(order_.end(), targets.begin(), targets.end());
  return true;
}

std::optional<Leases::Next> Leases::next() {
  const std::scoped_lock lock(mutex_);
  while (given_ == order_.size())
    if (is_stopped_ || !advance()) return std::nullopt;
  const std::size_t target = order_[given_++];
  return Next{target, taken_over_.contains(claimed_.back())};
}

std::vector<std::size_t> Leases::order() {
  const std::scoped_lock lock(mutex_);
  while (!has_ended_ && read_claim(claimed_.size()) && advance()) {
  }
  return order_;
}

bool Leases::has_lost() {
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock) return false;  // one that waits for a block holds it; the next look will tell
  const std::map<int, Lease> all = latest();
  return std::ranges::any_of(claimed_, [&](int block) {
    const Lease lease = of(all, block);
    return lease.generation >= 0 && lease.job != job_;
  });
}

void Leases::settle(const std::vector<TargetOutcome>& outcomes) {
  std::map<std::size_t, const TargetOutcome*> by_target;
  for (const TargetOutcome& outcome : outcomes)
    by_target[static_cast<std::size_t>(outcome.index)] = &outcome;
  const std::scoped_lock lock(mutex_);
  for (const auto& [number, before] : latest()) {
    if (before.state != "held" || before.job != job_) continue;
    const auto place = place_.find(number);
    if (place == place_.end()) continue;  // of the report
    Json failed = Json::array();
    bool is_done = true;
    for (const std::size_t target : blocks_[place->second].targets) {
      const auto found = by_target.find(target);
      const bool has_ended =
          found != by_target.end() &&
          std::ranges::none_of(found->second->tasks, [](const Outcome& task) {
            return task.state == State::cancelled || task.state == State::waiting;
          });
      is_done = is_done && has_ended;
      if (has_ended && !found->second->is_good()) failed.push_back(json_of(*found->second));
    }
    const std::size_t count = blocks_[place->second].targets.size();
    if (is_done)
      lease(number, before, "done", {{"targets", count}, {"failed", failed}});
    else
      lease(number, before, "free");
  }
}

void Leases::reopen_failed() {
  const std::scoped_lock lock(mutex_);
  for (const auto& [number, before] : latest())
    if (before.state == "done" && !record(number, before).at("failed").empty())
      lease(number, before, "free");
}

bool Leases::has_company() {
  const std::scoped_lock lock(mutex_);
  look();
  return std::ranges::any_of(seen_, [&](const auto& other) { return !is_gone(other.first); });
}

bool Leases::begin_report() {
  const std::scoped_lock lock(mutex_);
  const Lease before = of(latest(), report_block);
  if (before.state == "held" && !is_gone(before.job)) return false;
  return lease(report_block, before, "held");
}

void Leases::end_report() {
  const std::scoped_lock lock(mutex_);
  lease(report_block, of(latest(), report_block), "free");
}

FailedTargets Leases::failed() {
  const std::scoped_lock lock(mutex_);
  FailedTargets all;
  for (const auto& [block, lease] : latest()) {
    if (lease.state != "done") continue;
    const Json json = record(block, lease);
    for (const Json& failed : json.at("failed")) {
      TargetOutcome outcome = outcome_of(failed);
      const std::string name = outcome.name;
      all[name] = std::move(outcome);
    }
  }
  return all;
}

}  // namespace foldstream::apps
