// What the loss of a rank costs a run.
#pragma once

#include "bar.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace foldstream::bench {

/// Starts jobs of three ranks, of which one is killed: an ordinary one, then the coordinating one.
/// Tells how long the others need to notice, and until the work of the lost one is begun again. None
/// if the launcher lets no rank survive.
std::vector<Bar> loss_bars(bool quick);

/// A rank of such a job: rank `victim` kills itself. Each writes what happens into `folder`.
[[noreturn]] void be_lost_or_survive(int victim, const std::filesystem::path& folder);

}  // namespace foldstream::bench
