// Exports: NumPy and HDF5 read back what was stored.
#include "stream_case.hpp"

#include <foldstream/io/export.hpp>

namespace foldstream::io {
namespace {

using test::chunk_of;
using test::expect_error;
using test::models_label;
using test::models_type;
using test::produce;
using test::stream_of;
using test::TemporaryFolder;

constexpr const char* python = "/usr/bin/python3";

/// Runs some lines of Python; their output.
std::string output_of(const TemporaryFolder& folder, const std::string& lines) {
  const auto script = folder.write("script.py", "import numpy\n" + lines);
  const std::string command = std::string(python) + " " + script.string() + " 2>&1";
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  std::string text;
  for (int c = std::fgetc(pipe.get()); c != EOF; c = std::fgetc(pipe.get()))
    text += static_cast<char>(c);
  return text;
}

bool has_python(const std::string& module) {
  return std::system((std::string(python) + " -c 'import " + module + "' 2> /dev/null").c_str()) ==
         0;
}

std::string raw_text(const Tensor& tensor) {
  return {reinterpret_cast<const char*>(tensor.raw().data()), tensor.bytes()};
}

TEST(Npy, IsReadByNumPyWhateverTypeAndShape) {
  if (!has_python("numpy")) GTEST_SKIP() << "numpy is not installed";
  TemporaryFolder folder;
  std::string lines, expected;
  const std::vector<std::pair<DType, std::string>> types = {
      {DType::u8, "uint8"},    {DType::i8, "int8"},     {DType::i16, "int16"},
      {DType::i32, "int32"},   {DType::i64, "int64"},   {DType::f16, "float16"},
      {DType::bf16, "uint16"}, {DType::f32, "float32"}, {DType::f64, "float64"}};
  for (const auto& [dtype, name] : types) {
    for (const auto& [shape, text] : {std::pair<Shape, std::string>{{}, "()"},
                                      {{3}, "(3,)"},
                                      {{2, 0}, "(2, 0)"},
                                      {{2, 3, 4}, "(2, 3, 4)"}}) {
      const std::string file = (folder.path() / (name + text + ".npy")).string();
      const Tensor tensor = chunk_of({dtype, {}, "1", {}}, 1, element_count(shape)).reshaped(shape);
      write_npy(file, tensor);
      lines +=
          "a = numpy.load('" + file + "'); a.tofile('" + file + ".raw'); print(a.dtype, a.shape)\n";
      expected += name + " " + text + "\n";
    }
  }
  EXPECT_EQ(output_of(folder, lines), expected);
  EXPECT_EQ(test::read_text(folder.path() / "float32(2, 3, 4).npy.raw"),
            raw_text(chunk_of({DType::f32, {}, "1", {}}, 1, 24)));
}

TEST(ExportStream, WritesOneArrayOfAllChunks) {
  if (!has_python("h5py")) GTEST_SKIP() << "h5py is not installed";
  TemporaryFolder folder;
  RunStore store(folder.path() / "run", 0);
  produce(*store.streams(), stream_of(1), 4, 30);
  produce(*store.streams(), stream_of(1), 7, 11);

  EXPECT_EQ(export_stream(*store.streams(), stream_of(1), folder.path() / "a.npy"), 7);
  EXPECT_EQ(export_stream(*store.streams(), stream_of(1), folder.path() / "a.h5"), 7);

  const std::string at = folder.path().string();
  EXPECT_EQ(
      output_of(folder, "import h5py\na = numpy.load('" + at + "/a.npy')\nd = h5py.File('" + at +
                            "/a.h5')['models']\nprint(a.shape, a.dtype, numpy.array_equal("
                            "a.view('i4'), d[()].view('i4')), d.attrs['units'], "
                            "list(d.attrs['axes']), d.attrs['complete'])\n"
                            "a[120:131].tofile('" +
                            at + "/raw')\n"),
      "(153, 5, 3) float32 True angstrom ['model', 'atom', 'xyz'] 0\n");
  EXPECT_EQ(test::read_text(folder.path() / "raw"), raw_text(chunk_of(models_type, 4, 11)));
}

TEST(ExportStream, WritesAStreamWithoutChunks) {
  TemporaryFolder folder;
  RunStore store(folder.path() / "run", 0);
  store.streams()->open(stream_of(1), models_type, models_label);

  EXPECT_EQ(export_stream(*store.streams(), stream_of(1), folder.path() / "a.npy"), 0);
  EXPECT_EQ(export_stream(*store.streams(), stream_of(1), folder.path() / "a.h5"), 0);

  EXPECT_THAT(test::read_text(folder.path() / "a.npy"), testing::HasSubstr("'shape': (0, 5, 3)"));
}

TEST(ExportField, WritesATensorOfATask) {
  if (!has_python("h5py")) GTEST_SKIP() << "h5py is not installed";
  TemporaryFolder folder;
  StoredTask task{"P1", "predict", 1, {}};
  task.outputs["map"]["a/b"] = {Tensor::of<float>(std::vector<float>{1, 2, 3}), "nm", {"x"}};

  export_field(task, "map", "a/b", folder.path() / "a.npy");
  export_field(task, "map", "a/b", folder.path() / "a.h5");

  const std::string at = folder.path().string();
  EXPECT_EQ(output_of(folder, "import h5py\nd = h5py.File('" + at +
                                  "/a.h5')['a%2Fb']\n"
                                  "print(numpy.load('" +
                                  at + "/a.npy'), d[()], d.attrs['units'])\n"),
            "[1. 2. 3.] [1. 2. 3.] nm\n");
}

TEST(Export, RefusesWhatItCannotWriteAndLeavesNothing) {
  TemporaryFolder folder;
  RunStore store(folder.path() / "run", 0);
  const StoredTask task{"P1", "predict", 1, {{"map", {}}}};

  expect_error(ErrorKind::InvalidArgument, "a.txt: expected a name that ends with .npy or .h5",
               [&] { export_stream(*store.streams(), stream_of(1), folder.path() / "a.txt"); });
  expect_error(ErrorKind::NotFound, "is not stored",
               [&] { export_stream(*store.streams(), stream_of(1), folder.path() / "a.npy"); });
  expect_error(ErrorKind::NotFound, "task 'predict' has no port 'x'; it has: map.",
               [&] { export_field(task, "x", "y", folder.path() / "a.npy"); });
  expect_error(ErrorKind::Io, "cannot open the file",
               [&] { write_npy(folder.path() / "no/a.npy", Tensor()); });
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "a.npy"));
}

}  // namespace
}  // namespace foldstream::io
