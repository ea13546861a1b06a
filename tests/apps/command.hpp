// Runs the foldstream command as a user would, and keeps what it printed.
#pragma once

#include "test_support.hpp"

#include <foldstream/io/fasta.hpp>

#include <sys/wait.h>

#include <cstdio>
#include <string>
#include <vector>

namespace foldstream::test {

struct Finished {
  int code = 0;
  std::string out;
  std::string err;
};

/// Runs a shell command in `folder`, `foldstream` being the built command.
inline Finished shell(const std::filesystem::path& folder, const std::string& command) {
  const std::string program = std::string(FOLDSTREAM_BINARY_DIR) + "/apps/foldstream";
  const std::string script = "cd '" + folder.string() + "'; foldstream() { '" + program +
                             "' \"$@\"; }; { " + command + "; } >out.txt 2>err.txt </dev/null";
  Finished finished;
  const std::filesystem::path file = TemporaryFolder().path().string() + ".sh";
  std::ofstream(file) << script << "\n";
  const int status = std::system(("bash '" + file.string() + "'").c_str());
  std::filesystem::remove(file);
  finished.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  finished.out = read_text(folder / "out.txt");
  finished.err = read_text(folder / "err.txt");
  return finished;
}

/// The demo's query and `count` members of its family, which are rows of an alignment: all of one
/// length and without gaps. `skip` of them are left out first.
inline std::string demo_alignment(const std::string& name, int count, int skip = 0) {
  const std::filesystem::path demo = std::filesystem::path(FOLDSTREAM_SOURCE_DIR) / "data/demo";
  const auto query = std::get<io::Sequence>(io::read_fasta(demo / "query.fasta").front());
  std::string text = ">" + name + "\n" + query.residues + "\n";
  io::FastaReader reader(demo / "family_and_decoys.fasta.gz");
  int taken = 0;
  while (taken < count) {
    const auto record = reader.next();
    if (!record) break;
    const auto& sequence = std::get<io::Sequence>(*record);
    if (!sequence.name.starts_with("family_") || skip-- > 0) continue;
    text += ">" + sequence.name + "\n" + sequence.residues + "\n";
    ++taken;
  }
  return text;
}

/// The demo's query as FASTA under another name.
inline std::string demo_query(const std::string& name) {
  const std::string text = demo_alignment(name, 0);
  return text;
}

/// Options that make a fold take about a second; its models are not meant to be good.
inline const std::string quick =
    " --models 1 --set predict.starts=16 --set predict.steps=20 --set refine.max_iterations=3 ";

/// Writes many.fasta and msa/ with `count` targets of different sequences, members of the demo's family;
/// gives the arguments that fold them.
inline std::string write_family(const TemporaryFolder& folder, int count) {
  constexpr int homologs = 40;
  std::filesystem::create_directories(folder.path() / "msa");
  std::string fasta;
  for (int i = 0; i < count; ++i) {
    const std::string name = "t" + std::to_string(i);
    const std::string all = demo_alignment("query", homologs, i);
    const std::string own = all.substr(all.find('>', 1));  // the first member becomes the query
    fasta += ">" + name + own.substr(own.find('\n'), own.find('>', 1) - own.find('\n'));
    folder.write("msa/" + name + ".a3m", ">" + name + own.substr(own.find('\n')));
  }
  folder.write("many.fasta", fasta);
  return "fold many.fasta --msa msa --threads 1" + quick;
}

/// All files of the targets in the results folder `from`, which must be the same in `to`.
inline void expect_same_targets(const std::filesystem::path& from, const std::filesystem::path& to) {
  int count = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(from / "targets")) {
    if (!entry.is_regular_file()) continue;
    const std::filesystem::path name = std::filesystem::relative(entry.path(), from);
    EXPECT_EQ(read_text(entry.path()), read_text(to / name)) << name;
    ++count;
  }
  EXPECT_GT(count, 0);
}

}  // namespace foldstream::test
