// ESMFold as stages: what they give, and that a run which was stopped goes on after its last pass.
#include "test_support.hpp"

#include <foldstream/graph.hpp>
#include <foldstream/io/prediction.hpp>
#include <foldstream/io/run_store.hpp>
#include <foldstream/io/sequence.hpp>
#include <foldstream/thread_executor.hpp>
#include <foldstream/workflows/predict/model_folder.hpp>
#include <foldstream/workflows/stages.hpp>

#include <atomic>
#include <fstream>

namespace foldstream::workflows {
namespace {

namespace fs = std::filesystem;
using test::TemporaryFolder;

const fs::path tiny = test::shared_folder() / "reference/esmfold_tiny";
const io::Sequence protein{"P1", "", "MKTAYIAKQRQISFVKSHFSRQLEERLGLIEVQX"};

void golden_model(const TemporaryFolder& folder) {
  fs::copy_file(tiny / "config.json", folder.path() / "config.json");
  fs::create_symlink(tiny / "model.safetensors", folder.path() / "model.safetensors");
}

struct Stages {
  Graph graph;
  TaskRef embed, fold;
};

Stages stages_of(const fs::path& model, Task fold) {
  Graph graph;
  const TaskRef embed = graph.add(embed_task({.model = model.string(), .device = "cpu"}));
  const TaskRef folding = graph.add(std::move(fold));
  graph.connect(embed.output("representation"), folding.input("representation"));
  return {std::move(graph), embed, folding};
}

Task fold_of(const fs::path& model) {
  return fold_task({.model = model.string(), .recycles = 3, .device = "cpu", .checkpoint_seconds = 0});
}

Run run_of(const Stages& stages, const fs::path& folder, ThreadExecutor& executor,
           const io::Sequence& target = protein) {
  Run run = executor.run(stages.graph,
                         {{stages.embed.input("sequence"), target}, {stages.fold.input("sequence"), target}},
                         {.store = std::make_shared<io::RunStore>(folder, 0)});
  run.wait();
  return run;
}

/// Tells what fraction of the work was reported; fails once it is above `limit`.
Task watched(Task task, double limit, std::atomic<double>& least) {
  task.retry.task = 0;
  task.body = [body = task.body, limit, &least](const Values& inputs, const Context& context) {
    Context own = context;
    own.progress = [&, limit](double fraction, std::string_view) {
      least = std::min(least.load(), fraction);
      if (fraction > limit) throw Error(ErrorKind::Task, "stopped by the test.");
    };
    return body(inputs, own);
  };
  return task;
}

TEST(EsmfoldStages, FoldAComplexAsItsChains) {
  FOLDSTREAM_NEEDS("reference/esmfold_tiny");
  const TemporaryFolder model, folder;
  golden_model(model);
  const Stages stages = stages_of(model.path(), fold_of(model.path()));
  ThreadExecutor executor({.threads = 2});
  const io::Sequence dimer{"D1", "", "MKTAYIAKQRQISFVK", {10, 6}};

  foldstream::Run run = run_of(stages, folder.path(), executor, dimer);

  const auto prediction = run.get<io::Prediction>(stages.fold.output("prediction"));
  const io::Model& first = prediction.models.at(0);
  ASSERT_EQ(first.structure.chains.size(), 2U);
  EXPECT_EQ(first.structure.chains[1].id, "B");
  EXPECT_EQ(first.structure.chains[1].residues.size(), 6U);
  EXPECT_EQ(first.structure.chains[1].residues[0].name, "GLN");
  EXPECT_EQ(first.plddt.size(), 16U);  // without the linker
  EXPECT_EQ(first.pae.size(), 16U * 16U);
}

TEST(EsmfoldStages, GiveAModelWithAllHeavyAtomsAndItsErrors) {
  FOLDSTREAM_NEEDS("reference/esmfold_tiny");
  const TemporaryFolder model, folder;
  golden_model(model);
  const Stages stages = stages_of(model.path(), fold_of(model.path()));
  ThreadExecutor executor({.threads = 2});

  foldstream::Run run = run_of(stages, folder.path(), executor);

  const auto prediction = run.get<io::Prediction>(stages.fold.output("prediction"));
  const io::Model& first = prediction.models.at(0);
  EXPECT_EQ(first.structure.residue_count(), protein.length());
  EXPECT_EQ(first.structure.chains[0].residues[0].atoms.size(), 8U);  // methionine
  EXPECT_EQ(first.structure.chains[0].residues.back().atoms.size(), 0U);  // unknown
  EXPECT_EQ(first.pae.size(), protein.length() * protein.length());
  EXPECT_GT(first.predicted_tm, 0);
}

TEST(EsmfoldStages, GoOnAfterTheLastPassThatWasKept) {
  FOLDSTREAM_NEEDS("reference/esmfold_tiny");
  const TemporaryFolder model, whole_folder, folder;
  golden_model(model);
  ThreadExecutor executor({.threads = 1});
  const Stages plain = stages_of(model.path(), fold_of(model.path()));
  foldstream::Run whole = run_of(plain, whole_folder.path(), executor);
  std::atomic<double> least = 1;

  {
    const Stages halting = stages_of(model.path(), watched(fold_of(model.path()), 0.6, least));
    EXPECT_FALSE(run_of(halting, folder.path(), executor).outcomes().front().is_good());
  }
  least = 1;
  const Stages resumed = stages_of(model.path(), watched(fold_of(model.path()), 2, least));
  foldstream::Run second = run_of(resumed, folder.path(), executor);

  EXPECT_GE(least, 0.5);  // two of four passes were not run again
  EXPECT_EQ(second.get<io::Prediction>(resumed.fold.output("prediction")),
            whole.get<io::Prediction>(plain.fold.output("prediction")));
}

TEST(EsmfoldStages, SayWhatModelIsAbsent) {
  test::expect_error(ErrorKind::NotFound, "Foldstream opens no connections", [] {
    fold_task({.model = "esmfold_v1", .models_dir = "/nowhere"});
  });
}

TEST(ModelFolder, ImportsADownloadAndFindsDamageLater) {
  FOLDSTREAM_NEEDS("reference/esmfold_tiny");
  const TemporaryFolder download, models;
  fs::copy_file(tiny / "config.json", download.path() / "config.json");
  fs::copy_file(tiny / "model.bin", download.path() / "pytorch_model.bin");

  const auto info = predict::import_model(download.path(), models.path(), {.name = "tiny", .dtype = "f32"});

  EXPECT_EQ(info.kind, "ESMFold");
  EXPECT_FALSE(info.digest.empty());
  EXPECT_THAT(predict::check_model(models.path() / "tiny").problems, testing::IsEmpty());
  const fs::path weights = models.path() / "tiny" / "model.safetensors";
  std::string text = test::read_text(weights);
  text[text.size() - 7] ^= 1;
  const auto time = fs::last_write_time(weights);
  std::ofstream(weights, std::ios::binary) << text;
  fs::last_write_time(weights, time);
  EXPECT_THAT(predict::check_model(models.path() / "tiny").problems,
              testing::ElementsAre(testing::HasSubstr("they were changed or damaged")));
}

TEST(ModelFolder, ImportsNothingThatDoesNotFit) {
  FOLDSTREAM_NEEDS("reference/esmfold_tiny");
  const TemporaryFolder download, models;
  std::string config = test::read_text(tiny / "config.json");
  config.replace(config.find("\"num_hidden_layers\": 3"), 22, "\"num_hidden_layers\": 4");
  download.write("config.json", config);
  fs::copy_file(tiny / "model.safetensors", download.path() / "model.safetensors");

  test::expect_error(ErrorKind::InvalidArgument, "'esm.encoder.layer.3.attention.LayerNorm.weight' [64] is absent",
                     [&] { predict::import_model(download.path(), models.path(), {.name = "tiny"}); });
  EXPECT_TRUE(fs::is_empty(models.path()));
}

TEST(ModelFolder, SaysWhichFilesAreMissing) {
  const TemporaryFolder download, models;
  test::expect_error(ErrorKind::NotFound, "needs config.json and model.safetensors",
                     [&] { predict::import_model(download.path(), models.path()); });
}

}  // namespace
}  // namespace foldstream::workflows
