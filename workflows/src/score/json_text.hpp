// JSON text: the layout and the numbers of the JSON files that people read.
#pragma once

#include <nlohmann/json.hpp>

#include <string>

namespace foldstream::workflows::score {

/// Indented by two, but a list of plain values stays on one line; bytes that are no UTF-8 are
/// replaced; ends with a newline.
std::string format_json(const nlohmann::ordered_json& json);

/// `value` to this many decimals, so that the last bits of a computation do not reach a file; null
/// unless it is finite.
nlohmann::ordered_json rounded(double value, int decimals);

/// `value` with this many decimals, whatever the locale; "–" unless it is finite.
std::string fixed(double value, int decimals);

}  // namespace foldstream::workflows::score
