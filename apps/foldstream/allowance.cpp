#include "allowance.hpp"

#include "lease_files.hpp"
#include "site.hpp"

#include <foldstream/error.hpp>

#include <fmt/core.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include <algorithm>
#include <ctime>

namespace foldstream::apps {

std::string quota_reason(const RunStatus& now) {
  const double quota = site_profile().quota_device_seconds;
  return quota > 0 && now.device_seconds >= quota ? "quota of device seconds" : "";
}

void apply_quota(const CampaignOptions& asked, const Ranks& ranks, RankOptions& chosen) {
  const SiteProfile& site = site_profile();
  if (site.quota_threads > 0) {
    const int all = ranks.threads(asked.threads);
    if (asked.threads > 0 && all > site.quota_threads)
      throw Error(ErrorKind::InvalidArgument,
                  fmt::format("{} threads are more than this site lets a campaign have: {}. Ask "
                              "for fewer (--threads).",
                              all, site.quota_threads));
    chosen.threads = std::max(1, std::min(all, site.quota_threads) / ranks.size());
  }
  if (site.quota_memory_gb > 0) {
    if (asked.memory_gb > site.quota_memory_gb)
      throw Error(ErrorKind::InvalidArgument,
                  fmt::format("--memory {}: this site lets a rank have {} GB.", asked.memory_gb,
                              site.quota_memory_gb));
    if (asked.memory_gb == 0)
      chosen.memory_bytes = static_cast<std::uint64_t>(site.quota_memory_gb * 1e9);
  }
}

std::shared_ptr<TargetQuota> target_quota() {
  const SiteProfile& site = site_profile();
  if (site.quota_targets == 0) return nullptr;
  return std::make_shared<TargetQuota>(site.quota_folder, site.quota_targets);
}

void audit(const PreparedCampaign& campaign, const CampaignResult& result) {
  const std::filesystem::path& file = site_profile().audit;
  if (file.empty()) return;
  std::int64_t good = 0;
  for (const TargetOutcome& target : result.outcomes) good += target.is_good() ? 1 : 0;
  const nlohmann::json line = {
      {"ended_at", static_cast<std::int64_t>(std::time(nullptr))},
      {"uid", getuid()},
      {"host", host_name()},
      {"job", environment("SLURM_JOB_ID")},
      {"workflow", campaign.definition.name},
      {"input", std::filesystem::absolute(campaign.options.input).string()},
      {"out", std::filesystem::absolute(campaign.options.out).string()},
      {"targets", result.outcomes.size()},
      {"targets_done", good},
      {"ranks", result.ranks},
      {"seconds", result.seconds},
      {"work_thread_seconds", result.efficiency.work},
      {"energy", result.energy},
      {"end", result.was_interrupted ? "drained" : "ended"}};
  try {
    append_line(file, line.dump());
  } catch (const Error& error) {
    fmt::print(stderr, "no line in the site's audit file: {}\n", error.what());
  }
}

}  // namespace foldstream::apps
