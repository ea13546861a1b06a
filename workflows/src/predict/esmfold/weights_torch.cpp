#include "weights_torch.hpp"

#include "blocks_torch.hpp"

namespace foldstream::workflows::predict::esmfold {
namespace {

/// Of a product that is one thread's: enough that its operands are packed few times.
constexpr std::int64_t columns_of_block = 512;

at::ScalarType scalar_type(DType dtype) {
  switch (dtype) {
    case DType::u8: return at::kByte;
    case DType::i8: return at::kChar;
    case DType::i16: return at::kShort;
    case DType::i32: return at::kInt;
    case DType::i64: return at::kLong;
    case DType::f16: return at::kHalf;
    case DType::bf16: return at::kBFloat16;
    case DType::f32: return at::kFloat;
    case DType::f64: return at::kDouble;
  }
  throw Error(ErrorKind::Internal, "a tensor has no dtype.");
}

DType dtype_of(at::ScalarType type) {
  for (const DType dtype : {DType::u8, DType::i8, DType::i16, DType::i32, DType::i64, DType::f16,
                            DType::bf16, DType::f32, DType::f64})
    if (scalar_type(dtype) == type) return dtype;
  throw Error(ErrorKind::Unsupported,
              "no tensor of ours holds LibTorch's " + std::string(at::toString(type)) + ".");
}

}  // namespace

at::Tensor to_aten(const Tensor& tensor) {
  // the deleter holds a copy, hence the bytes
  void* bytes = const_cast<std::byte*>(tensor.raw().data());  // NOLINT: at::from_blob takes no const
  return at::from_blob(bytes, tensor.shape(), [tensor](void*) {},
                       at::TensorOptions(scalar_type(tensor.dtype())));
}

Tensor from_aten(const at::Tensor& tensor) {
  const auto held = std::make_shared<at::Tensor>(tensor.detach().to(at::kCPU).contiguous());
  std::shared_ptr<std::byte[]> bytes(held, static_cast<std::byte*>(held->data_ptr()));
  return {dtype_of(held->scalar_type()), held->sizes().vec(), std::move(bytes)};
}

Weights::Weights(std::shared_ptr<const NamedTensors> tensors, at::TensorOptions options,
                 std::string prefix)
    : tensors_(std::move(tensors)), options_(options), prefix_(std::move(prefix)) {}

Weights Weights::below(std::string_view name) const {
  return {tensors_, options_, prefix_ + std::string(name) + "."};
}

Weights Weights::in_f32() const { return {tensors_, options_.dtype(at::kFloat), prefix_}; }

bool Weights::contains(std::string_view name) const {
  return tensors_->contains(prefix_ + std::string(name));
}

const Tensor& Weights::find(std::string_view name) const {
  const auto found = tensors_->find(prefix_ + std::string(name));
  if (found == tensors_->end())
    throw Error(ErrorKind::NotFound,
                "the weights hold no tensor '" + prefix_ + std::string(name) + "'.");
  return found->second;
}

at::Tensor Weights::tensor(std::string_view name) const {
  const at::Tensor tensor = to_aten(find(name));
  return tensor.is_floating_point() ? tensor.to(options_) : tensor.to(options_.device());
}

at::Tensor Weights::tensor_f32(std::string_view name) const {
  return to_aten(find(name)).to(options_.dtype(at::kFloat));
}

Linear::Linear(const Weights& weights) : weight(weights.tensor("weight")) {
  if (weights.contains("bias")) bias = weights.tensor("bias");
}

at::Tensor Linear::operator()(const at::Tensor& x) const {
  const at::Tensor in = x.to(weight.scalar_type());
  if (!in.is_cpu()) return at::linear(in, weight, bias);
  const at::Tensor rows = in.reshape({-1, in.size(-1)});
  at::Tensor out = at::empty({rows.size(0), weight.size(0)}, rows.options());
  for_blocks(weight.size(0), columns_of_block, true, [&](std::int64_t from, std::int64_t count) {
    at::Tensor own = out.narrow(1, from, count);
    const at::Tensor weights = weight.narrow(0, from, count).t();
    if (bias.defined())
      at::addmm_out(own, bias.narrow(0, from, count), rows, weights);
    else
      at::mm_out(own, rows, weights);
  });
  std::vector<std::int64_t> shape = in.sizes().vec();
  shape.back() = weight.size(0);
  return out.view(shape);
}

void Linear::add_to(at::Tensor state, const at::Tensor& x) const {
  at::Tensor rows = state.view({-1, state.size(-1)});
  const at::Tensor in = x.reshape({-1, x.size(-1)}).to(weight.scalar_type());
  if (weight.scalar_type() != at::kFloat || !in.is_cpu()) {
    rows.add_(at::linear(in, weight, bias));
    return;
  }
  for_blocks(weight.size(0), columns_of_block, true, [&](std::int64_t from, std::int64_t count) {
    at::Tensor own = rows.narrow(1, from, count);
    own.addmm_(in, weight.narrow(0, from, count).t());
    if (bias.defined()) own.add_(bias.narrow(0, from, count));
  });
}

LayerNorm::LayerNorm(const Weights& weights, double norm_epsilon)
    : weight(weights.tensor_f32("weight")),
      bias(weights.tensor_f32("bias")),
      epsilon(norm_epsilon) {}

at::Tensor LayerNorm::operator()(const at::Tensor& x) const {
  return at::layer_norm(x, weight.sizes(), weight, bias, epsilon);
}

}  // namespace foldstream::workflows::predict::esmfold
