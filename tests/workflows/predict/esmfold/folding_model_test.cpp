// ESMFold from residues to atoms, on every device that this machine has, against the goldens.
#include "predict/esmfold/folding_model.hpp"
#include "test_support.hpp"

#include <foldstream/error.hpp>
#include <foldstream/io/safetensors.hpp>
#include <foldstream/workflows/predict/torch_info.hpp>

#include <cmath>
#include <iostream>

namespace foldstream::workflows::predict::esmfold {
namespace {

namespace fs = std::filesystem;
using foldstream::test::TemporaryFolder;

const fs::path tiny = foldstream::test::shared_folder() / "reference/esmfold_tiny";

/// A model folder of the golden weights: "model.safetensors" or "model.bin".
OpenedModel opened(const TemporaryFolder& folder, const std::string& weights) {
  fs::copy_file(tiny / "config.json", folder.path() / "config.json");
  fs::create_symlink(tiny / weights,
                     folder.path() / (weights == "model.bin" ? "pytorch_model.bin" : weights));
  return open_model(folder.path());
}

FoldInput case_input(const std::string& name) {
  const auto inputs = io::read_safetensors(tiny / "inputs.safetensors");
  const auto types = inputs.tensor(name + ".aatype").values<std::int64_t>();
  const auto index = inputs.tensor(name + ".position_ids").values<std::int64_t>();
  return {{types.begin(), types.end()},
          {index.begin(), index.end()},
          std::vector<int>(types.size(), 0)};
}

double largest_difference(const Tensor& got, const Tensor& want, double scale = 1) {
  const auto a = got.values<float>(), b = want.values<float>();
  EXPECT_EQ(a.size(), b.size());
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    largest = std::max(largest, std::abs(static_cast<double>(a[i]) - b[i] * scale));
  return largest;
}

double root_mean_square(const Tensor& got, const Tensor& want) {
  const auto a = got.values<float>(), b = want.values<float>();
  EXPECT_EQ(a.size(), b.size());
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += std::pow(static_cast<double>(a[i]) - b[i], 2);
  return std::sqrt(sum / static_cast<double>(a.size()));
}

struct Outcome {
  FoldedPass pass;
  FoldedError error;
};

Outcome fold(const OpenedModel& model, const Placement& place, const FoldInput& input,
             int chunk = 0, int threads = 1) {
  const RunOptions options{.threads = threads, .chunk = chunk};
  const auto fold = load_folding_part(model, place)
                        ->begin(input, load_language_part(model, place)->embed(input, options));
  Outcome outcome;
  for (int i = 0; i < 3; ++i) outcome.pass = fold->pass(options);
  outcome.error = fold->error(options);
  return outcome;
}

void expect_golden(const Outcome& outcome, const std::string& name, double angstrom, double plddt,
                   double pae) {
  const auto golden = io::read_safetensors(tiny / "expected.safetensors");
  const double atoms =
      largest_difference(outcome.pass.atoms, golden.tensor(name + ".atom37_positions"));
  EXPECT_LE(atoms, angstrom) << name;
  EXPECT_LE(largest_difference(outcome.error.pae, golden.tensor(name + ".predicted_aligned_error")),
            pae);
  const double ptm = golden.tensor(name + ".ptm_per_sample").values<float>()[0];
  EXPECT_NEAR(outcome.error.ptm, ptm, plddt) << name;
  const auto got = outcome.pass.plddt.values<float>(),
             want = golden.tensor(name + ".plddt").values<float>();
  double worst = 0;  // of atoms that there are
  for (std::size_t i = 0; i < got.size(); ++i)
    if (got[i] != 0) worst = std::max(worst, std::abs(got[i] / 100.0 - want[i]));
  EXPECT_LE(worst, plddt) << name;
  std::cout << name << ": atoms within " << atoms << " Å, pLDDT within " << worst << "\n";
}

std::vector<std::string> devices() {
  std::vector<std::string> names = {"cpu"};
  for (const Device& device : accelerators()) names.push_back(device.name);
  return names;
}

TEST(FoldingModel, GivesTheGoldensOnEveryDevice) {
  FOLDSTREAM_NEEDS("reference/esmfold_tiny");
  const TemporaryFolder folder;
  const OpenedModel model = opened(folder, "model.safetensors");
  for (const std::string& device : devices())
    for (const std::string name : {"A", "C"}) {
      SCOPED_TRACE(device);
      expect_golden(fold(model, {device, false}, case_input(name)), name, 1e-3, 2e-6, 5e-4);
    }
}

// Three passes of random weights magnify bf16's rounding, 2^16 times that of f32, so that the worst
// atom tells little.
TEST(FoldingModel, StaysNearTheGoldensInBf16OnEveryDevice) {
  FOLDSTREAM_NEEDS("reference/esmfold_tiny");
  const TemporaryFolder folder;
  const OpenedModel model = opened(folder, "model.safetensors");
  const auto golden = io::read_safetensors(tiny / "expected.safetensors");
  for (const std::string& device : devices())
    for (const std::string name : {"A", "C"}) {
      SCOPED_TRACE(device + ", case " + name);
      const Outcome outcome = fold(model, {device, true}, case_input(name));
      const double atoms =
          root_mean_square(outcome.pass.atoms, golden.tensor(name + ".atom37_positions"));
      const double pae =
          root_mean_square(outcome.error.pae, golden.tensor(name + ".predicted_aligned_error"));
      EXPECT_LE(atoms, 0.6);
      EXPECT_LE(pae, 1.5);
      EXPECT_NEAR(outcome.error.ptm, golden.tensor(name + ".ptm_per_sample").values<float>()[0],
                  0.05);
      std::cout << device << ", " << name << ": atoms " << atoms << " Å, PAE " << pae
                << " Å (root mean square)\n";
    }
}

TEST(FoldingModel, GivesTheSameBytesFromACheckpoint) {
  FOLDSTREAM_NEEDS("reference/esmfold_tiny");
  const TemporaryFolder one, other;
  const OpenedModel whole = opened(one, "model.safetensors"),
                    checkpoint = opened(other, "model.bin");

  EXPECT_EQ(whole.digest, checkpoint.digest);
  EXPECT_EQ(fold(whole, {}, case_input("A")).pass.atoms,
            fold(checkpoint, {}, case_input("A")).pass.atoms);
}

TEST(FoldingModel, GivesTheSameBytesOnAnyNumberOfThreads) {
  FOLDSTREAM_NEEDS("reference/esmfold_tiny");
  const TemporaryFolder folder;
  const OpenedModel model = opened(folder, "model.safetensors");

  const Outcome one = fold(model, {}, case_input("C"), 0, 1),
                two = fold(model, {}, case_input("C"), 0, 2);

  EXPECT_EQ(one.pass.atoms, two.pass.atoms);
  EXPECT_EQ(one.error.pae, two.error.pae);
}

TEST(FoldingModel, GoesOnFromAKeptStateToTheSameBytes) {
  FOLDSTREAM_NEEDS("reference/esmfold_tiny");
  const TemporaryFolder folder;
  const OpenedModel model = opened(folder, "model.safetensors");
  const FoldInput input = case_input("A");
  const auto part = load_folding_part(model, {});
  const Tensor representation = load_language_part(model, {})->embed(input, {});
  const auto whole = part->begin(input, representation),
             resumed = part->begin(input, representation);
  whole->pass({});
  resumed->restore(whole->state());

  EXPECT_EQ(whole->pass({}).atoms, resumed->pass({}).atoms);
  EXPECT_EQ(resumed->passes(), 2);
}

TEST(FoldingModel, SaysWhichDeviceIsAbsent) {
  FOLDSTREAM_NEEDS("reference/esmfold_tiny");
  const TemporaryFolder folder;
  const OpenedModel model = opened(folder, "model.safetensors");

  foldstream::test::expect_error(ErrorKind::Unsupported, "cannot compute on 'cuda:77'", [&] {
    load_folding_part(model, {"cuda:77", false});
  });
}

TEST(FoldInput, JoinsChainsByALinkerFarApart) {
  const FoldInput input = encode_chains({"AR", "N"});

  EXPECT_EQ(input.length(), 2 + 25 + 1);
  EXPECT_EQ(input.residue_index[26], 26);
  EXPECT_EQ(input.residue_index[27], 27 + 512);
  EXPECT_EQ(input.chain[2], -1);
  EXPECT_EQ(input.chain[27], 1);
}

}  // namespace
}  // namespace foldstream::workflows::predict::esmfold
