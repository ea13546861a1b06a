#include "test_support.hpp"
#include "train/halves.hpp"
#include "train/noise.hpp"

#include <foldstream/workflows/predict/torch_info.hpp>
#include <foldstream/workflows/train/train.hpp>

namespace foldstream::workflows::train {
namespace {

namespace fs = std::filesystem;

class Training : public testing::Test {
 protected:
  void SetUp() override {
    if (!predict::torch_is_available()) GTEST_SKIP() << "built without LibTorch";
    options.structures = fs::path(FOLDSTREAM_SOURCE_DIR) / "tests/workflows/train/helices.h5";
    options.out = folder.path() / "a";
    options.length = 0.2;  // three epochs of one step
  }

  fs::path write_noise() const {
    const std::vector<Chain> chains = training_chains(options.structures);
    std::vector<KnownMap> maps;
    for (const Chain& chain : chains) maps.push_back({&chain, predict::PairMap(chain.length())});
    io::write_safetensors(folder.path() / "noise", NoiseTables::measure(maps).file());
    return folder.path() / "noise";
  }

  test::TemporaryFolder folder;
  TrainOptions options;
  Context context;
};

TEST_F(Training, GivesTheSameBytesForAnyNumberOfThreads) {
  const std::string one = test::read_text(train_local(options, context));
  options.out = folder.path() / "b";
  context.threads = 3;

  EXPECT_EQ(one, test::read_text(train_local(options, context)));
}

TEST_F(Training, DependsOnTheSeed) {
  const std::string one = test::read_text(train_local(options, context));
  options.seed = 2;

  EXPECT_NE(one, test::read_text(train_local(options, context)));
}

TEST_F(Training, GoesOnWhereItWasStopped) {
  const std::string whole = test::read_text(train_local(options, context));
  options.out = folder.path() / "b";
  std::stop_source stop;
  context.stop = stop.get_token();
  options.on_epoch = [&](const Epoch&) { stop.request_stop(); };
  test::expect_error(ErrorKind::Cancelled, "", [&] { train_local(options, context); });
  context.stop = {};
  int epochs = 0;
  options.on_epoch = [&](const Epoch&) { ++epochs; };

  const std::string resumed = test::read_text(train_local(options, context));

  EXPECT_EQ(resumed, whole);
  EXPECT_EQ(epochs, 5);  // two of the first half, three of the second
}

TEST_F(Training, OfDistancesIsReproducible) {
  DistanceTraining inputs{train_local(options, context), write_noise(), {}};
  options.length = 2.0 / (24 * 150);  // two steps
  const std::string one = test::read_text(train_distance(options, inputs, context));
  options.out = folder.path() / "b";
  context.threads = 2;

  EXPECT_EQ(one, test::read_text(train_distance(options, inputs, context)));
}

TEST_F(Training, OfDistancesSaysWhatItCannotRead) {
  const DistanceTraining inputs{folder.path() / "absent", folder.path() / "absent", {}};

  test::expect_error(ErrorKind::NotFound, "absent",
                     [&] { train_distance(options, inputs, context); });
}

}  // namespace
}  // namespace foldstream::workflows::train
