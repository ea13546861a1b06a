#include <foldstream/value.hpp>

#include <cxxabi.h>

#include <algorithm>
#include <cstdlib>

namespace foldstream {

std::string PortType::type_name(const std::type_info& type) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> name(
      abi::__cxa_demangle(type.name(), nullptr, nullptr, &status), std::free);
  return status == 0 ? name.get() : type.name();
}

Value PortType::decode(const Record& record) const {
  if (facts_->decode == nullptr)
    throw Error(ErrorKind::Unsupported,
                "type '" + name() + "' has no codec. Specialise foldstream::Codec for it.");
  return {*this, facts_->decode(record)};
}

Record Value::encode() const {
  if (type_.facts_->encode == nullptr || data_ == nullptr)
    throw Error(ErrorKind::Unsupported,
                "type '" + type_.name() + "' has no codec. Specialise foldstream::Codec for it.");
  return type_.facts_->encode(data_.get());
}

void Value::check_type(const PortType& wanted) const {
  if (data_ == nullptr)
    throw Error(ErrorKind::InvalidArgument,
                "an empty value was asked for a '" + wanted.name() + "'.");
  if (!(wanted == type_))
    throw Error(ErrorKind::InvalidArgument,
                "a value of '" + type_.name() + "' was asked for a '" + wanted.name() + "'.");
}

const Value& Values::at(std::string_view port) const {
  const auto found = find(port);
  if (found == end())
    throw Error(ErrorKind::NotFound, "there is no value at port '" + std::string(port) + "'.");
  return found->second;
}

Value& Values::operator[](std::string_view port) {
  const auto found = std::ranges::find(entries_, port, &Entry::first);
  if (found != entries_.end()) return found->second;
  return entries_.emplace_back(std::string(port), Value()).second;
}

Values::const_iterator Values::find(std::string_view port) const {
  return std::ranges::find(entries_, port, &Entry::first);
}

void Values::emplace(std::string port, Value value) {
  if (!contains(port)) entries_.emplace_back(std::move(port), std::move(value));
}

}  // namespace foldstream
