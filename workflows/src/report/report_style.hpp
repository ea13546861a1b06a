// Report style: the style sheet of the page.
#pragma once

#include <string_view>

namespace foldstream::workflows::report {

/// Plain CSS without '<', '&' or outside references; colours for light, dark and paper.
std::string_view report_style();

}  // namespace foldstream::workflows::report
