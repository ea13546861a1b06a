#include "safetensors_header.hpp"

#include <foldstream/io/safetensors.hpp>
#include <foldstream/io/text_file.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cctype>
#include <cstring>
#include <limits>
#include <set>
#include <tuple>
#include <vector>

namespace foldstream::io {
namespace {

using nlohmann::json;

constexpr std::size_t length_bytes = 8;
constexpr std::uint64_t longest_header = 100'000'000;  // as the format's own reader has it
constexpr const char* metadata_key = "__metadata__";
constexpr const char* broken = " The file is damaged; copy or make it again.";

using Entry = SafetensorsPlace;

[[noreturn]] void fail(const std::string& file, const std::string& message) {
  throw Error(ErrorKind::Parse, file + ": " + message + broken);
}

std::string in_words(const Entry& entry) { return "tensor '" + entry.name + "'"; }

// The length of the header, checked against the bytes that there are.
std::size_t header_length(std::span<const std::byte> bytes, const std::string& file) {
  if (bytes.size() < length_bytes) {
    fail(file, "a safetensors file opens with 8 bytes of length, this has " +
                   std::to_string(bytes.size()) + " bytes in all.");
  }
  std::uint64_t length = 0;
  for (std::size_t i = length_bytes; i-- > 0;) {
    length = (length << 8) | std::to_integer<std::uint64_t>(bytes[i]);
  }
  if (length > longest_header) {
    fail(file, "a header of " + std::to_string(length) +
                   " bytes is announced, 100 MB are allowed; is this a safetensors file?");
  }
  if (length > bytes.size() - length_bytes) {
    fail(file, "a header of " + std::to_string(length) + " bytes is announced, " +
                   std::to_string(bytes.size() - length_bytes) + " bytes follow.");
  }
  return static_cast<std::size_t>(length);
}

// The header as JSON. The parser keeps the last of equal keys without a word; this refuses them.
json parse_header(std::string_view text, const std::string& file) {
  std::vector<std::set<std::string>> keys;
  const auto look = [&](int, json::parse_event_t event, const json& parsed) {
    if (event == json::parse_event_t::object_start) keys.emplace_back();
    if (event == json::parse_event_t::object_end) keys.pop_back();
    if (event == json::parse_event_t::key) {
      const auto& key = parsed.get_ref<const std::string&>();
      if (!keys.back().insert(key).second) fail(file, "the header names '" + key + "' twice.");
    }
    return true;
  };
  try {
    json header = json::parse(text.begin(), text.end(), look);
    if (!header.is_object()) fail(file, "the header is not a JSON object.");
    return header;
  } catch (const json::exception& error) {
    fail(file, std::string("the header is not JSON (") + error.what() + ").");
  }
}

const json& member(const json& value, const char* key, const Entry& entry,
                   const std::string& file) {
  const auto found = value.is_object() ? value.find(key) : value.end();
  if (found == value.end()) fail(file, in_words(entry) + " has no '" + key + "'.");
  return *found;
}

std::vector<std::int64_t> counts(const json& value, const char* key, const Entry& entry,
                                 const std::string& file) {
  constexpr std::uint64_t largest = std::numeric_limits<std::int64_t>::max();
  std::vector<std::int64_t> numbers;
  bool fine = value.is_array();
  for (std::size_t i = 0; fine && i < value.size(); ++i) {
    fine = value[i].is_number_unsigned() && value[i].get<std::uint64_t>() <= largest;
    if (fine) numbers.push_back(value[i].get<std::int64_t>());
  }
  if (!fine) fail(file, in_words(entry) + ": '" + key + "' is not a list of whole numbers.");
  return numbers;
}

DType dtype_in(const json& value, const Entry& entry, const std::string& file) {
  if (!value.is_string()) fail(file, in_words(entry) + ": 'dtype' is not a text.");
  const auto& written = value.get_ref<const std::string&>();
  for (const DType dtype : {DType::u8, DType::i8, DType::i16, DType::i32, DType::i64, DType::f16,
                            DType::bf16, DType::f32, DType::f64}) {
    const std::string_view ours = to_string(dtype);
    if (std::equal(ours.begin(), ours.end(), written.begin(), written.end(),
                   [](unsigned char a, unsigned char b) { return std::toupper(a) == b; })) {
      return dtype;
    }
  }
  throw Error(ErrorKind::Unsupported,
              file + ": " + in_words(entry) + " is of dtype '" + written +
                  "'; save it as one of U8, I8, I16, I32, I64, F16, BF16, F32 and F64.");
}

// The bytes that a tensor takes; also refuses a shape too large to count.
std::uint64_t bytes_of(const Entry& entry, const std::string& file) {
  constexpr auto largest = std::numeric_limits<std::uint64_t>::max();
  // a zero makes any shape empty, but the elements are counted from the left
  if (std::find(entry.shape.begin(), entry.shape.end(), 0) != entry.shape.end()) return 0;
  std::uint64_t bytes = size_of(entry.dtype);
  for (const std::int64_t dim : entry.shape) {
    if (bytes > largest / static_cast<std::uint64_t>(dim)) {
      fail(file, in_words(entry) + ": the product of its shape overflows.");
    }
    bytes *= static_cast<std::uint64_t>(dim);
  }
  return bytes;
}

Entry entry_of(const std::string& name, const json& value, const std::string& file) {
  Entry entry{.name = name, .dtype = DType::u8, .shape = {}};
  entry.dtype = dtype_in(member(value, "dtype", entry, file), entry, file);
  entry.shape = counts(member(value, "shape", entry, file), "shape", entry, file);
  const auto range =
      counts(member(value, "data_offsets", entry, file), "data_offsets", entry, file);
  if (range.size() != 2 || range[0] > range[1]) {
    fail(file, in_words(entry) + ": 'data_offsets' is not a begin and an end.");
  }
  entry.begin = static_cast<std::uint64_t>(range[0]);
  entry.end = static_cast<std::uint64_t>(range[1]);
  const std::uint64_t bytes = bytes_of(entry, file);
  if (entry.end - entry.begin != bytes) {
    fail(file, in_words(entry) + " takes " + std::to_string(bytes) +
                   " bytes by dtype and shape, but its 'data_offsets' hold " +
                   std::to_string(entry.end - entry.begin) + ".");
  }
  return entry;
}

std::map<std::string, std::string> metadata_of(const json& value, const std::string& file) {
  std::map<std::string, std::string> metadata;
  bool fine = value.is_object();
  if (fine) {
    for (const auto& [key, text] : value.items()) {
      fine = fine && text.is_string();
      if (fine) metadata.emplace(key, text.get<std::string>());
    }
  }
  if (!fine) fail(file, "'__metadata__' is not an object of texts.");
  return metadata;
}

// The ranges must follow each other without overlap or hole, up to the last byte.
void check_ranges(std::vector<Entry>& entries, std::size_t data_bytes, const std::string& file) {
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
  });
  std::uint64_t reached = 0;
  for (const Entry& entry : entries) {
    if (entry.begin != reached) {
      fail(file, in_words(entry) + " begins at byte " + std::to_string(entry.begin) +
                     " of the data, the one before it ends at " + std::to_string(reached) +
                     "; they may neither overlap nor leave a hole.");
    }
    reached = entry.end;
  }
  if (reached != data_bytes) {
    fail(file, "the tensors take " + std::to_string(reached) + " bytes of data, the file has " +
                   std::to_string(data_bytes) + ".");
  }
}

