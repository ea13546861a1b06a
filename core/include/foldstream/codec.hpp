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

/// Text, and plain numbers.
template <>
struct Codec<std::string> {
  static constexpr std::string_view name = "string";
  static Record encode(const std::string& text) { return {{"text", text_field(text)}}; }
  static std::string decode(const Record& record) { return field_text(record, "text"); }
};

template <class T>
requires std::same_as<T, double> || std::same_as<T, std::int64_t> || std::same_as<T, std::int32_t>
struct Codec<T> {
  static constexpr std::string_view name = std::same_as<T, double>         ? "double"
                                           : std::same_as<T, std::int64_t> ? "int64"
                                                                           : "int32";
  static Record encode(T value) {
    return {{"value", {Tensor::of(std::vector<T>{value}), "1", {"one"}}}};
  }
  static T decode(const Record& record) {
    return field(record, "value").tensor.template values<T>()[0];
  }
};

/// Whether something holds, as a value: the condition of Graph::run_if, the end of a loop.
template <>
struct Codec<bool> {
  static constexpr std::string_view name = "bool";
  static Record encode(bool value);
  static bool decode(const Record& record);
};

/// A list of encodable values.
template <Encodable T>
struct Codec<std::vector<T>> {
  static const std::string name;
  static Record encode(const std::vector<T>& list) {
    Record record{{"count", {Tensor::of(std::vector<std::int64_t>{std::ssize(list)}), "1", {"one"}}}};
    for (std::size_t i = 0; i < list.size(); ++i)
      for (auto& [field_name, value] : Codec<T>::encode(list[i]))
        record.emplace(std::to_string(i) + "." + field_name, std::move(value));
    return record;
  }
  static std::vector<T> decode(const Record& record) {
    std::vector<Record> parts(
        static_cast<std::size_t>(field(record, "count").tensor.template values<std::int64_t>()[0]));
    for (const auto& [field_name, value] : record) {
      const std::size_t dot = field_name.find('.');
      if (dot == std::string::npos) continue;
      parts.at(std::stoul(field_name.substr(0, dot))).emplace(field_name.substr(dot + 1), value);
    }
    std::vector<T> list;
    for (const Record& part : parts) list.push_back(Codec<T>::decode(part));
    return list;
  }
};

template <Encodable T>
inline const std::string Codec<std::vector<T>>::name =
    "list of " + std::string(Codec<T>::name);

}  // namespace foldstream
