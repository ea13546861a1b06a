#include "stem_torch.hpp"

#include "tokens.hpp"

#include <vector>

namespace foldstream::workflows::predict::esmfold {

at::Tensor language_tokens(const at::Tensor& types, const at::Tensor& mask) {
  const std::vector<std::int64_t> known(token_of_residue.begin(), token_of_residue.end());
  const at::Tensor table = at::tensor(known, at::kLong).to(types.device());
  const std::int64_t rows = types.size(0), length = types.size(1);
  at::Tensor tokens = at::full({rows, length + 2}, pad_token, types.options());
  tokens.select(1, 0).fill_(cls_token);
  tokens.narrow(1, 1, length)
      .copy_(at::where(mask.to(at::kBool), table.index_select(0, types.flatten()).view_as(types),
                       at::full({}, pad_token, types.options())));
  return tokens.scatter_(1, mask.to(at::kLong).sum(1, true) + 1, eos_token);
}

Stem::Stem(const Weights& weights)
    : mixture_(at::softmax(weights.tensor_f32("esm_s_combine"), 0)),
      embedding_(weights.tensor("embedding.weight")),
      norm_(weights.below("esm_s_mlp.0")),
      first_(weights.below("esm_s_mlp.1")),
      second_(weights.below("esm_s_mlp.3")) {}

at::Tensor Stem::project(const at::Tensor& mixed) const {
  at::Tensor wide = first_(norm_(mixed));
  return second_(wide.relu_());
}

at::Tensor Stem::residues(const at::Tensor& types) const { return at::embedding(embedding_, types); }

}  // namespace foldstream::workflows::predict::esmfold