/// A file before its data.
struct Layout {
  std::string header;              ///< with its length before it
  std::vector<std::string> order;  ///< of the tensors in the data
};

std::map<std::string, SafetensorsEntry> entries_of(const Safetensors& content) {
  std::map<std::string, SafetensorsEntry> entries;
  for (const auto& [name, tensor] : content.tensors)
    entries[name] = {tensor.dtype(), tensor.shape()};
  return entries;
}

std::string_view bytes_of(const Tensor& tensor) {
  return {reinterpret_cast<const char*>(tensor.raw().data()), tensor.bytes()};
}

std::string upper_case(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return upper;
}

/// The header with its length, padded so that the data is aligned.
std::string header_text(const json& header) try {
  std::string text = header.dump();
  text.resize((text.size() + length_bytes - 1) / length_bytes * length_bytes, ' ');
  std::string length;
  for (std::size_t i = 0; i < length_bytes; ++i)
    length += static_cast<char>((static_cast<std::uint64_t>(text.size()) >> (8 * i)) & 0xff);
  return length + text;
} catch (const json::exception& error) {
  throw Error(ErrorKind::InvalidArgument,
              std::string("a name or text for a safetensors file is not UTF-8: ") + error.what());
}

Layout layout_of(const std::map<std::string, SafetensorsEntry>& entries,
                 const std::map<std::string, std::string>& metadata) {
  Layout layout;
  for (const auto& [name, entry] : entries) layout.order.push_back(name);
  std::ranges::stable_sort(layout.order, std::greater(), [&](const std::string& name) {
    return size_of(entries.at(name).dtype);
  });
  json header = json::object();
  if (!metadata.empty()) header[metadata_key] = metadata;
  std::uint64_t end = 0;
  for (const std::string& name : layout.order) {
    if (name == metadata_key)
      throw Error(ErrorKind::InvalidArgument, "a tensor may not be named '__metadata__'.");
    const SafetensorsEntry& entry = entries.at(name);
    const std::uint64_t begin = end;
    end += static_cast<std::uint64_t>(element_count(entry.shape)) * size_of(entry.dtype);
    header[name] = {{"dtype", upper_case(to_string(entry.dtype))},
                    {"shape", entry.shape},
                    {"data_offsets", {begin, end}}};
  }
  layout.header = header_text(header);
  return layout;
}

}  // namespace

