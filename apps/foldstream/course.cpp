#include "course.hpp"

#include "joint_status.hpp"
#include "lease_files.hpp"

#include <foldstream/error.hpp>

#include <string>

namespace foldstream::apps {

Course whole_course(const PreparedCampaign& campaign, const FailedTargets& known) {
  Course course{campaign.options.out, {}};
  std::vector<std::size_t> wanted;
  for (std::size_t i = 0; i < campaign.targets.good.size(); ++i) {
    const auto found = known.find(campaign.targets.good[i].sequence.name);
    if (found == known.end()) {
      wanted.push_back(i);
      continue;
    }
    course.known.push_back(found->second);
    course.known.back().index = static_cast<int>(i);
  }
  course.source = [&campaign, wanted, next = 0U]() mutable -> std::optional<Target> {
    if (next == wanted.size()) return std::nullopt;
    const std::size_t position = wanted[next++];
    return campaign.target(position, static_cast<int>(position));
  };
  return course;
}

Course shared_course(const PreparedCampaign& campaign, int job,
                     const std::shared_ptr<io::RunStore>& store) {
  std::vector<std::string> residues(campaign.targets.good.size());
  std::vector<std::size_t> numbers;
  for (const InputTarget& target : campaign.targets.good) {
    residues[target.number] = target.sequence.residues;
    numbers.push_back(target.number);
  }
  Course course{job_folder(campaign.options.out, job), {}};
  course.leases = std::make_shared<Leases>(
      campaign.options.out, job, lease_blocks(residues, numbers), campaign.options.lease_seconds);
  course.source = [&campaign, leases = course.leases, store,
                   index = 0]() mutable -> std::optional<Target> {
    const auto next = leases->next();
    if (!next) return std::nullopt;
    if (next->was_held) store->refresh();  // what the other job had finished is not computed again
    return campaign.target(next->target, index++);
  };
  return course;
}

std::optional<int> join_folder(const CampaignOptions& options, const Ranks& ranks) {
  const std::filesystem::path status = options.out / "status.json";
  if (!options.is_shared) {
    if (!std::filesystem::exists(status) && !jobs_of(options.out).empty() &&
        campaign_status(options.out).state == "running")
      throw Error(
          ErrorKind::InvalidArgument,
          options.out.string() + ": other jobs work on this folder. Give --share to join them.");
    return std::nullopt;
  }
  std::string job;
  if (ranks.rank() == 0) {
    job = std::to_string(Leases::begin_job(options.out, ranks.size()));
    std::filesystem::remove(status);  // from now on it is that of all jobs together
  }
  return number_in(ranks.gather(job).front());
}

int store_rank(const Ranks& ranks, std::optional<int> job) {
  constexpr int most_ranks = 1000;
  if (!job) return ranks.rank();
  if (ranks.size() > most_ranks)
    throw Error(ErrorKind::Unsupported, "--share: a job can have 1000 ranks at most.");
  return *job * most_ranks + ranks.rank();
}

}  // namespace foldstream::apps
