// What the readers of sequence files share: headers, and how a strange character is shown.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace foldstream::io {

/// The first word of a header, and what follows it.
struct Header {
  std::string_view name;
  std::string_view rest;
};

/// Splits what follows '>'.
Header split_header(std::string_view text);

/// "name description" on one line: line ends inside become blanks.
std::string header_line(std::string_view name, std::string_view description);

/// Whether there is nothing but spaces, tabs and carriage returns.
bool is_blank(std::string_view text);

/// The bytes of the UTF-8 character at the front; 0 if it is none.
std::size_t utf8_length(std::string_view text);

/// The offset of the first byte that is not UTF-8; npos if all is.
std::size_t find_invalid_utf8(std::string_view text);

/// The first character for a message: "'7'", "'é'", "a NUL byte", "byte 0xe9".
std::string shown(std::string_view text);

/// 1234567 as "1,234,567".
std::string with_commas(std::size_t number);

}  // namespace foldstream::io
