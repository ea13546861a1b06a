// Safetensors: what is written is read back, to the byte, and a damaged file says what is wrong.
#include "test_support.hpp"

#include <foldstream/io/safetensors.hpp>

#include <cmath>
#include <limits>

namespace {

using namespace foldstream;
using foldstream::test::expect_error;

// A file with this header and this many bytes of data.
std::string file_of(const std::string& header, std::size_t data_bytes) {
  std::string file;
  for (int i = 0; i < 8; ++i) file += static_cast<char>((header.size() >> (8 * i)) & 0xff);
  return file + header + std::string(data_bytes, '\0');
}

io::Safetensors parse(const std::string& file) {
  return io::parse_safetensors(std::as_bytes(std::span(file)), "w.safetensors");
}

io::Safetensors two_tensors() {
  io::Safetensors content;
  content.tensors["a.mask"] = Tensor::of(std::vector<std::uint8_t>{1, 0, 1});
  content.tensors["b.weight"] =
      Tensor::of<float>(std::vector<float>{1, -2, std::nanf(""), 4}, {2, 2});
  content.metadata = {{"seed", "7"}, {"about", "Cα"}};
  return content;
}

TEST(Safetensors, ReadsBackWhatItWrote) {
  const test::TemporaryFolder folder;
  const io::Safetensors content = two_tensors();

  io::write_safetensors(folder.path() / "w.safetensors", content);
  const io::Safetensors back = io::read_safetensors(folder.path() / "w.safetensors");

  EXPECT_EQ(back.tensors, content.tensors);
  EXPECT_EQ(back.metadata, content.metadata);
}

TEST(Safetensors, KeepsEveryDtypeScalarsAndEmptyTensors) {
  io::Safetensors content;
  for (const DType dtype : {DType::u8, DType::i8, DType::i16, DType::i32, DType::i64, DType::f16,
                            DType::bf16, DType::f32, DType::f64}) {
    content.tensors[std::string(to_string(dtype))] = Tensor(dtype, {3});
  }
  content.tensors["scalar"] = Tensor(DType::f64, {});
  content.tensors["empty"] = Tensor(DType::f32, {4, 0, 2});

  EXPECT_EQ(parse(io::format_safetensors(content)).tensors, content.tensors);
}

TEST(Safetensors, WritesTheDocumentedBytes) {
  io::Safetensors content;
  content.tensors["w"] = Tensor::of(std::vector<std::uint8_t>{65, 66});
  content.metadata["by"] = "us";

  const std::string header = R"({"__metadata__":{"by":"us"},)"
                             R"("w":{"data_offsets":[0,2],"dtype":"U8","shape":[2]}})";

  const std::string padded = header + std::string((8 - header.size() % 8) % 8, ' ');
  EXPECT_EQ(io::format_safetensors(content), file_of(padded, 0) + "AB");
}

TEST(Safetensors, AlignsEveryTensorToItsElements) {
  const std::string file = io::format_safetensors(two_tensors());

  // the four floats come before the three bytes, though their name comes after
  EXPECT_EQ(file.size() % 8, 3U);
  EXPECT_NE(file.find(R"("b.weight":{"data_offsets":[0,16])"), std::string::npos);
}

TEST(Safetensors, ReadsAFileWithNothingInIt) {
  EXPECT_TRUE(parse(file_of("{}", 0)).tensors.empty());
}

TEST(Safetensors, NamesTheNearestOfAMissingTensor) {
  expect_error(ErrorKind::NotFound, "no tensor 'b.wieght' among the 2 of this file. Did you mean",
               [] { two_tensors().tensor("b.wieght"); });
}

TEST(Safetensors, RefusesEveryCutOfAFile) {
  const std::string file = io::format_safetensors(two_tensors());

  for (std::size_t length = 0; length < file.size(); ++length) {
    expect_error(ErrorKind::Parse, "w.safetensors: ", [&] { parse(file.substr(0, length)); });
  }
}

TEST(Safetensors, RefusesAHeaderLongerThanAllowed) {
  expect_error(ErrorKind::Parse, "bytes is announced, 100 MB are allowed",
               [] { parse(std::string(64, '\x7f')); });
}

TEST(Safetensors, RefusesADtypeThatTensorsDoNotHave) {
  expect_error(ErrorKind::Unsupported, "w.safetensors: tensor 'm' is of dtype 'BOOL'; save it", [] {
    parse(file_of(R"({"m":{"dtype":"BOOL","shape":[1],"data_offsets":[0,1]}})", 1));
  });
}

TEST(Safetensors, RefusesNamesThatAreNotUtf8) {
  io::Safetensors content;
  content.tensors["\xff"] = Tensor(DType::f32, {1});

  expect_error(ErrorKind::InvalidArgument, "not UTF-8", [&] { io::format_safetensors(content); });
}

TEST(Safetensors, RefusesATensorNamedAsTheMetadata) {
  io::Safetensors content;
  content.tensors["__metadata__"] = Tensor(DType::f32, {1});

  expect_error(ErrorKind::InvalidArgument, "may not be named '__metadata__'",
               [&] { io::format_safetensors(content); });
}

struct Damage {
  const char* header;
  std::size_t data_bytes;
  const char* words;
};

class DamagedSafetensors : public testing::TestWithParam<Damage> {};

TEST_P(DamagedSafetensors, SaysWhatIsWrong) {
  const Damage& damage = GetParam();

  expect_error(ErrorKind::Parse, damage.words,
               [&] { parse(file_of(damage.header, damage.data_bytes)); });
}

INSTANTIATE_TEST_SUITE_P(
    Headers, DamagedSafetensors,
    testing::Values(
        Damage{"{", 0, "the header is not JSON"}, Damage{"[]", 0, "is not a JSON object"},
        Damage{"{}", 1, "the tensors take 0 bytes of data, the file has 1"},
        Damage{R"({"a":1})", 0, "tensor 'a' has no 'dtype'"},
        Damage{R"({"a":{"dtype":7}})", 0, "'dtype' is not a text"},
        Damage{R"({"a":{"dtype":"F32"}})", 0, "tensor 'a' has no 'shape'"},
        Damage{R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", 4,
               "'shape' is not a list of whole numbers"},
        Damage{R"({"a":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}})", 4,
               "'shape' is not a list of whole numbers"},
        Damage{R"({"a":{"dtype":"F32","shape":[18446744073709551615],"data_offsets":[0,4]}})", 4,
               "'shape' is not a list of whole numbers"},
        Damage{R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}})", 0,
               "the product of its shape overflows"},
        Damage{R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}})", 4,
               "'data_offsets' is not a begin and an end"},
        Damage{R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}})", 4,
               "'data_offsets' is not a begin and an end"},
        Damage{R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", 4,
               "tensor 'a' takes 8 bytes by dtype and shape, but its 'data_offsets' hold 4"},
        Damage{R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},)"
               R"("b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}})",
               3, "tensor 'b' begins at byte 1 of the data, the one before it ends at 2"},
        Damage{R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},)"
               R"("b":{"dtype":"U8","shape":[2],"data_offsets":[3,5]}})",
               5, "tensor 'b' begins at byte 3 of the data, the one before it ends at 2"},
        Damage{R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},)"
               R"("a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}})",
               2, "the header names 'a' twice"},
        Damage{R"({"__metadata__":{"k":1}})", 0, "'__metadata__' is not an object of texts"},
        Damage{R"({"__metadata__":[]})", 0, "'__metadata__' is not an object of texts"}));

}  // namespace
