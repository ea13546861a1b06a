// Tensor: dtype, shape and a shared contiguous buffer, the same bytes for HDF5, MPI and LibTorch.
#pragma once

#include <foldstream/error.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

struct DLManagedTensor;  // of the DLPack standard; bring its header to look inside

namespace foldstream {

/// Element types. `bf16` and `f16` are stored as two bytes.
enum class DType : std::uint8_t { u8, i8, i16, i32, i64, f16, bf16, f32, f64 };

std::size_t size_of(DType dtype);
std::string_view to_string(DType dtype);
/// The dtype that `to_string` calls `name`. @throws Error{InvalidArgument} for an unknown name.
DType dtype_named(std::string_view name);

template <class T>
constexpr DType dtype_of();
template <>
constexpr DType dtype_of<std::uint8_t>() { return DType::u8; }
template <>
constexpr DType dtype_of<std::int8_t>() { return DType::i8; }
template <>
constexpr DType dtype_of<std::int16_t>() { return DType::i16; }
template <>
constexpr DType dtype_of<std::int32_t>() { return DType::i32; }
template <>
constexpr DType dtype_of<std::int64_t>() { return DType::i64; }
template <>
constexpr DType dtype_of<float>() { return DType::f32; }
template <>
constexpr DType dtype_of<double>() { return DType::f64; }

using Shape = std::vector<std::int64_t>;

/// The number of elements of a tensor of this shape. @throws Error{InvalidArgument} if a dimension
/// is negative or the product overflows.
std::int64_t element_count(const Shape& shape);

/// A row-major, contiguous tensor in host memory. Copies share the buffer; `clone` does not.
///
/// Thread-safety: as a `shared_ptr`; whoever writes through `mutable_*` must be the only user.
class Tensor {
 public:
  /// No elements, dtype u8, shape {0}.
  Tensor();
  /// Zero-filled. @throws Error{InvalidArgument} for a negative or overflowing shape.
  Tensor(DType dtype, Shape shape);
  /// Shares `buffer`, which must hold at least the bytes of the shape.
  Tensor(DType dtype, Shape shape, std::shared_ptr<std::byte[]> buffer);

  /// Copies `values` (their count must be that of `shape`).
  template <class T>
  static Tensor of(std::span<const T> values, Shape shape) {
    Tensor tensor(dtype_of<T>(), std::move(shape));
    tensor.check_count(values.size());
    std::copy(values.begin(), values.end(), tensor.mutable_values<T>().begin());
    return tensor;
  }
  template <class T>
  static Tensor of(const std::vector<T>& values) {
    return of<T>(std::span<const T>(values), {static_cast<std::int64_t>(values.size())});
  }

  DType dtype() const noexcept { return dtype_; }
  const Shape& shape() const noexcept { return shape_; }
  std::int64_t dim(std::size_t axis) const { return shape_.at(axis); }
  std::int64_t size() const noexcept { return count_; }
  std::size_t bytes() const noexcept { return static_cast<std::size_t>(count_) * size_of(dtype_); }

  std::span<const std::byte> raw() const noexcept { return {buffer_.get(), bytes()}; }
  std::span<std::byte> mutable_raw() noexcept { return {buffer_.get(), bytes()}; }

  /// The elements as `T`. @throws Error{InvalidArgument} if `T` is not the dtype.
  template <class T>
  std::span<const T> values() const {
    check_dtype(dtype_of<T>());
    return {reinterpret_cast<const T*>(buffer_.get()), static_cast<std::size_t>(count_)};
  }
  template <class T>
  std::span<T> mutable_values() {
    check_dtype(dtype_of<T>());
    return {reinterpret_cast<T*>(buffer_.get()), static_cast<std::size_t>(count_)};
  }

  Tensor clone() const;
  /// The same buffer under another shape of equal element count.
  Tensor reshaped(Shape shape) const;

  /// Hands the buffer to a DLPack consumer, uncopied; the consumer calls the deleter.
  DLManagedTensor* to_dlpack() const;
  /// Takes over a DLPack tensor, uncopied if it is contiguous, aligned and on the host. The deleter is called
  /// when the last copy of the tensor is gone, or before an error is thrown.
  /// @throws Error{Unsupported} for another device, lanes, or a dtype we do not have;
  /// Error{InvalidArgument} for a null pointer or an overflowing shape.
  static Tensor from_dlpack(DLManagedTensor* managed);

 private:
  void check_dtype(DType wanted) const;
  void check_count(std::size_t count) const;

  DType dtype_ = DType::u8;
  Shape shape_;
  std::int64_t count_ = 0;
  std::shared_ptr<std::byte[]> buffer_;
};

/// Same dtype, shape and bytes.
bool operator==(const Tensor& a, const Tensor& b);

}  // namespace foldstream
