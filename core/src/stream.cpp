#include <foldstream/stream.hpp>

namespace foldstream {
namespace {

/// "f32 [n, 5, 3]"
std::string describe(DType dtype, const std::string& first, const Shape& row) {
  std::string text = std::string(to_string(dtype)) + " [" + first;
  for (const std::int64_t dimension : row) text += ", " + std::to_string(dimension);
  return text + "]";
}

std::string describe(const Tensor& chunk) {
  const Shape& shape = chunk.shape();
  if (shape.empty()) return std::string(to_string(chunk.dtype())) + " []";
  return describe(chunk.dtype(), std::to_string(shape[0]), Shape(shape.begin() + 1, shape.end()));
}

bool is_of(const StreamType& type, const Tensor& chunk) {
  const Shape& shape = chunk.shape();
  return chunk.dtype() == type.dtype && shape.size() == type.row.size() + 1 && shape[0] >= 1 &&
         std::equal(type.row.begin(), type.row.end(), shape.begin() + 1);
}

std::string axis_name(std::size_t axis) { return "axis." + std::to_string(axis); }

}  // namespace

Record Codec<Stream>::encode(const Stream& stream) {
  Record record = {{"id", text_field(to_string(stream.id))},
                   {"dtype", text_field(to_string(stream.type.dtype))},
                   {"row", {Tensor::of(stream.type.row), "1", {"axis"}}},
                   {"units", text_field(stream.type.units)}};
  for (std::size_t axis = 0; axis < stream.type.axes.size(); ++axis)
    record[axis_name(axis)] = text_field(stream.type.axes[axis]);
  return record;
}

Stream Codec<Stream>::decode(const Record& record) {
  Stream stream{parse_key(field_text(record, "id")), {}};
  stream.type.dtype = dtype_named(field_text(record, "dtype"));
  const auto row = field(record, "row").tensor.values<std::int64_t>();
  stream.type.row.assign(row.begin(), row.end());
  stream.type.units = field_text(record, "units");
  for (std::size_t axis = 0; record.contains(axis_name(axis)); ++axis)
    stream.type.axes.push_back(field_text(record, axis_name(axis)));
  return stream;
}

Key stream_id(const Key& task, const std::string& port) {
  return key_of(to_string(task) + "#" + port);
}

void check_chunk(const StreamType& type, const Tensor& chunk, const std::string& stream) {
  if (is_of(type, chunk)) return;
  throw Error(ErrorKind::InvalidArgument, "stream '" + stream + "' takes chunks of " +
                                              describe(type.dtype, "n", type.row) +
                                              " with n of 1 or more; got " + describe(chunk) + ".");
}

std::string to_string(const StreamLabel& label) {
  const std::string name = label.task + "." + label.port;
  return label.target.empty() ? name : name + " of target '" + label.target + "'";
}

}  // namespace foldstream
