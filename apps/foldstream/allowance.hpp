// Allowance: what the site lets a campaign have, and the line that it gets for it.
#pragma once

#include "campaign.hpp"
#include "prepared_campaign.hpp"
#include "target_quota.hpp"

#include <memory>
#include <string>

namespace foldstream::apps {

/// Why the site's quota ends the run now; empty: it does not.
std::string quota_reason(const RunStatus& now);
/// What the site lets one campaign have. @throws Error{InvalidArgument} if more was asked for.
void apply_quota(const CampaignOptions& asked, const Ranks& ranks, RankOptions& chosen);
/// Of all campaigns of the account; null: none.
std::shared_ptr<TargetQuota> target_quota();
/// A line for the site: who ran what, and what it took. A run is not lost for it.
void audit(const PreparedCampaign& campaign, const CampaignResult& result);

}  // namespace foldstream::apps
