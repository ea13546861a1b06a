// Records and codecs: how a typed value becomes named tensors, for files and for other ranks.
#pragma once

#include <foldstream/tensor.hpp>

#include <concepts>
#include <map>
#include <string>
#include <vector>

namespace foldstream {

/// A tensor with what a reader needs to understand it.
struct Field {
  Tensor tensor;
  std::string units;              ///< "angstrom", "1", "kJ/mol", "utf-8" (text as u8); never empty
  std::vector<std::string> axes;  ///< one name a dimension: {"residue", "residue"}

  friend bool operator==(const Field&, const Field&) = default;
};

/// The storable form of a value: its fields by name, in name order.
using Record = std::map<std::string, Field>;

/// Text as a u8 field along one axis "byte".
Field text_field(std::string_view text);
/// The text of a field made by `text_field`. @throws Error{InvalidArgument} if it is none.
std::string field_text(const Record& record, const std::string& name);
/// @throws Error{NotFound} naming the field.
const Field& field(const Record& record, const std::string& name);
/// The bytes of all tensors.
std::size_t bytes(const Record& record);

/// Specialise for a type that can be stored or sent:
///   static constexpr std::string_view name = "structure";
///   static Record encode(const T&);
///   static T decode(const Record&);      // throws Error on a record that encode did not make
template <class T>
struct Codec;

template <class T>
concept Encodable = requires(const T& value, const Record& record) {
  { Codec<T>::name } -> std::convertible_to<std::string_view>;
  { Codec<T>::encode(value) } -> std::same_as<Record>;
  { Codec<T>::decode(record) } -> std::same_as<T>;
};

}  // namespace foldstream
