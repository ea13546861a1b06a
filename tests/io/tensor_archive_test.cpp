// Files of weights: mapped, the same whatever the container, and refused with a reason if they lie.
#include "io/zip_text.hpp"
#include "test_support.hpp"

#include <foldstream/io/safetensors.hpp>
#include <foldstream/io/tensor_archive.hpp>

#include <zlib.h>

#include <cstring>
#include <fstream>

namespace foldstream::io {
namespace {

using namespace test;
using foldstream::test::expect_error;
using foldstream::test::TemporaryFolder;

const std::filesystem::path tiny = foldstream::test::shared_folder() / "reference/esmfold_tiny";

std::string floats(const std::vector<float>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

TensorArchive opened(const TemporaryFolder& folder, const ZipFile& zip) {
  return TensorArchive::open(folder.write("file", zip.text()));
}

void expect_refused(ErrorKind kind, const std::string& words, const std::string& file) {
  const TemporaryFolder folder;
  const auto path = folder.write("weights", file);
  expect_error(kind, words, [&] { TensorArchive::open(path); });
}

std::string deflated(const std::string& text) {
  std::string out(compressBound(text.size()) + 16, '\0');
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

TEST(TensorArchive, GivesTheSameTensorsFromSafetensorsAndACheckpoint) {
  FOLDSTREAM_NEEDS("reference/esmfold_tiny");

  const TensorArchive one = TensorArchive::open(tiny / "model.safetensors");
  const TensorArchive other = TensorArchive::open(tiny / "model.bin");

  EXPECT_EQ(one.tensors().size(), other.tensors().size());
  EXPECT_EQ(one.all(), other.all());
  EXPECT_EQ(one.all(), read_safetensors(tiny / "model.safetensors").tensors);
}

TEST(TensorArchive, MapsTensorsWithoutCopies) {
  FOLDSTREAM_NEEDS("reference/esmfold_tiny");
  const TensorArchive archive = TensorArchive::open(tiny / "model.bin");

  EXPECT_EQ(archive.tensor("embedding.weight").raw().data(),
            archive.tensor("embedding.weight").raw().data());
}

TEST(TensorArchive, ATensorOutlivesItsArchive) {
  const TemporaryFolder folder;
  const Tensor tensor = opened(folder, checkpoint({{"w", pickled_tensor("FloatStorage", "0", 2, 0, {2}, {1})}},
                                                  floats({1, 2})))
                            .tensor("w");

  EXPECT_EQ(tensor.values<float>()[1], 2);
}

TEST(TensorArchive, FlattensDictionariesAndReadsViews) {
  const TemporaryFolder folder;
  const std::string inner = "}(" + pickled_text("turned") +
                            pickled_tensor("FloatStorage", "0", 6, 0, {3, 2}, {1, 3}) +
                            pickled_text("tail") +
                            pickled_tensor("FloatStorage", "0", 6, 4, {2}, {1}) + "u";

  const TensorArchive archive =
      opened(folder, checkpoint({{"model", inner}}, floats({1, 2, 3, 4, 5, 6})));

  EXPECT_EQ(archive.tensor("model.turned"),
            Tensor::of(std::vector<float>{1, 4, 2, 5, 3, 6}).reshaped({3, 2}));
  EXPECT_EQ(archive.tensor("model.tail"), Tensor::of(std::vector<float>{5, 6}));
}

TEST(TensorArchive, DropsSettingsBesideTheWeights) {
  const TemporaryFolder folder;
  const std::string arguments = "cargparse\nNamespace\n)\x81}" + pickled_text("lr") +
                                pickled_integer(3) + "sb";

  const TensorArchive archive = opened(
      folder, checkpoint({{"args", arguments}, {"w", pickled_tensor("HalfStorage", "0", 2, 0, {2}, {1})}},
                         std::string("\x00\x3c\x00\x40", 4)));

  EXPECT_EQ(archive.tensors().size(), 1U);
}

TEST(TensorArchive, ReadsArraysOfNumpy) {
  const TemporaryFolder folder;
  const std::string plain = npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n", floats({7, 8}));
  const std::string turned = npy("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 2), }\n",
                                 floats({1, 2, 3, 4}));
  ZipFile zip{{{"scope//weights.npy", plain}, {"t.npy", turned}}};
  zip.entries.push_back({"packed.npy", deflated(plain), 8, plain.size()});

  const TensorArchive archive = opened(folder, zip);

  EXPECT_EQ(archive.tensor("scope//weights"), Tensor::of(std::vector<float>{7, 8}));
  EXPECT_EQ(archive.tensor("packed"), Tensor::of(std::vector<float>{7, 8}));
  EXPECT_EQ(archive.tensor("t"), Tensor::of(std::vector<float>{1, 3, 2, 4}).reshaped({2, 2}));
}

TEST(TensorArchive, ReadsShardsByTheirIndex) {
  const TemporaryFolder folder;
  write_safetensors(folder.path() / "a.safetensors", {{{"x", Tensor::of(std::vector<float>{1})}}, {}});
  write_safetensors(folder.path() / "b.safetensors", {{{"y", Tensor::of(std::vector<float>{2})}}, {}});
  const auto index = folder.write("m.index.json", R"({"weight_map": {"x": "a.safetensors", "y": "b.safetensors"}})");

  const TensorArchive archive = TensorArchive::open(index);

  EXPECT_EQ(archive.tensor("y"), Tensor::of(std::vector<float>{2}));
  EXPECT_EQ(archive.files().size(), 2U);
}

TEST(TensorArchive, NamesAllMissingShards) {
  const TemporaryFolder folder;
  const auto index = folder.write("m.index.json", R"({"weight_map": {"x": "a", "y": "b"}})");

  expect_error(ErrorKind::NotFound, "these shards are missing beside it: a, b.",
               [&] { TensorArchive::open(index); });
}

TEST(TensorArchive, RefusesAShardOutsideItsFolder) {
  const TemporaryFolder folder;
  const auto index = folder.write("m.index.json", R"({"weight_map": {"x": "../secret"}})");

  expect_error(ErrorKind::Parse, "names '../secret' as a shard", [&] { TensorArchive::open(index); });
}

TEST(TensorArchive, RefusesAPickleThatCallsTheSystem) {
  const std::string evil = "cos\nsystem\n(" + pickled_text("touch /tmp/owned") + "tR";

  expect_refused(ErrorKind::Unsupported, "its pickle asks for 'os.system', which is no tensor",
                 checkpoint({{"w", evil}}, "").text());
}

TEST(TensorArchive, RefusesOpcodesThatMakeObjects) {
  expect_refused(ErrorKind::Unsupported, "its pickle has the opcode 105",
                 checkpoint({{"w", "(ios\nsystem\n"}}, "").text());
  expect_refused(ErrorKind::Unsupported, "makes an object of 'torch._utils._rebuild_parameter'",
                 checkpoint({{"w", "ctorch._utils\n_rebuild_parameter\n)\x81"}}, "").text());
}

TEST(TensorArchive, RefusesATensorPastItsStorage) {
  expect_refused(ErrorKind::Parse, "tensor 'w' reaches past the end of its storage 'm/data/0'.",
                 checkpoint({{"w", pickled_tensor("FloatStorage", "0", 2, 1, {2}, {1})}}, floats({1, 2})).text());
  expect_refused(ErrorKind::Parse, "'m/data/0' holds 8 bytes, not 3 elements of f32.",
                 checkpoint({{"w", pickled_tensor("FloatStorage", "0", 3, 0, {3}, {1})}}, floats({1, 2})).text());
}

TEST(TensorArchive, RefusesATensorThatRepeatsItsStorageForEver) {
  expect_refused(ErrorKind::Parse, "has more elements than its storage 'm/data/0'",
                 checkpoint({{"w", pickled_tensor("FloatStorage", "0", 1, 0, {1000000, 1000000}, {0, 0})}},
                            floats({1})).text());
}

TEST(TensorArchive, RefusesAZipBomb) {
  ZipFile zip{{{"w.npy", deflated(std::string(100, 'x')), 8, 0xf0000000}}};

  expect_refused(ErrorKind::Parse, "Refused as a zip bomb.", zip.text());
}

TEST(TensorArchive, RefusesAFileThatIsCutShort) {
  const std::string whole =
      checkpoint({{"w", pickled_tensor("FloatStorage", "0", 2, 0, {2}, {1})}}, floats({1, 2})).text();

  expect_refused(ErrorKind::Parse, "it is cut short", whole.substr(0, whole.size() - 30));
  expect_refused(ErrorKind::Parse, "opens with 8 bytes of length", "");
}

TEST(TensorArchive, RefusesAHeaderLongerThanAnyFile) {
  expect_refused(ErrorKind::Parse, "a header of 9223372036854775808 bytes is announced",
                 little(std::uint64_t{1} << 63U, 8) + "{}");
}

TEST(TensorArchive, RefusesOverlappingTensors) {
  const std::string header = R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
                             R"("b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})";

  expect_refused(ErrorKind::Parse, "they may neither overlap nor leave a hole",
                 little(header.size(), 8) + header + std::string(12, '\0'));
}

TEST(TensorArchive, RefusesShapesThatOverflow) {
  expect_refused(ErrorKind::Parse, "the product of its shape overflows",
                 checkpoint({{"w", pickled_tensor("FloatStorage", "0", 2, 0, {2147483647, 2147483647, 2147483647}, {0, 0, 0})}},
                            floats({1, 2})).text());
}

TEST(TensorArchive, TellsWhatOldAndForeignFilesAre) {
  expect_refused(ErrorKind::Unsupported, "is a bare pickle", "\x80\x02}.");
  expect_refused(ErrorKind::Unsupported, "as PyTorch wrote before 1.6",
                 std::string("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8", 12) + "rest");
}

TEST(TensorArchive, NamesTheNearestTensor) {
  const TemporaryFolder folder;
  const TensorArchive archive = opened(
      folder, checkpoint({{"weight", pickled_tensor("FloatStorage", "0", 2, 0, {2}, {1})}}, floats({1, 2})));

  expect_error(ErrorKind::NotFound, "holds no tensor 'wieght'. Did you mean 'weight'?",
               [&] { archive.tensor("wieght"); });
}

}  // namespace
}  // namespace foldstream::io
