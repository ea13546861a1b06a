#include "test_support.hpp"

#include <foldstream/io/text_file.hpp>

#include <sys/resource.h>
#include <zlib.h>
#include <zstd.h>

#include <csignal>

namespace {

using namespace foldstream;
using test::expect_error;
using test::TemporaryFolder;

std::string gzip(const std::string& text, const TemporaryFolder& folder) {
  const std::string path = (folder.path() / "scratch.gz").string();
  gzFile file = gzopen(path.c_str(), "wb");
  gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
  gzclose(file);
  return test::read_text(path);
}

std::string zstd(const std::string& text) {
  std::string packed(ZSTD_compressBound(text.size()), '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), text.data(), text.size(), 1));
  return packed;
}

// Compresses well, but not to nothing, and is longer than every buffer.
std::string long_text() {
  std::string text;
  for (long i = 0; i < 400'000; ++i) text += std::to_string(i * 7919 % 100'003) + '\n';
  return text;
}

TEST(TextFile, ReadsPlainGzipAndZstdWhateverTheName) {
  const TemporaryFolder folder;
  const std::string text = long_text();

  EXPECT_EQ(io::read_text_file(folder.write("plain.gz", text)), text);
  EXPECT_EQ(io::read_text_file(folder.write("gzip.txt", gzip(text, folder))), text);
  EXPECT_EQ(io::read_text_file(folder.write("zstd.txt", zstd(text))), text);
  EXPECT_EQ(io::read_text_file(folder.write("empty", "")), "");
}

TEST(TextFile, ReadsSeveralCompressedPartsInARow) {
  const TemporaryFolder folder;

  EXPECT_EQ(io::read_text_file(folder.write("a", gzip("one\n", folder) + gzip("two\n", folder))),
            "one\ntwo\n");
  EXPECT_EQ(io::read_text_file(folder.write("b", zstd("one\n") + zstd("two\n"))), "one\ntwo\n");
}

TEST(TextFile, NamesAFileThatWasCutShort) {
  const TemporaryFolder folder;
  const std::string gz = gzip(long_text(), folder);
  const std::string zst = zstd(long_text());

  for (const std::string& part : {gz.substr(0, gz.size() / 2), gz.substr(0, gz.size() - 3),
                                  zst.substr(0, zst.size() / 2), zst.substr(0, zst.size() - 3)}) {
    const auto path = folder.write("part", part);
    expect_error(ErrorKind::Parse, path.string() + ": the compressed data is damaged or cut short",
                 [&] { io::read_text_file(path); });
  }
}

TEST(TextFile, NamesWhatIsAbsentOrAFolder) {
  const TemporaryFolder folder;

  expect_error(ErrorKind::NotFound, "there is no file '",
               [&] { io::read_text_file(folder.path() / "absent"); });
  expect_error(ErrorKind::Io, "it is a folder", [&] { io::read_text_file(folder.path()); });
}

TEST(AtomicWrite, ReplacesTheFileAndLeavesNothingElse) {
  const TemporaryFolder folder;
  const auto path = folder.write("file.txt", "old");

  io::write_file_atomically(path, "new");

  EXPECT_EQ(test::read_text(path), "new");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

TEST(AtomicWrite, SaysThatTheFolderIsAbsent) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "absent" / "file.txt";

  expect_error(ErrorKind::Io,
               "cannot write '" + path.string() +
                   "': No such file or directory. "
                   "Make its folder first.",
               [&] { io::write_file_atomically(path, "x"); });
}

// A limit on the size of files stops a write in its middle, as a full disk does.
class SizeLimit {
 public:
  explicit SizeLimit(rlim_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &old_);
    const rlimit limit{bytes, old_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~SizeLimit() { setrlimit(RLIMIT_FSIZE, &old_); }
  SizeLimit(const SizeLimit&) = delete;
  SizeLimit& operator=(const SizeLimit&) = delete;

 private:
  rlimit old_{};
};

TEST(AtomicWrite, KeepsTheOldFileWhenAWriteFailsHalfWay) {
  const TemporaryFolder folder;
  const auto path = folder.write("file.txt", "old");
  {
    const SizeLimit limit(4096);
    expect_error(ErrorKind::Io, "cannot write '" + path.string() + "': File too large",
                 [&] { io::write_file_atomically(path, std::string(10'000, 'x')); });
  }

  EXPECT_EQ(test::read_text(path), "old");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

TEST(SafeFileName, KeepsPlainNamesAndReplacesTheRest) {
  EXPECT_EQ(io::safe_file_name("sp_P12345.1-x"), "sp_P12345.1-x");
  EXPECT_EQ(io::safe_file_name("sp|P12345|DHFR"), "sp_P12345_DHFR");
  EXPECT_EQ(io::safe_file_name("../../etc/passwd"), "_._.._etc_passwd");
  EXPECT_EQ(io::safe_file_name(".hidden"), "_hidden");
  EXPECT_EQ(io::safe_file_name("-rf"), "_rf");
  EXPECT_EQ(io::safe_file_name(""), "_");
  EXPECT_EQ(io::safe_file_name(std::string(300, 'a')), std::string(100, 'a'));
}

}  // namespace
