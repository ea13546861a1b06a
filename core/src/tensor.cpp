#include "dlpack.hpp"

#include <foldstream/tensor.hpp>

#include <array>
#include <cstring>
#include <limits>

namespace foldstream {
namespace {

struct Type {
  DType dtype;
  std::string_view name;
  std::uint8_t bytes;
  std::uint8_t dlpack_code;
};

constexpr std::array<Type, 9> types = {{
    {DType::u8, "u8", 1, kDLUInt},
    {DType::i8, "i8", 1, kDLInt},
    {DType::i16, "i16", 2, kDLInt},
    {DType::i32, "i32", 4, kDLInt},
    {DType::i64, "i64", 8, kDLInt},
    {DType::f16, "f16", 2, kDLFloat},
    {DType::bf16, "bf16", 2, kDLBfloat},
    {DType::f32, "f32", 4, kDLFloat},
    {DType::f64, "f64", 8, kDLFloat},
}};

const Type& type(DType dtype) { return types.at(static_cast<std::size_t>(dtype)); }

/// What a handed-out DLPack tensor keeps alive.
struct Lent {
  DLManagedTensor managed{};
  Shape shape;
  std::shared_ptr<std::byte[]> buffer;
};

bool is_contiguous(const DLTensor& tensor) {
  if (tensor.strides == nullptr) return true;
  std::int64_t expected = 1;
  for (int axis = tensor.ndim - 1; axis >= 0; --axis) {
    if (tensor.shape[axis] != 1 && tensor.strides[axis] != expected) return false;
    expected *= tensor.shape[axis];
  }
  return true;
}

/// Row-major copy of a strided host tensor.
void gather(const DLTensor& from, std::size_t item, std::byte* to) {
  const auto* base = static_cast<const std::byte*>(from.data) + from.byte_offset;
  std::vector<std::int64_t> index(static_cast<std::size_t>(from.ndim), 0);
  const std::int64_t count = element_count(Shape(from.shape, from.shape + from.ndim));
  for (std::int64_t n = 0; n < count; ++n, to += item) {
    std::int64_t offset = 0;
    for (std::size_t axis = 0; axis < index.size(); ++axis)
      offset += index[axis] * from.strides[axis];
    std::memcpy(to, base + offset * static_cast<std::int64_t>(item), item);
    for (std::size_t axis = index.size(); axis-- > 0;) {
      if (++index[axis] < from.shape[axis]) break;
      index[axis] = 0;
    }
  }
}

DType dtype_from(const DLDataType& wanted) {
  for (const Type& known : types) {
    if (known.dlpack_code == wanted.code && known.bytes * 8 == wanted.bits && wanted.lanes == 1)
      return known.dtype;
  }
  throw Error(ErrorKind::Unsupported,
              "DLPack type code " + std::to_string(wanted.code) + " with " +
                  std::to_string(wanted.bits) + " bits and " + std::to_string(wanted.lanes) +
                  " lanes has no tensor type here. Convert it to f32 first.");
}

}  // namespace

std::size_t size_of(DType dtype) { return type(dtype).bytes; }
std::string_view to_string(DType dtype) { return type(dtype).name; }

DType dtype_named(std::string_view name) {
  for (const Type& known : types)
    if (known.name == name) return known.dtype;
  throw Error(ErrorKind::InvalidArgument, "'" + std::string(name) + "' is not a tensor type.");
}

std::int64_t element_count(const Shape& shape) {
  std::int64_t count = 1;
  for (const std::int64_t dimension : shape) {
    if (dimension < 0)
      throw Error(ErrorKind::InvalidArgument,
                  "a tensor dimension is " + std::to_string(dimension) + "; it must be >= 0.");
    if (dimension != 0 && count > std::numeric_limits<std::int64_t>::max() / 8 / dimension)
      throw Error(ErrorKind::InvalidArgument, "a tensor shape has more elements than memory.");
    count *= dimension;
  }
  return count;
}

Tensor::Tensor() : shape_{0} {}

Tensor::Tensor(DType dtype, Shape shape)
    : dtype_(dtype), shape_(std::move(shape)), count_(element_count(shape_)) {
  buffer_ = std::make_shared<std::byte[]>(bytes());
}

Tensor::Tensor(DType dtype, Shape shape, std::shared_ptr<std::byte[]> buffer)
    : dtype_(dtype),
      shape_(std::move(shape)),
      count_(element_count(shape_)),
      buffer_(std::move(buffer)) {}

Tensor Tensor::clone() const {
  Tensor copy(dtype_, shape_);
  std::copy(raw().begin(), raw().end(), copy.mutable_raw().begin());
  return copy;
}

Tensor Tensor::reshaped(Shape shape) const {
  if (element_count(shape) != count_)
    throw Error(ErrorKind::InvalidArgument, "cannot give " + std::to_string(count_) +
                                                " elements a shape of " +
                                                std::to_string(element_count(shape)) + ".");
  return {dtype_, std::move(shape), buffer_};
}

DLManagedTensor* Tensor::to_dlpack() const {
  auto lent = std::make_unique<Lent>();
  lent->shape = shape_;
  lent->buffer = buffer_;
  DLTensor& tensor = lent->managed.dl_tensor;
  tensor.data = buffer_.get();
  tensor.device = {kDLCPU, 0};
  tensor.ndim = static_cast<std::int32_t>(shape_.size());
  tensor.dtype = {type(dtype_).dlpack_code, static_cast<std::uint8_t>(8 * size_of(dtype_)), 1};
  tensor.shape = lent->shape.data();
  lent->managed.manager_ctx = lent.get();
  lent->managed.deleter = [](DLManagedTensor* self) {
    delete static_cast<Lent*>(self->manager_ctx);
  };
  return &lent.release()->managed;
}

Tensor Tensor::from_dlpack(DLManagedTensor* managed) {
  if (managed == nullptr)
    throw Error(ErrorKind::InvalidArgument, "there is no DLPack tensor behind a null pointer.");
  const std::shared_ptr<DLManagedTensor> owner(managed, [](DLManagedTensor* self) {
    if (self->deleter != nullptr) self->deleter(self);
  });
  const DLTensor& source = managed->dl_tensor;
  if (source.device.device_type != kDLCPU && source.device.device_type != kDLCUDAHost)
    throw Error(ErrorKind::Unsupported, "a DLPack tensor lies on device type " +
                                            std::to_string(source.device.device_type) +
                                            ". Copy it to host memory first.");
  const DType dtype = dtype_from(source.dtype);
  Shape shape(source.shape, source.shape + source.ndim);
  element_count(shape);  // refuses what would overflow below
  auto* data = static_cast<std::byte*>(source.data) + source.byte_offset;
  if (!is_contiguous(source)) {
    Tensor copy(dtype, std::move(shape));
    gather(source, size_of(dtype), copy.mutable_raw().data());
    return copy;
  }
  if (reinterpret_cast<std::uintptr_t>(data) % size_of(dtype) != 0) {
    Tensor copy(dtype, std::move(shape));
    std::copy_n(data, copy.bytes(), copy.mutable_raw().begin());
    return copy;
  }
  return {dtype, std::move(shape), std::shared_ptr<std::byte[]>(owner, data)};
}

void Tensor::check_dtype(DType wanted) const {
  if (wanted != dtype_)
    throw Error(ErrorKind::InvalidArgument, "a tensor of " + std::string(to_string(dtype_)) +
                                                " was asked for its elements as " +
                                                std::string(to_string(wanted)) + ".");
}

void Tensor::check_count(std::size_t count) const {
  if (count != static_cast<std::size_t>(count_))
    throw Error(ErrorKind::InvalidArgument, std::to_string(count) +
                                                " values do not fill a tensor of " +
                                                std::to_string(count_) + " elements.");
}

bool operator==(const Tensor& a, const Tensor& b) {
  return a.dtype() == b.dtype() && a.shape() == b.shape() && std::ranges::equal(a.raw(), b.raw());
}

}  // namespace foldstream
