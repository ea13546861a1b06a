#include "characters.hpp"

#include <algorithm>

namespace foldstream::io {
namespace {

constexpr std::string_view blanks = " \t\r";

unsigned code_of(char c) { return static_cast<unsigned char>(c); }

}  // namespace

Header split_header(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
  const std::size_t end = std::min(text.find_first_of(blanks), text.size());
  Header header{text.substr(0, end), text.substr(end)};
  header.rest.remove_prefix(std::min(header.rest.find_first_not_of(blanks), header.rest.size()));
  header.rest.remove_suffix(header.rest.size() - (header.rest.find_last_not_of(blanks) + 1));
  return header;
}

std::string header_line(std::string_view name, std::string_view description) {
  std::string line(name);
  if (!description.empty()) line.append(1, ' ').append(description);
  std::replace(line.begin(), line.end(), '\n', ' ');
  std::replace(line.begin(), line.end(), '\r', ' ');
  return line;
}

bool is_blank(std::string_view text) {
  return text.find_first_not_of(blanks) == std::string_view::npos;
}

std::size_t utf8_length(std::string_view text) {
  if (text.empty()) return 0;
  const unsigned first = code_of(text[0]);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((code_of(text[i]) & 0xc0u) != 0x80) return 0;
  }
  // too long a form, a surrogate, or beyond the last code point
  const unsigned second = code_of(text[1]);
  const bool wrong = (first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
                     (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f);
  return wrong ? 0 : length;
}

std::size_t find_invalid_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = utf8_length(text.substr(i));
    if (length == 0) return i;
    i += length;
  }
  return std::string_view::npos;
}

std::string shown(std::string_view text) {
  if (text.empty()) return "the end";
  const unsigned code = code_of(text[0]);
  if (code == 0) return "a NUL byte";
  const std::size_t length = utf8_length(text);
  if (length != 0 && code >= ' ' && code != 0x7f) {
    return "'" + std::string(text.substr(0, length)) + "'";
  }
  constexpr std::string_view digits = "0123456789abcdef";
  return std::string("byte 0x") + digits[code / 16] + digits[code % 16];
}

std::string with_commas(std::size_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3;) text.insert(at -= 3, 1, ',');
  return text;
}

}  // namespace foldstream::io
