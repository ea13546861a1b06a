// Building and checking the fields of records; shared by the codecs of the io types.
#pragma once

#include <foldstream/codec.hpp>

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace foldstream::io {

/// A field of `values` in `shape`.
template <class T>
Field values_field(const std::vector<T>& values, Shape shape, std::string units,
                   std::vector<std::string> axes) {
  return {Tensor::of(std::span<const T>(values), std::move(shape)), std::move(units),
          std::move(axes)};
}

/// A field of `values` along one axis.
template <class T>
Field values_field(const std::vector<T>& values, std::string units, std::string axis) {
  return {Tensor::of(values), std::move(units), {std::move(axis)}};
}

/// @throws Error{InvalidArgument} naming the field and what is wrong with it.
[[noreturn]] void fail_field(const std::string& name, const std::string& reason);

/// The tensor of a field with this dtype and rank. @throws Error{NotFound, InvalidArgument}.
const Tensor& checked_tensor(const Record& record, const std::string& name, DType dtype,
                             std::size_t rank);

/// The values of a field with one axis. @throws Error{NotFound, InvalidArgument}.
template <class T>
std::span<const T> read_values(const Record& record, const std::string& name) {
  return checked_tensor(record, name, dtype_of<T>(), 1).template values<T>();
}

/// The same, of a known length.
template <class T>
std::span<const T> read_values(const Record& record, const std::string& name, std::size_t count) {
  const auto values = read_values<T>(record, name);
  if (values.size() != count) {
    fail_field(name, "has " + std::to_string(values.size()) + " elements; expected " +
                         std::to_string(count));
  }
  return values;
}

/// Texts as text, each ended by a line feed. @throws Error{InvalidArgument} if one holds a line
/// feed.
Field lines_field(const std::vector<std::string>& lines, const std::string& what);
std::vector<std::string> read_lines(const Record& record, const std::string& name);

/// Short words as u8 [axis, character], padded with NUL to the longest.
/// @throws Error{InvalidArgument} if one holds a NUL.
Field words_field(const std::vector<std::string>& words, std::string axis);
std::vector<std::string> read_words(const Record& record, const std::string& name);

/// Puts the fields of `part` into `record` under `group` ("model_001"), and takes them out again.
void put_group(Record& record, const std::string& group, Record part);
Record take_group(const Record& record, const std::string& group);

/// "model_001" for 0.
std::string model_group(std::size_t index);

}  // namespace foldstream::io
