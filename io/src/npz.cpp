#include "archive_formats.hpp"

#include <foldstream/error.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace foldstream::io {
namespace {

constexpr std::size_t longest_header = 65536;

[[noreturn]] void damaged(const std::string& file, const std::string& what) {
  throw Error(ErrorKind::Parse, file + ": " + what + " The file is damaged; copy or make it again.");
}

struct NumpyType {
  std::string_view descr;
  DType dtype;
};

constexpr std::array<NumpyType, 10> types = {{{"<f4", DType::f32}, {"<f8", DType::f64},
                                              {"<f2", DType::f16}, {"<i8", DType::i64},
                                              {"<i4", DType::i32}, {"<i2", DType::i16},
                                              {"|i1", DType::i8}, {"|u1", DType::u8},
                                              {"|b1", DType::u8}, {"|V2", DType::bf16}}};

/// What follows "'key':" in the dictionary of a header.
std::string_view value_of(std::string_view header, std::string_view key, const std::string& file) {
  const std::size_t at = header.find("'" + std::string(key) + "'");
  const std::size_t colon = at == std::string_view::npos ? at : header.find(':', at);
  if (colon == std::string_view::npos)
    damaged(file, "its header says nothing of '" + std::string(key) + "'.");
  std::string_view value = header.substr(colon + 1);
  value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
  return value;
}

DType dtype_in(std::string_view header, const std::string& file) {
  std::string_view value = value_of(header, "descr", file);
  if (!value.starts_with("'")) damaged(file, "its 'descr' is no text.");
  value = value.substr(1, value.find('\'', 1) - 1);
  const auto found = std::ranges::find(types, value, &NumpyType::descr);
  if (found == types.end())
    throw Error(ErrorKind::Unsupported, file + ": holds numbers of type '" + std::string(value) +
                                            "'; save them as little-endian floating point or "
                                            "integers.");
  return found->dtype;
}

Shape shape_in(std::string_view header, const std::string& file) {
  std::string_view value = value_of(header, "shape", file);
  const std::size_t end = value.find(')');
  if (!value.starts_with("(") || end == std::string_view::npos) damaged(file, "has no shape.");
  value = value.substr(1, end - 1);
  Shape shape;
  while (true) {
    value.remove_prefix(std::min(value.find_first_not_of(" ,"), value.size()));
    if (value.empty()) return shape;
    std::int64_t dim = 0;
    const auto [rest, problem] = std::from_chars(value.data(), value.data() + value.size(), dim);
    if (problem != std::errc() || dim < 0) damaged(file, "has a shape that is none.");
    value.remove_prefix(static_cast<std::size_t>(rest - value.data()));
    shape.push_back(dim);
  }
}

Shape fortran_strides(const Shape& shape) {
  Shape strides;
  std::int64_t stride = 1;
  for (const std::int64_t dim : shape) {
    strides.push_back(stride);
    stride *= dim;
  }
  return strides;
}

ArchivedTensor tensor_of(std::span<const std::byte> bytes, const ZipEntry& entry,
                         const std::string& file, const std::string& name) {
  const auto data = bytes.subspan(entry.offset, entry.bytes);
  const std::uint64_t first = std::min<std::uint64_t>(entry.size, longest_header);
  std::string unpacked;
  if (entry.is_deflated) unpacked = inflate_entry(data, first, file, name);
  const NpyHeader header = parse_npy_header(
      entry.is_deflated ? std::as_bytes(std::span(unpacked)) : data.first(first), file + ": " + name);
  ArchivedTensor tensor{header.dtype, header.shape, 0, entry.offset,
                        entry.bytes, {}, entry.is_deflated, 0};
  const std::uint64_t size = bytes_of_shape(header.shape, header.dtype, file + ": '" + name + "'");
  if (entry.size != header.data + size)
    damaged(file, "'" + name + "' holds " + std::to_string(entry.size) + " bytes, its header and "
                      "shape take " + std::to_string(header.data + size) + ".");
  if (header.is_fortran && header.shape.size() > 1) tensor.strides = fortran_strides(header.shape);
  if (entry.is_deflated) {
    tensor.header = header.data;
  } else {
    tensor.offset += header.data;
    tensor.bytes = size;
  }
  return tensor;
}

}  // namespace

std::uint64_t bytes_of_shape(const Shape& shape, DType dtype, const std::string& what) {
  std::uint64_t bytes = size_of(dtype);
  constexpr std::uint64_t most = std::numeric_limits<std::int64_t>::max();
  for (const std::int64_t dim : shape)
    if (dim == 0) return 0;
  for (const std::int64_t dim : shape) {
    if (bytes > most / static_cast<std::uint64_t>(dim))
      throw Error(ErrorKind::Parse, what + ": the product of its shape overflows.");
    bytes *= static_cast<std::uint64_t>(dim);
  }
  return bytes;
}

NpyHeader parse_npy_header(std::span<const std::byte> bytes, const std::string& file) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text.size() < 10 || !text.starts_with("\x93NUMPY")) damaged(file, "is no .npy array.");
  const auto byte = [&](std::size_t at) { return std::to_integer<std::size_t>(bytes[at]); };
  const bool is_short = byte(6) == 1;
  const std::size_t start = is_short ? 10 : 12;
  if (text.size() < start) damaged(file, "is cut short.");
  std::size_t length = byte(8) | byte(9) << 8U;
  if (!is_short) length |= byte(10) << 16U | byte(11) << 24U;
  if (length > text.size() - start) damaged(file, "its header is cut short or too long.");
  const std::string_view header = text.substr(start, length);
  NpyHeader found{dtype_in(header, file), shape_in(header, file), false, start + length};
  found.is_fortran = value_of(header, "fortran_order", file).starts_with("True");
  return found;
}

ArchivedTensors list_npz(std::span<const std::byte> bytes, const ZipEntries& entries,
                         const std::string& file) {
  ArchivedTensors tensors;
  for (const auto& [name, entry] : entries)
    if (name.ends_with(".npy"))
      tensors.emplace(name.substr(0, name.size() - 4), tensor_of(bytes, entry, file, name));
  return tensors;
}

}  // namespace foldstream::io
