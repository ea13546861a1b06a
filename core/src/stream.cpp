#include <foldstream/stream.hpp>

#include <algorithm>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace foldstream {
namespace {

std::string shape_text(const Shape& row) {
  std::string text = "[n";
  for (const std::int64_t dimension : row) text += ", " + std::to_string(dimension);
  return text + "]";
}

}  // namespace

std::uint64_t checksum_of(const Tensor& chunk) {
  return XXH3_64bits(chunk.raw().data(), chunk.bytes());
}

Record Codec<Stream>::encode(const Stream& stream) {
  std::string axes;
  for (const std::string& axis : stream.type.axes) axes += axis + "\n";
  return {{"id", text_field(to_string(stream.id))},
          {"dtype", text_field(to_string(stream.type.dtype))},
          {"row", {Tensor::of(stream.type.row), "1", {"dimension"}}},
          {"units", text_field(stream.type.units)},
          {"axes", text_field(axes)}};
}

Stream Codec<Stream>::decode(const Record& record) {
  Stream stream;
  stream.id = parse_key(field_text(record, "id"));
  stream.type.dtype = dtype_named(field_text(record, "dtype"));
  const auto row = field(record, "row").tensor.values<std::int64_t>();
  stream.type.row.assign(row.begin(), row.end());
  stream.type.units = field_text(record, "units");
  const std::string axes = field_text(record, "axes");
  for (std::size_t from = 0; from < axes.size();) {
    const std::size_t end = std::min(axes.find('\n', from), axes.size());
    stream.type.axes.push_back(axes.substr(from, end - from));
    from = end + 1;
  }
  return stream;
}

Key stream_id(const Key& task, const std::string& port) {
  return key_of(to_string(task) + "#" + port);
}

void check_chunk(const StreamType& type, const Tensor& chunk, const std::string& stream) {
  const Shape& shape = chunk.shape();
  const bool fits = chunk.dtype() == type.dtype && shape.size() == type.row.size() + 1 &&
                    shape.front() >= 1 &&
                    std::equal(type.row.begin(), type.row.end(), shape.begin() + 1);
  if (fits) return;
  std::string found = "[";
  for (std::size_t i = 0; i < shape.size(); ++i)
    found += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  throw Error(ErrorKind::InvalidArgument,
              "stream '" + stream + "' takes chunks of " + std::string(to_string(type.dtype)) +
                  " " + shape_text(type.row) + " with n of at least 1, not " +
                  std::string(to_string(chunk.dtype())) + " " + found + "].");
}

std::string to_string(const StreamLabel& label) {
  std::string text = label.task + "." + label.port;
  if (!label.target.empty()) text += " of target '" + label.target + "'";
  return text;
}

}  // namespace foldstream
