// The folding trunk against the goldens: part by part, pass by pass, for several block sizes.
#include "golden.hpp"
#include "predict/esmfold/trunk_torch.hpp"

namespace foldstream::workflows::predict::esmfold::test {
namespace {

TrunkConfig trunk_config() { return golden_config().folding.value().trunk; }

Trunk golden_trunk() { return {trunk_config(), golden_weights().below("trunk")}; }

Weights first_block() { return golden_weights().below("trunk.blocks.0"); }

TrunkInput input_of(const std::string& name) {
  TrunkInput own{intermediate(name + ".s_s_0"), input(name + ".position_ids"), {}};
  if (name == "B") own.mask = input("B.mask").to(at::kFloat);
  return own;
}

at::Tensor pairs_of(const at::Tensor& mask) {
  return (mask.unsqueeze(1) * mask.unsqueeze(2)).unsqueeze(-1);
}

/// Atoms after the last iteration of a pass.
at::Tensor positions_of(const std::string& name, int pass) {
  return intermediate(name + ".recycle" + std::to_string(pass) + ".sm.positions").select(0, 7);
}

class TrunkOf : public testing::TestWithParam<int> {
 public:

  BlockSize size() const { return {.asked = GetParam()}; }
  const c10::InferenceMode inference;
};


TEST_P(TrunkOf, PartsOfTheFirstBlock) {
  FOLDSTREAM_NEEDS_ESMFOLD_TINY();
  const auto golden = [](const std::string& part) {
    return intermediate("A.recycle0.block0." + part);
  };
  PairState state = golden_trunk().enter(input_of("A"), {}, {}, size());
  const at::Tensor entered = state.s.clone();
  expect_near(state.z, intermediate("A.relpos") + intermediate("A.recycle0.recycle_z_in") +
                           golden_weights().tensor("trunk.recycle_disto.weight").select(0, 0),
              "entering pairs");

  SequenceAttention(first_block(), 6).add_to(state.s, state.z, {}, size());
  expect_near(state.s - entered, golden("seq_attention"), "sequence attention");
  Transition(first_block().below("mlp_seq.mlp")).add_to(state.s.view({-1, 96}), 7);
  expect_near(state.s, golden("mlp_seq"), "sequence transition");

  const auto grows_by = [&](const std::string& part, const auto& add) {
    const at::Tensor before = state.z.clone();
    add(state.z.select(0, 0));
    expect_near(state.z - before, golden(part), part);
  };
  const at::Tensor before = state.z.clone();
  SequenceToPair(first_block().below("sequence_to_pair")).add_to(state.z, state.s, size());
  expect_near(state.z - before, golden("sequence_to_pair"), "sequence_to_pair");
  grows_by("tri_mul_out", [&](const at::Tensor& z) {
    TriangleProduct(first_block().below("tri_mul_out"), Direction::outgoing).add_to(z, {}, size());
  });
  grows_by("tri_mul_in", [&](const at::Tensor& z) {
    TriangleProduct(first_block().below("tri_mul_in"), Direction::incoming).add_to(z, {}, size());
  });
  grows_by("tri_att_start", [&](const at::Tensor& z) {
    TriangleAttention(first_block().below("tri_att_start"), 4, false).add_to(z, {}, size());
  });
  grows_by("tri_att_end", [&](const at::Tensor& z) {
    TriangleAttention(first_block().below("tri_att_end"), 4, true).add_to(z, {}, size());
  });
  Transition(first_block().below("mlp_pair.mlp")).add_to(state.z.view({-1, 48}), 36 * 5);
  expect_near(state.z, golden("mlp_pair"), "pair transition");
}

TEST_P(TrunkOf, ThreePassesOfEachCase) {
  FOLDSTREAM_NEEDS_ESMFOLD_TINY();
  const Trunk trunk = golden_trunk();
  for (const std::string name : {"A", "B", "C"}) {
    const TrunkInput own = input_of(name);
    const at::Tensor mask = input(name + ".mask").to(at::kFloat);
    PairState state;
    at::Tensor bins;
    for (int pass = 0; pass < 3; ++pass) {
      state = trunk.pass(own, std::move(state), bins, {.size = size()});
      if (pass < 2) {
        const std::string key = name + ".recycle" + std::to_string(pass);
        expect_near(state.s, intermediate(key + ".s_s"), key + ".s_s", mask.unsqueeze(-1));
        bins = recycling_bins(positions_of(name, pass), 15);
      }
    }
    expect_near(state.s, expected(name + ".s_s"), name + ".s_s", mask.unsqueeze(-1));
    expect_near(state.z, expected(name + ".s_z"), name + ".s_z", pairs_of(mask));
  }
}

INSTANTIATE_TEST_SUITE_P(Rows, TrunkOf, testing::Values(0, 16, 5));

TEST(Trunk, FindsTheRecyclingBins) {
  FOLDSTREAM_NEEDS_ESMFOLD_TINY();
  for (const std::string name : {"A", "B", "C"}) {
    const at::Tensor pairs = pairs_of(input(name + ".mask")).squeeze(-1).to(at::kBool);
    for (int pass = 1; pass < 3; ++pass) {
      const at::Tensor want =
          intermediate(name + ".recycle" + std::to_string(pass) + ".recycle_bins_in");

      const at::Tensor got = recycling_bins(positions_of(name, pass - 1), 15);

      EXPECT_EQ(got.ne(want).logical_and(pairs).sum().item<std::int64_t>(), 0) << name;
    }
  }
}

TEST(Trunk, ProjectsForTheStructureModule) {
  FOLDSTREAM_NEEDS_ESMFOLD_TINY();
  const c10::InferenceMode inference;

  expect_near(golden_trunk().structure_s(intermediate("A.recycle0.s_s")),
              intermediate("A.recycle0.trunk2sm_s"), "trunk2sm_s");
}

TEST(Trunk, EncodesRelativePositions) {
  const at::Tensor index = at::arange(3, at::kLong).unsqueeze(0);
  const at::Tensor mask = at::tensor({1.F, 1.F, 0.F}).unsqueeze(0);

  const at::Tensor places = relative_positions(index, mask, 32);

  EXPECT_TRUE(at::equal(places[0][0], at::tensor({33, 34, 0}, at::kLong)));
}

}  // namespace
}  // namespace foldstream::workflows::predict::esmfold::test
