#include "run_store_record.hpp"

#include <algorithm>
#include <charconv>

namespace foldstream::io {

namespace {

/// Length of the UTF-8 sequence that starts `text`; 0 if it starts with none (overlong forms,
/// surrogates and code points past U+10FFFF are none).
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  const unsigned char next = byte(1);
  const bool is_wrong = (lead == 0xE0 && next < 0xA0) || (lead == 0xED && next > 0x9F) ||
                        (lead == 0xF0 && next < 0x90) || (lead == 0xF4 && next > 0x8F);
  return is_wrong ? 0 : length;
}

void append_escaped(std::string& out, char c) {
  constexpr char digits[] = "0123456789ABCDEF";
  const auto byte = static_cast<unsigned char>(c);
  out += {'%', digits[byte >> 4], digits[byte & 15]};
}

bool is_plain(char c) {
  return c != '/' && c != '%' && static_cast<unsigned char>(c) >= 0x20 && c != 0x7F;
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string escape_name(std::string_view name) {
  if (name.empty()) return "%";
  const bool is_dots = name == "." || name == "..";
  const auto is_as_it_is = [](char c) { return is_plain(c) && static_cast<signed char>(c) > 0; };
  std::string link;
  link.reserve(name.size());
  while (!name.empty()) {
    const auto run = std::ranges::find_if_not(name, is_as_it_is) - name.begin();
    const std::size_t length = run > 0 ? static_cast<std::size_t>(run) : utf8_length(name);
    if (length == 0 || is_dots || (length == 1 && !is_plain(name[0]))) {
      append_escaped(link, name[0]);
      name.remove_prefix(1);
    } else {
      link += name.substr(0, length);
      name.remove_prefix(length);
    }
  }
  return link;
}

std::string unescape_name(std::string_view link) {
  if (link == "%") return "";
  std::string name;
  for (std::size_t i = 0; i < link.size(); ++i) {
    if (link[i] != '%') {
      name += link[i];
      continue;
    }
    unsigned value = 0;
    const std::string_view digits = link.substr(i + 1, 2);
    const auto end = digits.data() + digits.size();
    if (digits.size() < 2 || std::from_chars(digits.data(), end, value, 16).ptr != end) break;
    name += static_cast<char>(value);
    i += 2;
  }
  if (escape_name(name) == link) return name;
  throw Error(ErrorKind::Parse, "'" + std::string(link) + "' is not an escaped name");
}

std::string task_path(std::string_view target, std::string_view task) {
  return "/targets/" + escape_name(target) + "/" + escape_name(task);
}

std::string field_path(const std::string& name, const Record& record) {
  std::string path;
  for (std::size_t from = 0;;) {
    const std::size_t slash = name.find('/', from);
    const std::size_t end = std::min(slash, name.size());
    if (end == from && name.find('/') != std::string::npos) return escape_name(name);
    path += escape_name(std::string_view(name).substr(from, end - from));
    if (slash == std::string::npos) return path;
    if (record.contains(name.substr(0, slash))) return escape_name(name);
    path += '/';
    from = slash + 1;
  }
}

Shape chunk_shape(const Shape& shape, std::size_t element_bytes) {
  constexpr std::int64_t limit = std::int64_t{4} << 20;
  Shape chunk(shape.size());
  std::transform(shape.begin(), shape.end(), chunk.begin(),
                 [](std::int64_t n) { return std::max<std::int64_t>(n, 1); });
  auto step = static_cast<std::int64_t>(element_bytes);  // bytes of one step along the axis
  for (std::size_t axis = chunk.size(); axis-- > 0;) {
    if (chunk[axis] <= limit / step) {
      step *= chunk[axis];
      continue;
    }
    const std::int64_t count = (chunk[axis] + limit / step - 1) / (limit / step);
    chunk[axis] = (chunk[axis] + count - 1) / count;  // even, so that the last is hardly padded
    std::fill_n(chunk.begin(), axis, 1);
    break;
  }
  return chunk;
}

std::vector<Piece> pieces_of(const Shape& shape, const Shape& chunk, std::size_t element_bytes) {
  std::vector<Piece> pieces;
  const auto total = static_cast<std::uint64_t>(element_count(shape)) * element_bytes;
  Shape at(shape.size(), 0);
  for (std::uint64_t first = 0; first < total;) {
    // contiguous up to the end of the cut axis or of the chunk, whichever comes first
    std::uint64_t bytes = element_bytes;
    for (std::size_t axis = shape.size(); axis-- > 0;) {
      bytes *= static_cast<std::uint64_t>(std::min(chunk[axis], shape[axis] - at[axis]));
    }
    pieces.push_back({at, first, bytes});
    first += bytes;
    for (std::size_t axis = shape.size(); axis-- > 0;) {
      at[axis] += chunk[axis];
      if (at[axis] < shape[axis]) break;
      at[axis] = 0;
    }
  }
  return pieces;
}

}  // namespace foldstream::io
