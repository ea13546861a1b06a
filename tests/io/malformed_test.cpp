// Every file of tests/malformed gives the exact words of the ".expected" file beside it.
#include "test_support.hpp"

#include <foldstream/io/a3m.hpp>
#include <foldstream/io/fasta.hpp>
#include <foldstream/io/structure_file.hpp>

#include <algorithm>
#include <vector>

namespace {

namespace fs = std::filesystem;
using namespace foldstream;

const fs::path folder = fs::path(FOLDSTREAM_SOURCE_DIR) / "tests" / "malformed";

void read(const fs::path& path, std::string& said) {
  if (path.extension() == ".a3m") {
    io::read_a3m(path);
  } else if (path.extension() != ".fasta") {
    io::read_structure(path);
  } else {
    for (const io::FastaRecord& record : io::read_fasta(path)) {
      const auto* refusal = std::get_if<io::FastaRefusal>(&record);
      if (refusal != nullptr) said += refusal->name + " | " + refusal->message + '\n';
    }
  }
}

// What reading the file says, a line a message, without the folder's name.
std::string said_about(const fs::path& path) {
  std::string said;
  try {
    read(path, said);
  } catch (const Error& error) {
    said += std::string(to_string(error.kind())) + " | " + error.what() + '\n';
  }
  const std::string prefix = folder.string() + "/";
  for (std::size_t at; (at = said.find(prefix)) != std::string::npos;)
    said.erase(at, prefix.size());
  return said;
}

std::vector<fs::path> malformed_files() {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string ending = entry.path().extension().string();
    if (ending == ".fasta" || ending == ".a3m" || ending == ".pdb" || ending == ".cif") {
      files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

class Malformed : public testing::TestWithParam<fs::path> {};

TEST_P(Malformed, GivesTheExpectedWords) {
  const std::string expected = test::read_text(GetParam().string() + ".expected");

  EXPECT_EQ(said_about(GetParam()), expected);
  EXPECT_NE(expected, "");
}

std::string test_name(const testing::TestParamInfo<fs::path>& info) {
  std::string name = info.param.filename().string();
  std::replace(name.begin(), name.end(), '.', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Files, Malformed, testing::ValuesIn(malformed_files()), test_name);

}  // namespace
