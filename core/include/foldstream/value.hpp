// Value: an immutable, shared, typed value that flows from port to port.
#pragma once

#include <foldstream/codec.hpp>

#include <functional>
#include <memory>
#include <string>
#include <typeindex>
#include <typeinfo>

namespace foldstream {

class Value;

/// The type of a port: its C++ type, its name in messages, and its codec if it has one.
class PortType {
 public:
  template <class T>
  static PortType of() {
    PortType type(typeid(T));
    if constexpr (Encodable<T>) {
      type.name_ = std::string(Codec<T>::name);
      type.encode_ = [](const void* value) { return Codec<T>::encode(*static_cast<const T*>(value)); };
      type.decode_ = [](const Record& record) -> std::shared_ptr<const void> {
        return std::make_shared<const T>(Codec<T>::decode(record));
      };
    }
    return type;
  }

  const std::string& name() const noexcept { return name_; }
  bool is_encodable() const noexcept { return encode_ != nullptr; }
  /// @throws Error{Unsupported} if the type has no codec; what the codec throws.
  Value decode(const Record& record) const;

  friend bool operator==(const PortType& a, const PortType& b) { return a.type_ == b.type_; }

 private:
  explicit PortType(const std::type_info& type);
  friend class Value;

  std::type_index type_;
  std::string name_;
  Record (*encode_)(const void*) = nullptr;
  std::shared_ptr<const void> (*decode_)(const Record&) = nullptr;
};

/// A typed value. Copies share it; nobody can change it. Thread-safe.
class Value {
 public:
  Value() : type_(PortType::of<void*>()) {}

  template <class T>
  static Value of(T value) {
    return {PortType::of<T>(), std::make_shared<const T>(std::move(value))};
  }

  bool has_value() const noexcept { return data_ != nullptr; }
  const PortType& type() const noexcept { return type_; }

  /// @throws Error{InvalidArgument} naming both types if the value is not a `T`.
  template <class T>
  const T& as() const {
    check_type(PortType::of<T>());
    return *static_cast<const T*>(data_.get());
  }

  /// @throws Error{Unsupported} if the type has no codec.
  Record encode() const;

 private:
  friend class PortType;
  Value(PortType type, std::shared_ptr<const void> data)
      : type_(std::move(type)), data_(std::move(data)) {}
  void check_type(const PortType& wanted) const;

  PortType type_;
  std::shared_ptr<const void> data_;
};

}  // namespace foldstream
