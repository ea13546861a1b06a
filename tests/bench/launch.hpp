// Areas that need two ranks start this program again.
#pragma once

#include "areas.hpp"

#include <string>

namespace foldstream::bench {

/// Goes on as `foldstream-bench AREA` on two ranks. @throws Error{Io} if that does not start.
[[noreturn]] void start_on_ranks(const std::string& area, const AreaOptions& options);

/// The path of this program.
std::string own_program();

/// Whether a launcher has started this process as a rank.
bool is_rank();

}  // namespace foldstream::bench