const Tensor& Safetensors::tensor(std::string_view name) const {
  const auto found = tensors.find(std::string(name));
  if (found != tensors.end()) return found->second;
  std::vector<std::string> names;
  for (const auto& [present, ignored] : tensors) names.push_back(present);
  throw Error(ErrorKind::NotFound, "there is no tensor '" + std::string(name) + "' among the " +
                                       std::to_string(names.size()) + " of this file." +
                                       did_you_mean(name, names));
}

SafetensorsHeader parse_safetensors_header(std::span<const std::byte> bytes,
                                           const std::string& name) {
  const std::size_t length = header_length(bytes, name);
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()) + length_bytes, length);
  SafetensorsHeader header;
  header.data = length_bytes + length;
  const json parsed = parse_header(text, name);
  for (const auto& [key, value] : parsed.items()) {
    if (key == metadata_key)
      header.metadata = metadata_of(value, name);
    else
      header.places.push_back(entry_of(key, value, name));
  }
  check_ranges(header.places, bytes.size() - header.data, name);
  return header;
}

Safetensors parse_safetensors(std::span<const std::byte> bytes, const std::string& name) {
  const SafetensorsHeader header = parse_safetensors_header(bytes, name);
  const std::span<const std::byte> data = bytes.subspan(header.data);
  Safetensors content;
  content.metadata = header.metadata;
  for (const Entry& entry : header.places) {
    Tensor tensor(entry.dtype, entry.shape);
    if (entry.end > entry.begin)
      std::memcpy(tensor.mutable_raw().data(), data.data() + entry.begin, tensor.bytes());
    content.tensors.emplace(entry.name, std::move(tensor));
  }
  return content;
}

std::string format_safetensors(const Safetensors& content) {
  const Layout layout = layout_of(entries_of(content), content.metadata);
  std::string file = layout.header;
  for (const std::string& name : layout.order) file += bytes_of(content.tensors.at(name));
  return file;
}

Safetensors read_safetensors(const std::filesystem::path& path) {
  const std::string text = read_text_file(path);
  return parse_safetensors(std::as_bytes(std::span(text)), path.string());
}

void write_safetensors(const std::filesystem::path& path, const Safetensors& content) {
  const Layout layout = layout_of(entries_of(content), content.metadata);
  write_file_atomically(path, [&](const auto& write) {
    write(layout.header);
    for (const std::string& name : layout.order) write(bytes_of(content.tensors.at(name)));
  });
}

void write_safetensors(const std::filesystem::path& path,
                       const std::map<std::string, SafetensorsEntry>& entries,
                       const std::function<Tensor(const std::string& name)>& read) {
  const Layout layout = layout_of(entries, {});
  write_file_atomically(path, [&](const auto& write) {
    write(layout.header);
    for (const std::string& name : layout.order) {
      const Tensor tensor = read(name);
      const SafetensorsEntry& entry = entries.at(name);
      if (tensor.dtype() != entry.dtype || tensor.shape() != entry.shape)
        throw Error(ErrorKind::InvalidArgument,
                    "tensor '" + name + "' is of another form than was announced.");
      write(bytes_of(tensor));
    }
  });
}

}  // namespace foldstream::io
