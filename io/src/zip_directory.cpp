#include "zip_directory.hpp"

#include <foldstream/error.hpp>

#include <zlib.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

namespace foldstream::io {
namespace {

constexpr std::uint32_t end_mark = 0x06054b50, end64_mark = 0x06064b50, locator_mark = 0x07064b50,
                        central_mark = 0x02014b50, local_mark = 0x04034b50;
constexpr std::size_t end_bytes = 22, end64_bytes = 56, locator_bytes = 20, central_bytes = 46,
                      local_bytes = 30;
constexpr std::uint64_t large = std::uint64_t{1} << 30;  // below, any ratio is fine
constexpr std::uint64_t highest_ratio = 100;

[[noreturn]] void damaged(const std::string& file, const std::string& what) {
  throw Error(ErrorKind::Parse, file + ": " + what + " The file is damaged; copy or make it again.");
}

/// Little-endian numbers at places that are checked.
class Bytes {
 public:
  Bytes(std::span<const std::byte> bytes, const std::string& file) : bytes_(bytes), file_(file) {}

  std::uint64_t size() const { return bytes_.size(); }
  template <class T>
  T number(std::uint64_t at) const {
    check(at, sizeof(T));
    T value = 0;
    for (std::size_t i = sizeof(T); i-- > 0;)
      value = static_cast<T>(static_cast<std::uint64_t>(value) << 8U |
                             std::to_integer<std::uint64_t>(bytes_[at + i]));
    return value;
  }
  std::string text(std::uint64_t at, std::uint64_t length) const {
    check(at, length);
    return {reinterpret_cast<const char*>(bytes_.data()) + at, static_cast<std::size_t>(length)};
  }
  void check(std::uint64_t at, std::uint64_t length) const {
    if (at > bytes_.size() || length > bytes_.size() - at)
      damaged(file_, "its directory points past its " + std::to_string(bytes_.size()) + " bytes.");
  }

