#include "float_formats.hpp"

#include <foldstream/error.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace foldstream::workflows::predict {
namespace {

float from_bf16(std::uint16_t bits) { return std::bit_cast<float>(std::uint32_t{bits} << 16U); }

std::uint16_t to_bf16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if (std::isnan(value)) return static_cast<std::uint16_t>((bits >> 16U) | 0x40U);
  return static_cast<std::uint16_t>((bits + 0x7fffU + ((bits >> 16U) & 1U)) >> 16U);
}

/// IEEE 754 binary16: 5 bits of exponent, 10 of fraction.
float from_f16(std::uint16_t bits) {
  const int exponent = (bits >> 10U) & 0x1f;
  const float fraction = static_cast<float>(bits & 0x3ffU);
  float value = 0;
  if (exponent == 0x1f)
    value = fraction == 0 ? std::numeric_limits<float>::infinity()
                          : std::numeric_limits<float>::quiet_NaN();
  else if (exponent == 0)
    value = std::ldexp(fraction, -24);
  else
    value = std::ldexp(fraction + 1024, exponent - 25);
  return (bits & 0x8000U) != 0 ? -value : value;
}

std::uint16_t to_f16(float value) {
  const std::uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  const float size = std::abs(value);
  if (std::isnan(value)) return 0x7e00;
  if (size == 0) return sign;
  if (size >= 65520) return sign | 0x7c00;  // what rounds to 2^16
  int exponent = 0;
  std::frexp(size, &exponent);
  exponent = std::max(exponent, -13);  // below are the subnormal numbers
  // in units of the last place; nearbyint rounds ties to even
  const auto units = static_cast<int>(std::nearbyint(std::ldexp(size, 11 - exponent)));
  return static_cast<std::uint16_t>(sign | (((exponent + 13) << 10) + units));
}

template <class T>
T load(const std::byte* from, std::int64_t i) {
  T value;
  std::memcpy(&value, from + static_cast<std::size_t>(i) * sizeof(T), sizeof(T));
  return value;
}

float value_at(const Tensor& tensor, std::int64_t i) {
  const std::byte* from = tensor.raw().data();
  switch (tensor.dtype()) {
    case DType::f16: return from_f16(load<std::uint16_t>(from, i));
    case DType::bf16: return from_bf16(load<std::uint16_t>(from, i));
    case DType::f32: return load<float>(from, i);
    case DType::f64: return static_cast<float>(load<double>(from, i));
    default: break;
  }
  throw Error(ErrorKind::InvalidArgument, "a tensor of dtype " +
                                              std::string(to_string(tensor.dtype())) +
                                              " holds no floating point.");
}

template <class T, class Convert>
void fill(const Tensor& from, Tensor& to, const Convert& convert) {
  auto* out = reinterpret_cast<T*>(to.mutable_raw().data());
  for (std::int64_t i = 0; i < from.size(); ++i) out[i] = convert(value_at(from, i));
}

}  // namespace

Tensor converted(const Tensor& tensor, DType dtype) {
  if (tensor.dtype() == dtype) return tensor;
  Tensor result(dtype, tensor.shape());
  switch (dtype) {
    case DType::f16: fill<std::uint16_t>(tensor, result, to_f16); break;
    case DType::bf16: fill<std::uint16_t>(tensor, result, to_bf16); break;
    case DType::f32: fill<float>(tensor, result, [](float value) { return value; }); break;
    default:
      throw Error(ErrorKind::InvalidArgument, "weights cannot be made " +
                                                  std::string(to_string(dtype)) + ".");
  }
  return result;
}

bool is_floating_point(DType dtype) {
  return dtype == DType::f16 || dtype == DType::bf16 || dtype == DType::f32 || dtype == DType::f64;
}

bool all_finite(const Tensor& tensor) {
  if (!is_floating_point(tensor.dtype())) return true;
  for (std::int64_t i = 0; i < tensor.size(); ++i)
    if (!std::isfinite(value_at(tensor, i))) return false;
  return true;
}

}  // namespace foldstream::workflows::predict
