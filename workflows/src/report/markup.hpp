// Markup: pieces of HTML and SVG text.
#pragma once

#include "score/json_text.hpp"

#include <string>
#include <string_view>

namespace foldstream::workflows::report {

using score::fixed;

/// The parts one after the other.
template <class... Parts>
std::string join(const Parts&... parts) {
  std::string text;
  (text.append(parts), ...);
  return text;
}

/// `text` as character data or attribute value: & < > " ' become entities; control characters and
/// bytes that are no UTF-8 become U+FFFD, so that the page stays well-formed.
std::string escape_html(std::string_view text);

/// A relative path as a link: every byte that is not a letter, digit, '/', '.', '_' or '-' becomes
/// %XX, so that no path can name a scheme or leave its attribute.
std::string link_to(std::string_view path);

/// A coordinate in a picture: two decimals at most, no trailing zeros.
std::string coordinate(double value);

/// "12.3 s", "4 min 05 s", "2 h 03 min".
std::string duration(double seconds);

/// The class of a pLDDT: "vh" ≥ 90, "hi" ≥ 70, "lo" ≥ 50, else "vl".
std::string_view plddt_class(double plddt);

}  // namespace foldstream::workflows::report
