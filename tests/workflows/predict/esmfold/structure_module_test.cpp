// Residue geometry, the structure module and the heads against the goldens.
#include "golden.hpp"
#include "predict/esmfold/heads_torch.hpp"
#include "predict/esmfold/structure_module_torch.hpp"
#include "predict/esmfold/trunk_torch.hpp"

namespace foldstream::workflows::predict::esmfold::test {
namespace {

using c10::InferenceMode;

at::Tensor table(const std::string& name) {
  return to_aten(golden_file("tables.safetensors").tensor(name));
}

at::Tensor all_types() { return at::arange(21, at::kLong).unsqueeze(0); }

TEST(ResidueGeometry, HasTheAtomsOfTheReference) {
  FOLDSTREAM_NEEDS_ESMFOLD_TINY();
  const AtomTables tables(at::kCPU);
  const at::Tensor types = all_types();

  EXPECT_TRUE(at::equal(tables.exists14(types)[0], table("restype_atom14_mask")));
  EXPECT_TRUE(at::equal(tables.exists37(types)[0], table("restype_atom37_mask")));
}

TEST(ResidueGeometry, PlacesAtomsAndGroupsAsTheReference) {
  FOLDSTREAM_NEEDS_ESMFOLD_TINY();
  const AtomTables tables(at::kCPU);
  const at::Tensor types = all_types();
  at::Tensor torsions = at::zeros({1, 21, 7, 2});
  torsions.select(-1, 1).fill_(1);
  const Frames at_rest{at::eye(3).expand({1, 21, 3, 3}), at::zeros({1, 21, 3})};

  const Frames groups = tables.groups(at_rest, torsions, types);

  const at::Tensor want = table("restype_rigid_group_default_frame");
  for (const std::int64_t group : {0, 1, 2, 3, 4}) {  // the others are seen through those before
    expect_near(groups.rotation[0].select(1, group), want.select(1, group).narrow(1, 0, 3).narrow(2, 0, 3),
                "rotation", {}, 1e-6);
    EXPECT_LE(largest_difference(groups.translation[0].select(1, group),
                                 want.select(1, group).narrow(1, 0, 3).select(2, 3)),
              1e-6);
  }
}

/// A case run from the states of the trunk at the end.
struct Folded {
  explicit Folded(const std::string& name, int rows = 0)
      : weights(golden_weights()), types(input(name + ".aatype")), real(input(name + ".mask").to(at::kFloat)) {
    const auto config = golden_config().folding.value().trunk;
    const Trunk trunk(config, weights.below("trunk"));
    const StructureModule module(config.structure, weights.below("trunk.structure_module"));
    steps = module.run(trunk.structure_s(expected(name + ".s_s")),
                       trunk.structure_z(expected(name + ".s_z")), types,
                       name == "B" ? real : at::Tensor(), {.asked = rows}, true);
    atoms37 = module.tables().atoms37(steps.back().atoms14, types);
  }

  at::Tensor all(at::Tensor StructureStep::*part) const {
    std::vector<at::Tensor> parts;
    for (const StructureStep& step : steps) parts.push_back(step.*part);
    return at::stack(parts);
  }

