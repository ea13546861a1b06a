// What every test file shares: errors with their exact words, files of its own, data beside the checkout.
#pragma once

#include <foldstream/error.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <string>

namespace foldstream::test {

/// `action` must throw Error of this kind whose message contains `words`.
template <class Action>
void expect_error(ErrorKind kind, const std::string& words, Action&& action) {
  try {
    action();
    ADD_FAILURE() << "no error; expected: " << words;
  } catch (const Error& error) {
    EXPECT_EQ(to_string(error.kind()), to_string(kind)) << error.what();
    EXPECT_THAT(error.what(), testing::HasSubstr(words));
  }
}

/// A fresh folder, removed with everything in it.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::random_device random;
    path_ = std::filesystem::temp_directory_path() /
            ("foldstream-test-" + std::to_string(random()) + std::to_string(random()));
    std::filesystem::create_directories(path_);
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

  /// Writes a file into the folder.
  std::filesystem::path write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name, std::ios::binary) << text;
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

inline std::string read_text(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

/// The folder of reference data beside the checkout ("shared"), and whether it is there.
inline std::filesystem::path shared_folder() {
  return std::filesystem::path(FOLDSTREAM_SOURCE_DIR).parent_path() / "shared";
}

}  // namespace foldstream::test

/// Skips the test, saying why, where `path` of the reference data beside the checkout is absent.
#define FOLDSTREAM_NEEDS(path)                                                        \
  if (!std::filesystem::exists(foldstream::test::shared_folder() / (path)))           \
  GTEST_SKIP() << "reference data absent: " << (foldstream::test::shared_folder() / (path)).string()
