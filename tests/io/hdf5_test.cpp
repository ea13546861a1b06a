// The HDF5 layer: names, chunks, places of bytes, and files that fail.
#include "hdf5/tensor_file.hpp"
#include "io/failing_disk.hpp"
#include "run_store_file.hpp"
#include "run_store_load.hpp"
#include "test_support.hpp"

namespace foldstream::io {
namespace {

using test::expect_error;
using test::TemporaryFolder;

StoredTask task_of(Tensor tensor, const std::string& name = "x") {
  std::vector<std::string> axes(tensor.shape().size(), "axis");
  Record record;
  record[name] = {std::move(tensor), "1", std::move(axes)};
  return {"target", "task", 1.5, {{"out", std::move(record)}}};
}

Tensor counting(DType dtype, Shape shape) {
  Tensor tensor(dtype, std::move(shape));
  std::uint32_t state = 1;
  for (std::byte& byte : tensor.mutable_raw()) {
    byte = static_cast<std::byte>((state = state * 1664525u + 1013904223u) >> 24);
  }
  return tensor;
}

TEST(Names, EscapeOneToOneWhateverTheyHold) {
  const std::vector<std::pair<std::string, std::string>> cases = {{"P1", "P1"},
                                                                  {"a/b", "a%2Fb"},
                                                                  {".", "%2E"},
                                                                  {"..", "%2E%2E"},
                                                                  {"...", "..."},
                                                                  {"", "%"},
                                                                  {"%", "%25"},
                                                                  {"100%", "100%25"},
                                                                  {"Käse 酶", "Käse 酶"},
                                                                  {"a\xff", "a%FF"},
                                                                  {"\xed\xa0\x80", "%ED%A0%80"},
                                                                  {"x\ny", "x%0Ay"},
                                                                  {"a~2", "a~2"}};
  for (const auto& [name, link] : cases) {
    EXPECT_EQ(escape_name(name), link);
    EXPECT_EQ(unescape_name(link), name);
  }
  expect_error(ErrorKind::Parse, "not an escaped name", [] { unescape_name("a%2"); });
  expect_error(ErrorKind::Parse, "not an escaped name", [] { unescape_name("%41"); });
}

TEST(Names, SlashesOfFieldsMakeGroupsUnlessThatIsAmbiguous) {
  const Record record = {{"a", {}}, {"a/b", {}}, {"c/d", {}}, {"/e", {}}, {"f//g", {}}};

  EXPECT_EQ(field_path("a", record), "a");
  EXPECT_EQ(field_path("a/b", record), "a%2Fb");
  EXPECT_EQ(field_path("c/d", record), "c/d");
  EXPECT_EQ(field_path("/e", record), "%2Fe");
  EXPECT_EQ(field_path("f//g", record), "f%2F%2Fg");
}

TEST(Chunks, AreContiguousAboutFourMebibytesAndCoverTheTensor) {
  for (const Shape& shape : {Shape{5}, Shape{3, 4}, Shape{0, 4}, Shape{4000, 3000},
                             Shape{3, 9000000}, Shape{2, 3, 2500000}, Shape{1 << 24}}) {
    const Shape chunk = chunk_shape(shape, 4);
    ASSERT_LE(element_count(chunk) * 4, 4 << 20);
    std::uint64_t next = 0;
    for (const Piece& piece : pieces_of(shape, chunk, 4)) {
      std::int64_t first = 0;
      for (std::size_t i = 0; i < shape.size(); ++i) first = first * shape[i] + piece.at[i];
      ASSERT_EQ(piece.first_byte, next);
      ASSERT_EQ(piece.first_byte, static_cast<std::uint64_t>(first) * 4);
      next += piece.bytes;
    }
    EXPECT_EQ(next, static_cast<std::uint64_t>(element_count(shape)) * 4);
  }
}

TEST(TensorFile, RecordsWhereTheBytesOfEveryTypeAndShapeLie) {
  TemporaryFolder folder;
  hdf5::TensorFile file(folder.path() / "r0000-g0.h5");
  for (const DType dtype : {DType::u8, DType::i8, DType::i16, DType::i32, DType::i64, DType::f16,
                            DType::bf16, DType::f32, DType::f64}) {
    for (const Shape& shape : {Shape{}, Shape{0}, Shape{7}, Shape{3, 0, 2}, Shape{3, 5, 2}}) {
      const StoredTask task = task_of(counting(dtype, shape));
      const TaskRecord record = file.append({1, 2}, task);
      EXPECT_EQ(load_task(folder.path(), record), task) << to_string(dtype) << shape.size();
    }
  }
}

TEST(TensorFile, CutsALargeTensorIntoChunksThatTheStructureKnows) {
  TemporaryFolder folder;
  hdf5::TensorFile file(folder.path() / "r0000-g0.h5");
  const StoredTask task = task_of(counting(DType::f32, {4111, 4081}));

  const TaskRecord record = file.append({1, 2}, task);
  file.close();

  EXPECT_EQ(record.fields[0].pieces.size(), 17u);
  EXPECT_TRUE(load_task(folder.path(), record) == task);
  EXPECT_EQ(hdf5::find_tasks(file.path(), std::vector{record}), std::vector<bool>{true});
}

TEST(TensorFile, IsReadByHdf5ItselfWithTheSameValues) {
  TemporaryFolder folder;
  hdf5::TensorFile file(folder.path() / "r0000-g0.h5");
  const StoredTask task = task_of(counting(DType::i32, {1500, 1501}));
  file.append({1, 2}, task);
  file.close();
  Tensor read(DType::i32, {1500, 1501});

  const hdf5::Lock lock;
  const auto opened = hdf5::open_file(file.path().string());
  const auto dataset = hdf5::open_dataset(opened, "/targets/target/task/out/x");
  hdf5::read_dataset(dataset, H5T_NATIVE_INT32, read.mutable_raw().data(), "x");

  EXPECT_EQ(hdf5::dataset_shape(dataset, "x"), (Shape{1500, 1501}));
  EXPECT_TRUE(read == task.outputs.at("out").at("x").tensor);
}

TEST(TensorFile, KeepsBothTasksOfOneName) {
  TemporaryFolder folder;
  hdf5::TensorFile file(folder.path() / "r0000-g0.h5");
  const auto first = file.append({1, 1}, task_of(counting(DType::u8, {3})));
  const auto second = file.append({2, 2}, task_of(counting(DType::u8, {4})));

  EXPECT_EQ(first.group, "/targets/target/task");
  EXPECT_EQ(second.group, "/targets/target/task~2");
  EXPECT_EQ(load_task(folder.path(), first).outputs.at("out").at("x").tensor.size(), 3);
}

TEST(TensorFile, RefusesAFileThatExists) {
  TemporaryFolder folder;
  const auto path = folder.write("r0000-g0.h5", "something");

  expect_error(ErrorKind::Io, "r0000-g0.h5: cannot open the file",
               [&] { hdf5::TensorFile file(path); });
  EXPECT_EQ(test::read_text(path), "something");
}

TEST(TensorFile, FindsNothingInAFileThatIsNotHdf5) {
  TemporaryFolder folder;
  const auto path = folder.write("r0000-g0.h5", std::string(5000, 'x'));
  TaskRecord record{"t", "k", 0, "r0000-g0.h5", "/targets/t/k", {}, {}};

  EXPECT_EQ(hdf5::find_tasks(path, std::vector{record}), std::vector<bool>{false});
}

TEST(TensorFile, KeepsEarlierTasksWhenAWriteFails) {
  TemporaryFolder folder;
  const StoredTask task = task_of(counting(DType::u8, {1000}));
  TaskRecord record;
  {
    hdf5::TensorFile file(folder.path() / "r0000-g0.h5");
    record = file.append({1, 1}, task);
    const FileSizeLimit limit(std::filesystem::file_size(file.path()) + 2000);
    expect_error(ErrorKind::Io,
                 "r0000-g0.h5: cannot write: File too large. Raise the limit on file", [&] {
                   file.append({2, 2}, task_of(counting(DType::u8, {100000})));
                 });
    file.abandon();
  }

  EXPECT_EQ(load_task(folder.path(), record), task);
}

TEST(OutputFile, ClosesQuietlyWhenTheDiskFailsInTheMiddle) {
  TemporaryFolder folder;
  hdf5::OutputFile file(folder.path() / "a.h5");
  file.flush();
  const hdf5::Lock lock;
  for (int i = 0; i < 200; ++i) {
    hdf5::create_group(file.handle(), "/group " + std::to_string(i) + "/inner");
  }

  const FileSizeLimit limit(8192);
  expect_error(ErrorKind::Io, "a.h5: cannot write: File too large", [&] { file.close(); });

  EXPECT_FALSE(file.handle());
}

TEST(OutputFile, LeavesNothingBehindWhereItCannotBeMade) {
  TemporaryFolder folder;
  const FileSizeLimit limit(10);

  expect_error(ErrorKind::Io, "a.h5: cannot write: File too large",
               [&] { hdf5::OutputFile file(folder.path() / "a.h5"); });

  EXPECT_FALSE(std::filesystem::exists(folder.path() / "a.h5"));
}

}  // namespace
}  // namespace foldstream::io