  Weights weights;
  at::Tensor types, real, atoms37;
  std::vector<StructureStep> steps;
};

class Structures : public testing::TestWithParam<int> {
 public:
  const InferenceMode inference;
};

TEST_P(Structures, EveryIterationOfEachCase) {
  FOLDSTREAM_NEEDS_ESMFOLD_TINY();
  for (const std::string name : {"A", "B", "C"}) {
    const Folded folded(name, GetParam());
    const at::Tensor mask = folded.real.unsqueeze(-1);

    expect_near(folded.all(&StructureStep::state), expected(name + ".states"), name + " states", mask);
    expect_near(folded.all(&StructureStep::raw_torsions), expected(name + ".unnormalized_angles"),
                name + " raw torsions", mask.unsqueeze(-1));
    EXPECT_LE(largest_difference(folded.all(&StructureStep::torsions), expected(name + ".angles"),
                                 mask.unsqueeze(-1)),
              1e-3);
    EXPECT_LE(largest_difference(folded.all(&StructureStep::atoms14), expected(name + ".positions"),
                                 mask.unsqueeze(-1)),
              1e-3);
  }
}

TEST_P(Structures, FramesOfEachCase) {
  FOLDSTREAM_NEEDS_ESMFOLD_TINY();
  for (const std::string name : {"A", "B", "C"}) {
    const Folded folded(name, GetParam());
    const at::Tensor mask = folded.real.unsqueeze(-1), want = expected(name + ".frames");
    const at::Tensor got = folded.all(&StructureStep::quaternions);
    const at::Tensor sign = (got * want.narrow(-1, 0, 4)).sum(-1, true).sign();

    EXPECT_LE(largest_difference(got * sign, want.narrow(-1, 0, 4), mask), 2e-5) << name;
    EXPECT_LE(largest_difference(folded.all(&StructureStep::translations), want.narrow(-1, 4, 3), mask),
              1e-3);
    at::Tensor groups = expected(name + ".sidechain_frames");
    if (name != "B" && name != "C") groups = groups[7];
    const at::Tensor wide = mask.unsqueeze(-1).unsqueeze(-1);
    EXPECT_LE(largest_difference(folded.steps.back().groups.rotation,
                                 groups.narrow(-2, 0, 3).narrow(-1, 0, 3), wide), 2e-4);
    EXPECT_LE(largest_difference(folded.steps.back().groups.translation,
                                 groups.narrow(-2, 0, 3).select(-1, 3), mask.unsqueeze(-1)), 1e-3);
  }
}

INSTANTIATE_TEST_SUITE_P(Rows, Structures, testing::Values(0, 16, 5));

TEST(PointAttention, GivesWhatTheReferenceAddsInEachIteration) {
  FOLDSTREAM_NEEDS_ESMFOLD_TINY();
  const InferenceMode inference;
  const auto config = golden_config().folding.value().trunk.structure;
  const PointAttention attention(config, golden_weights().below("trunk.structure_module.ipa"));
  const auto golden = [](const std::string& name) { return intermediate("A.recycle0.sm." + name); };
  const at::Tensor z = golden("layer_norm_z");
  Frames frames{at::eye(3).expand({1, 36, 3, 3}), at::zeros({1, 36, 3})};
  at::Tensor s = golden("linear_in");
  for (int i = 0; i < 8; ++i) {
    const std::string iteration = "iter" + std::to_string(i);

    expect_near(attention(s, z, attention.pair_bias(z, {}), frames, {}), golden(iteration + ".ipa"),
                iteration);

    s = golden(iteration + ".transition");
    const at::Tensor pose = golden("frames")[i];
    frames = {rotations_of(pose.narrow(-1, 0, 4)), pose.narrow(-1, 4, 3) / 10};
  }
}

TEST(Heads, ReadTheStatesAsTheReference) {
  FOLDSTREAM_NEEDS_ESMFOLD_TINY();
  const InferenceMode inference;
  const Heads heads(golden_weights());
  for (const std::string name : {"A", "B", "C"}) {
    const at::Tensor real = input(name + ".mask").to(at::kFloat), mask = real.unsqueeze(-1);
    const at::Tensor pairs = real.unsqueeze(1) * real.unsqueeze(2);
    const at::Tensor states = expected(name + ".states")[7], z = expected(name + ".s_z");

    expect_near(heads.lddt_logits(states), expected(name + ".lddt_head"), "lddt", mask.unsqueeze(-1));
    EXPECT_LE(largest_difference(heads.plddt(states), expected(name + ".plddt"), mask), 2e-6);
    expect_near(heads.distogram_logits(z), expected(name + ".distogram_logits"), "distogram",
                pairs.unsqueeze(-1));
    expect_near(heads.residue_logits(expected(name + ".s_s")), expected(name + ".lm_logits"), "lm", mask);
    expect_near(heads.ptm_logits(z), expected(name + ".ptm_logits"), "ptm", pairs.unsqueeze(-1));
    for (const int rows : {0, 16, 5}) {
      const AlignedError error = heads.aligned_error(z, real, {.asked = rows});
      EXPECT_LE(largest_difference(error.pae, expected(name + ".predicted_aligned_error"), pairs), 5e-4);
      EXPECT_LE(largest_difference(error.ptm, expected(name + ".ptm_per_sample")), 2e-6);
    }
  }
}

TEST(Atoms, AreLaidOutAsTheReference) {
  FOLDSTREAM_NEEDS_ESMFOLD_TINY();
  const InferenceMode inference;
  for (const std::string name : {"A", "B", "C"}) {
    const Folded folded(name);
    const at::Tensor mask = folded.real.unsqueeze(-1).unsqueeze(-1);

    EXPECT_LE(largest_difference(folded.atoms37, expected(name + ".atom37_positions"), mask), 1e-3);
  }
}

}  // namespace
}  // namespace foldstream::workflows::predict::esmfold::test
