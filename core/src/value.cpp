#include <foldstream/value.hpp>

#include <cxxabi.h>

#include <cstdlib>

namespace foldstream {
namespace {

std::string demangled(const std::type_info& type) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> name(
      abi::__cxa_demangle(type.name(), nullptr, nullptr, &status), std::free);
  return status == 0 ? name.get() : type.name();
}

}  // namespace

PortType::PortType(const std::type_info& type) : type_(type), name_(demangled(type)) {}

Value PortType::decode(const Record& record) const {
  if (decode_ == nullptr)
    throw Error(ErrorKind::Unsupported,
                "type '" + name_ + "' has no codec. Specialise foldstream::Codec for it.");
  return {*this, decode_(record)};
}

Record Value::encode() const {
  if (type_.encode_ == nullptr || data_ == nullptr)
    throw Error(ErrorKind::Unsupported,
                "type '" + type_.name() + "' has no codec. Specialise foldstream::Codec for it.");
  return type_.encode_(data_.get());
}

void Value::check_type(const PortType& wanted) const {
  if (data_ == nullptr)
    throw Error(ErrorKind::InvalidArgument,
                "an empty value was asked for a '" + wanted.name() + "'.");
  if (!(wanted == type_))
    throw Error(ErrorKind::InvalidArgument,
                "a value of '" + type_.name() + "' was asked for a '" + wanted.name() + "'.");
}

}  // namespace foldstream
