#include "report/markup.hpp"

#include <cmath>

namespace foldstream::workflows::report {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

/// Bytes of the valid UTF-8 sequence at the start of `text`; 0 if there is none.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t k) { return static_cast<unsigned char>(text[k]); };
  const unsigned first = byte(0);
  const std::size_t length = first < 0x80   ? 1
                             : first < 0xC2 ? 0
                             : first < 0xE0 ? 2
                             : first < 0xF0 ? 3
                             : first < 0xF5 ? 4
                                            : 0;
  if (length == 0 || length > text.size()) return 0;
  for (std::size_t k = 1; k < length; ++k)
    if ((byte(k) & 0xC0) != 0x80) return 0;
  const bool overlong = (first == 0xE0 && byte(1) < 0xA0) || (first == 0xF0 && byte(1) < 0x90);
  const bool surrogate = first == 0xED && byte(1) >= 0xA0;
  const bool beyond = first == 0xF4 && byte(1) >= 0x90;
  const bool not_a_character = first == 0xEF && byte(1) == 0xBF && byte(2) >= 0xBE;
  return overlong || surrogate || beyond || not_a_character ? 0 : length;
}

}  // namespace

std::string escape_html(std::string_view text) {
  std::string escaped;
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const std::string_view piece = text.substr(0, length);
    const unsigned char c = static_cast<unsigned char>(text[0]);
    text.remove_prefix(length == 0 ? 1 : length);
    if (c == '&')
      escaped += "&amp;";
    else if (c == '<')
      escaped += "&lt;";
    else if (c == '>')
      escaped += "&gt;";
    else if (c == '"')
      escaped += "&quot;";
    else if (c == '\'')
      escaped += "&#39;";
    else if (length == 0 || c == 0x7F || (c < 0x20 && c != '\t' && c != '\n'))
      escaped += replacement;
    else
      escaped += piece;
  }
  return escaped;
}

std::string link_to(std::string_view path) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string link;
  for (const char c : path) {
    const unsigned byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '/' || c == '.' || c == '_' || c == '-';
    if (plain)
      link += c;
    else
      link.append("%").append(1, digits[byte >> 4]).append(1, digits[byte & 15]);
  }
  return link;
}

std::string coordinate(double value) {
  std::string text = fixed(value, 2);
  while (text.find('.') != std::string::npos && (text.back() == '0' || text.back() == '.')) {
    const bool was_point = text.back() == '.';
    text.pop_back();
    if (was_point) break;
  }
  return text == "-0" ? "0" : text;
}

std::string duration(double seconds) {
  if (seconds < 59.95) return fixed(seconds, 1) + " s";
  const auto total = static_cast<long long>(std::llround(seconds));
  const auto two = [](long long value) {
    return join(value < 10 ? "0" : "", std::to_string(value));
  };
  if (total < 3600) return std::to_string(total / 60) + " min " + two(total % 60) + " s";
  return std::to_string(total / 3600) + " h " + two(total % 3600 / 60) + " min";
}

std::string_view plddt_class(double plddt) {
  return plddt >= 90 ? "vh" : plddt >= 70 ? "hi" : plddt >= 50 ? "lo" : "vl";
}

}  // namespace foldstream::workflows::report
