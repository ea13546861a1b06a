// Value: an immutable, shared, typed value that flows from port to port.
#pragma once

#include <foldstream/codec.hpp>

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <typeinfo>
#include <utility>
#include <vector>

namespace foldstream {

class Value;

/// The type of a port: its C++ type, its name in messages, and its codec if it has one.
class PortType {
 public:
  template <class T>
  static PortType of() {
    static const Facts facts = facts_of<T>();
    return PortType(facts);
  }

  const std::string& name() const noexcept { return facts_->name; }
  bool is_encodable() const noexcept { return facts_->encode != nullptr; }
  /// @throws Error{Unsupported} if the type has no codec; what the codec throws.
  Value decode(const Record& record) const;

  friend bool operator==(const PortType& a, const PortType& b) {
    return a.facts_ == b.facts_ || *a.facts_->type == *b.facts_->type;
  }

 private:
  struct Facts {
    const std::type_info* type;
    std::string name;
    Record (*encode)(const void*) = nullptr;
    std::shared_ptr<const void> (*decode)(const Record&) = nullptr;
  };
  friend class Value;

  template <class T>
  static Facts facts_of() {
    Facts facts{&typeid(T), type_name(typeid(T))};
    if constexpr (Encodable<T>) {
      facts.name = std::string(Codec<T>::name);
      facts.encode = [](const void* value) { return Codec<T>::encode(*static_cast<const T*>(value)); };
      facts.decode = [](const Record& record) -> std::shared_ptr<const void> {
        return std::make_shared<const T>(Codec<T>::decode(record));
      };
    }
    return facts;
  }
  static std::string type_name(const std::type_info& type);

  explicit PortType(const Facts& facts) : facts_(&facts) {}

  const Facts* facts_;  ///< lives as long as the program
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
      : type_(type), data_(std::move(data)) {}
  void check_type(const PortType& wanted) const;

  PortType type_;
  std::shared_ptr<const void> data_;
};

/// Values by port name, in the order in which they came. Made for the few ports of a task.
class Values {
 public:
  using Entry = std::pair<std::string, Value>;
  using iterator = std::vector<Entry>::iterator;
  using const_iterator = std::vector<Entry>::const_iterator;

  Values() = default;
  Values(std::initializer_list<Entry> entries) : entries_(entries) {}

  /// @throws Error{NotFound} naming the port.
  const Value& at(std::string_view port) const;
  /// An empty value if there was none.
  Value& operator[](std::string_view port);
  const_iterator find(std::string_view port) const;
  bool contains(std::string_view port) const { return find(port) != end(); }
  /// Keeps what is there already under the name.
  void emplace(std::string port, Value value);
  void reserve(std::size_t count) { entries_.reserve(count); }
  /// Keeps its memory.
  void clear() noexcept { entries_.clear(); }

  bool empty() const noexcept { return entries_.empty(); }
  std::size_t size() const noexcept { return entries_.size(); }
  iterator begin() noexcept { return entries_.begin(); }
  iterator end() noexcept { return entries_.end(); }
  const_iterator begin() const noexcept { return entries_.begin(); }
  const_iterator end() const noexcept { return entries_.end(); }

 private:
  std::vector<Entry> entries_;
};

}  // namespace foldstream
