#include "tm_program.hpp"

#include <foldstream/error.hpp>
#include <foldstream/io/sequence.hpp>
#include <foldstream/io/structure_file.hpp>
#include <foldstream/workflows/score/tm_score.hpp>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <sstream>

namespace foldstream::bench {
namespace {

namespace fs = std::filesystem;

// A folder of this call's own, gone with it.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::string path = (fs::temp_directory_path() / "foldstream-bench-XXXXXX").string();
    if (::mkdtemp(path.data()) == nullptr)
      throw Error(ErrorKind::Io, "cannot make a folder below the temporary one. Set TMPDIR.");
    path_ = path;
  }
  ~ScratchFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

std::string quoted(const fs::path& path) {
  std::string text = "'";
  for (const char c : path.string()) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

// The Cα atoms alone: the program pairs residues of equal number.
io::Structure trace_of(const std::vector<std::optional<io::Vec3>>& points,
                       const std::string& sequence) {
  io::Structure structure{"trace", {{"A", {}}}};
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (!points[i]) continue;
    structure.chains.front().residues.push_back({std::string(io::three_letter(sequence[i])),
                                                 static_cast<int>(i) + 1,
                                                 ' ',
                                                 {{"CA", "C", *points[i], 0, 1}}});
  }
  return structure;
}

std::string output_of(const std::string& command) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
  if (!pipe) throw Error(ErrorKind::Io, "cannot run 'TMscore'.");
  std::string text;
  for (int c; (c = std::fgetc(pipe.get())) != EOF;) text += static_cast<char>(c);
  return text;
}

double score_in(const std::string& output) {
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t at = line.find('=');
    if (line.rfind("TM-score ", 0) == 0 && at != std::string::npos)
      return std::stod(line.substr(at + 1));
  }
  throw Error(ErrorKind::Io, "the program TMscore printed no score: " + output.substr(0, 200));
}

}  // namespace

bool has_tm_program() {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');)
    if (!folder.empty() && fs::exists(fs::path(folder) / "TMscore")) return true;
  return false;
}

double judge_tm(const std::vector<std::optional<io::Vec3>>& model,
                const std::vector<std::optional<io::Vec3>>& native, const std::string& sequence) {
  std::vector<std::optional<io::Vec3>> ours(model.size()), theirs(model.size());
  std::vector<io::Vec3> moving, fixed;
  for (std::size_t i = 0; i < model.size(); ++i) {
    if (!model[i] || !native[i]) continue;
    ours[i] = model[i];
    theirs[i] = native[i];
    moving.push_back(*model[i]);
    fixed.push_back(*native[i]);
  }
  if (!has_tm_program()) return workflows::score::tm_score(moving, fixed);
  const ScratchFolder scratch;
  const fs::path first = scratch.path() / "model.pdb", second = scratch.path() / "native.pdb";
  io::write_structure(first, trace_of(ours, sequence));
  io::write_structure(second, trace_of(theirs, sequence));
  return score_in(output_of("TMscore " + quoted(first) + " " + quoted(second)));
}

}  // namespace foldstream::bench
