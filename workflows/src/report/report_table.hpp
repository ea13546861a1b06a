// Report table: the rows of the page's table and the key to its colours.
#pragma once

#include <foldstream/workflows/report/report.hpp>

#include <string>
#include <vector>

namespace foldstream::workflows::report {

/// Whether pictures of target number `index` are on the page.
bool is_detailed(const Report& report, std::size_t index);

/// "good", "bad" or "": the class of an outcome.
std::string outcome_class(const std::string& outcome);

/// The table of all targets with the key to the stages below it.
std::string format_table(const Report& report);

}  // namespace foldstream::workflows::report