 private:
  std::span<const std::byte> bytes_;
  const std::string& file_;
};

struct Directory {
  std::uint64_t at = 0;
  std::uint64_t entries = 0;
};

Directory find_directory(const Bytes& bytes, const std::string& file) {
  if (bytes.size() < end_bytes) damaged(file, "it is too short for a zip file.");
  const std::uint64_t earliest = bytes.size() - std::min<std::uint64_t>(bytes.size(), end_bytes + 0xffff);
  for (std::uint64_t at = bytes.size() - end_bytes + 1; at-- > earliest;) {
    if (bytes.number<std::uint32_t>(at) != end_mark) continue;
    Directory found{bytes.number<std::uint32_t>(at + 16), bytes.number<std::uint16_t>(at + 10)};
    const bool is_wide = found.at == 0xffffffff || found.entries == 0xffff ||
                         bytes.number<std::uint32_t>(at + 12) == 0xffffffff;
    if (!is_wide) return found;
    if (at < locator_bytes || bytes.number<std::uint32_t>(at - locator_bytes) != locator_mark)
      damaged(file, "it has no zip64 directory although it needs one.");
    const auto wide = bytes.number<std::uint64_t>(at - locator_bytes + 8);
    bytes.check(wide, end64_bytes);
    if (bytes.number<std::uint32_t>(wide) != end64_mark)
      damaged(file, "its zip64 directory is not where it is said to be.");
    return {bytes.number<std::uint64_t>(wide + 48), bytes.number<std::uint64_t>(wide + 32)};
  }
  damaged(file, "it begins as a zip file but has no directory at its end: it is cut short.");
}

/// Sizes and the place of a local header, some of them in the zip64 field.
struct Central {
  std::uint64_t bytes = 0, size = 0, local = 0;
};

Central read_central(const Bytes& bytes, std::uint64_t at, std::uint64_t extra,
                     std::uint64_t extra_bytes, const std::string& file) {
  Central entry{bytes.number<std::uint32_t>(at + 20), bytes.number<std::uint32_t>(at + 24),
                bytes.number<std::uint32_t>(at + 42)};
  const std::uint64_t end = extra + extra_bytes;
  while (extra + 4 <= end) {
    const auto kind = bytes.number<std::uint16_t>(extra);
    const auto length = bytes.number<std::uint16_t>(extra + 2);
    std::uint64_t field = extra + 4;
    extra = field + length;
    if (extra > end) damaged(file, "an extra field of its directory is cut short.");
    if (kind != 1) continue;
    for (std::uint64_t* value : {&entry.size, &entry.bytes, &entry.local}) {
      if (*value != 0xffffffff) continue;
      if (field + 8 > extra) damaged(file, "a zip64 field of its directory is cut short.");
      *value = bytes.number<std::uint64_t>(field);
      field += 8;
    }
  }
  return entry;
}

void check_kind(std::uint16_t flags, std::uint16_t method, const std::string& name,
                const std::string& file) {
  if ((flags & 1U) != 0)
    throw Error(ErrorKind::Unsupported, file + ": '" + name + "' is encrypted. Unpack it first.");
  if (method != 0 && method != 8)
    throw Error(ErrorKind::Unsupported, file + ": '" + name + "' is compressed by method " +
                                            std::to_string(method) +
                                            "; only stored and deflated entries are read.");
}

void check_sizes(const ZipEntry& entry, const std::string& name, const std::string& file) {
  if (!entry.is_deflated && entry.bytes != entry.size)
    damaged(file, "'" + name + "' is stored, but in " + std::to_string(entry.bytes) +
                      " bytes where " + std::to_string(entry.size) + " are said.");
  if (entry.is_deflated && entry.size > large && entry.size / highest_ratio > entry.bytes)
    throw Error(ErrorKind::Parse, file + ": '" + name + "' would unpack " +
                                      std::to_string(entry.bytes) + " bytes to " +
                                      std::to_string(entry.size) +
                                      ": no weights do. Refused as a zip bomb.");
}

}  // namespace

ZipEntries read_zip_directory(std::span<const std::byte> all, const std::string& file) {
  const Bytes bytes(all, file);
  const Directory directory = find_directory(bytes, file);
  ZipEntries entries;
  std::uint64_t at = directory.at;
  for (std::uint64_t i = 0; i < directory.entries; ++i) {
    bytes.check(at, central_bytes);
    if (bytes.number<std::uint32_t>(at) != central_mark)
      damaged(file, "entry " + std::to_string(i) + " of its directory is not one.");
    const auto name_bytes = bytes.number<std::uint16_t>(at + 28),
               extra_bytes = bytes.number<std::uint16_t>(at + 30),
               comment_bytes = bytes.number<std::uint16_t>(at + 32);
    const std::string name = bytes.text(at + central_bytes, name_bytes);
    const auto method = bytes.number<std::uint16_t>(at + 10);
    check_kind(bytes.number<std::uint16_t>(at + 8), method, name, file);
    bytes.check(at + central_bytes + name_bytes, extra_bytes);
    const Central central =
        read_central(bytes, at, at + central_bytes + name_bytes, extra_bytes, file);
    bytes.check(central.local, local_bytes);
    if (bytes.number<std::uint32_t>(central.local) != local_mark ||
        bytes.text(central.local + local_bytes,
                   bytes.number<std::uint16_t>(central.local + 26)) != name)
      damaged(file, "'" + name + "' is not where its directory says.");
    const std::uint64_t offset = central.local + local_bytes + name_bytes +
                                 bytes.number<std::uint16_t>(central.local + 28);
    bytes.check(offset, central.bytes);
    const ZipEntry entry{method == 8, offset, central.bytes, central.size};
    check_sizes(entry, name, file);
    if (!entries.emplace(name, entry).second) damaged(file, "it names '" + name + "' twice.");
    at += central_bytes + name_bytes + extra_bytes + comment_bytes;
  }
  return entries;
}

std::string inflate_entry(std::span<const std::byte> data, std::uint64_t size,
                          const std::string& file, const std::string& name) {
  std::string out(static_cast<std::size_t>(size), '\0');
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) throw std::bad_alloc();
  std::size_t read = 0, written = 0;
  int state = Z_OK;
  constexpr std::size_t step = std::size_t{1} << 30;  // zlib counts in 32 bits
  while (state == Z_OK && written < out.size()) {
    const std::size_t in = std::min(step, data.size() - read), room = std::min(step, out.size() - written);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(data.data() + read));
    stream.avail_in = static_cast<uInt>(in);
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + written);
    stream.avail_out = static_cast<uInt>(room);
    state = inflate(&stream, Z_NO_FLUSH);
    read += in - stream.avail_in;
    written += room - stream.avail_out;
    if (in == stream.avail_in && room == stream.avail_out) break;  // no progress: cut short
  }
  inflateEnd(&stream);
  if (written != out.size())
    damaged(file, "'" + name + "' unpacks to " + std::to_string(written) + " bytes, not to " +
                      std::to_string(size) + ".");
  return out;
}

}  // namespace foldstream::io
