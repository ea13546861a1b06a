// Where a campaign stands whose folder several jobs share.
#pragma once

#include "run_status.hpp"

namespace foldstream::apps {

/// Of a job that writes its status no more it is not known what it does.
bool is_silent(const RunStatus& status);

/// The status of a campaign: what a run wrote of it, or, where jobs share the folder and have not
/// ended, that of all together. @throws as read_status.
RunStatus campaign_status(const std::filesystem::path& out);

/// The lives of all jobs that have shared a folder, once all have ended.
std::vector<Life> joint_lives(const std::filesystem::path& out);

/// Makes the status of the job that looked all results up that of the campaign: with the ranks and
/// the time of all jobs, and with the tasks that they computed.
void add_efforts(const std::filesystem::path& out, RunStatus& last);

}  // namespace foldstream::apps
