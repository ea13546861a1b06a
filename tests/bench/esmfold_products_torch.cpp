#include "esmfold.hpp"

#include "predict/esmfold/weights_torch.hpp"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

namespace foldstream::bench {
namespace {

using namespace workflows::predict::esmfold;

/// Of the layers of ESM-2, in its shapes, without anything between them.
class Products {
 public:
  Products(const OpenedModel& model, int length, const at::TensorOptions& options)
      : heads_(model.config.language.heads),
        x_(at::full({length + 2, model.config.language.hidden}, 0.1F, options)),
        y_(at::empty_like(x_)),
        wide_(at::empty({length + 2, model.config.language.feed_forward}, options)) {
    const Weights weights(model.tensors, options);
    for (int layer = 0; layer < model.config.language.layers; ++layer)
      for (const char* name : {"attention.self.query", "attention.self.key", "attention.self.value",
                               "attention.output.dense", "intermediate.dense", "output.dense"})
        weights_.push_back(weights.below("esm.encoder.layer." + std::to_string(layer))
                               .below(name)
                               .tensor("weight")
                               .t());
  }

  void run() {
    const c10::InferenceMode inference;
    const at::Tensor q = x_.view({x_.size(0), heads_, -1}).transpose(0, 1).contiguous();
    for (std::size_t first = 0; first < weights_.size(); first += 6) {
      for (std::size_t part = 0; part < 3; ++part) at::mm_out(y_, x_, weights_[first + part]);
      at::bmm(at::bmm(q, q.transpose(1, 2)), q);
      at::mm_out(y_, x_, weights_[first + 3]);
      at::mm_out(wide_, x_, weights_[first + 4]);
      at::mm_out(y_, wide_, weights_[first + 5]);
    }
    if (!x_.is_cpu()) y_.select(0, 0).select(0, 0).item<float>();  // waits for the device
  }

 private:
  std::int64_t heads_;
  at::Tensor x_, y_, wide_;
  std::vector<at::Tensor> weights_;
};

}  // namespace

std::function<void()> language_products(const OpenedModel& model, int length,
                                        const EsmfoldOptions& options) {
  const auto tensor_options = at::TensorOptions(at::Device(options.device))
                                  .dtype(options.is_bf16 ? at::kBFloat16 : at::kFloat);
  const auto products = std::make_shared<Products>(model, length, tensor_options);
  return [products, threads = options.threads] {
    at::set_num_threads(threads);
    products->run();
  };
}

}  // namespace foldstream::bench
