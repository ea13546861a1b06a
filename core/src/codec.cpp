#include <foldstream/codec.hpp>

#include <algorithm>
#include <span>

namespace foldstream {

Field text_field(std::string_view text) {
  Tensor tensor(DType::u8, {static_cast<std::int64_t>(text.size())});
  std::ranges::copy(std::as_bytes(std::span(text)), tensor.mutable_raw().begin());
  return {tensor, "utf-8", {"byte"}};
}

std::string field_text(const Record& record, const std::string& name) {
  const Field& found = field(record, name);
  if (found.units != "utf-8" || found.tensor.dtype() != DType::u8)
    throw Error(ErrorKind::InvalidArgument, "field '" + name + "' of a record is not text.");
  const auto raw = found.tensor.raw();
  return {reinterpret_cast<const char*>(raw.data()), raw.size()};
}

const Field& field(const Record& record, const std::string& name) {
  const auto found = record.find(name);
  if (found == record.end())
    throw Error(ErrorKind::NotFound, "a record has no field '" + name + "'.");
  return found->second;
}

std::size_t bytes(const Record& record) {
  std::size_t sum = 0;
  for (const auto& [name, value] : record) sum += value.tensor.bytes();
  return sum;
}

Record Codec<bool>::encode(bool value) {
  return {{"value", {Tensor::of(std::vector<std::uint8_t>{value}), "1", {"one"}}}};
}

bool Codec<bool>::decode(const Record& record) {
  return field(record, "value").tensor.values<std::uint8_t>()[0] != 0;
}

}  // namespace foldstream
