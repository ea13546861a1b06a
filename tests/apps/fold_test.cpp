#include "command.hpp"

#include <sys/mount.h>

#include <chrono>

namespace foldstream::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

class Fold : public testing::Test {
 protected:
  Finished run(const std::string& command) { return shell(folder_.path(), command); }

  /// Targets t1 … tN over one query, each with an alignment of its own in msas/.
  void write_targets(int count) {
    fs::create_directory(folder_.path() / "msas");
    std::string fasta;
    for (int i = 1; i <= count; ++i) {
      const std::string name = "t" + std::to_string(i);
      fasta += demo_query(name);
      folder_.write("msas/" + name + ".a3m", demo_alignment(name, 40, 30 * i));
    }
    folder_.write("many.fasta", fasta);
  }

  std::string file(const std::string& name) const { return read_text(folder_.path() / name); }

  void expect_same_targets(const std::string& from, const std::string& to) {
    test::expect_same_targets(folder_.path() / from, folder_.path() / to);
  }

  TemporaryFolder folder_;
};

const std::string fold_many = "foldstream fold many.fasta --msa msas" + quick;

TEST_F(Fold, LeavesStructuresScoresAReportAndOneTreeOfTensors) {
  write_targets(1);

  const Finished done = run(fold_many + "--out r");

  ASSERT_EQ(done.code, 0) << done.err;
  for (const char* name : {"t1_rank_001.pdb", "t1_rank_001.cif", "t1_scores.json", "t1.a3m"})
    EXPECT_TRUE(fs::exists(folder_.path() / "r/targets/t1" / name)) << name;
  for (const char* name : {"run.h5", "run.json", "report.html", "trace.json", "failures.tsv"})
    EXPECT_TRUE(fs::exists(folder_.path() / "r" / name)) << name;
  EXPECT_THAT(done.out, HasSubstr("t1"));
}

TEST_F(Fold, FoldsThreeOfFiveWhenTwoAreBad) {
  write_targets(5);
  std::string fasta = file("many.fasta");
  fasta.insert(fasta.find(">t3\n") + 4, "AC9DE");
  fasta.insert(fasta.find(">t5\n") + 4, "ACD:EF");
  folder_.write("many.fasta", fasta);

  const Finished done = run(fold_many + "--out r");

  EXPECT_EQ(done.code, 3) << done.err;
  EXPECT_THAT(file("r/failures.tsv"), HasSubstr("t3\tinput\tparse\tmany.fasta:"));
  EXPECT_THAT(file("r/failures.tsv"), HasSubstr("t5\tinput\tparse\tmany.fasta:"));
  for (const char* name : {"t1", "t2", "t4"})
    EXPECT_TRUE(fs::exists(folder_.path() / "r/targets" / name)) << name;
}

TEST_F(Fold, ComputesNothingTheSecondTime) {
  write_targets(2);
  ASSERT_EQ(run(fold_many + "--out r").code, 0);
  const auto written = fs::last_write_time(folder_.path() / "r/targets/t1/t1_rank_001.pdb");

  const auto began = std::chrono::steady_clock::now();
  const Finished again = run(fold_many + "--out r");
  const auto took = std::chrono::steady_clock::now() - began;

  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_EQ(fs::last_write_time(folder_.path() / "r/targets/t1/t1_rank_001.pdb"), written);
  EXPECT_LT(took, std::chrono::seconds(10));
  EXPECT_THAT(file("r/trace.json"), Not(HasSubstr("\"task\"")));
}

TEST_F(Fold, WritesALostFileAgainWithoutFoldingAgain) {
  write_targets(1);
  ASSERT_EQ(run(fold_many + "--out r").code, 0);
  const std::string before = file("r/targets/t1/t1_rank_001.pdb");
  fs::remove(folder_.path() / "r/targets/t1/t1_rank_001.pdb");

  ASSERT_EQ(run(fold_many + "--out r").code, 0);

  EXPECT_EQ(file("r/targets/t1/t1_rank_001.pdb"), before);
  EXPECT_THAT(file("r/trace.json"), HasSubstr("write"));
  EXPECT_THAT(file("r/trace.json"), Not(HasSubstr("predict")));
}

TEST_F(Fold, GoesOnAfterKillNineAndGivesTheSameBytes) {
  write_targets(4);
  ASSERT_EQ(run(fold_many + "--out whole").code, 0);

  run("foldstream() { exec '" FOLDSTREAM_BINARY_DIR "/apps/foldstream' \"$@\"; }; (" + fold_many +
      "--threads 1 --out cut) & pid=$!; until ls cut/targets/t2/*.pdb; do sleep 0.02; done; kill -9 $pid; wait $pid");
  const std::string journal = file("cut/ranks/r0000.journal");
  const Finished again = run(fold_many + "--out cut");

  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_GT(journal.size(), 0U);
  EXPECT_EQ(file("cut/ranks/r0000.journal").substr(0, journal.size()), journal);
  EXPECT_THAT(file("cut/trace.json"), Not(HasSubstr("\"target\": \"t1\"")));
  expect_same_targets("whole", "cut");
}

TEST_F(Fold, StopsOnCtrlCWithCode75AndGoesOn) {
  write_targets(3);

  const Finished stopped =
      run("foldstream() { exec '" FOLDSTREAM_BINARY_DIR "/apps/foldstream' \"$@\"; }; (trap - INT; " + fold_many +
          "--threads 1 --out r) & pid=$!; until ls r/targets/*/*.pdb; do sleep 0.02; done; kill -TERM $pid; wait $pid");
  const Finished again = run(fold_many + "--out r");

  EXPECT_EQ(stopped.code, 75) << stopped.err;
  EXPECT_THAT(stopped.err, HasSubstr("run the same command to go on"));
  EXPECT_EQ(again.code, 0) << again.err;
}

TEST_F(Fold, GivesTheSameBytesOnTwoRanks) {
  if (std::system("command -v mpirun >/dev/null") != 0) GTEST_SKIP() << "mpirun is not installed";
  write_targets(8);
  ASSERT_EQ(run(fold_many + "--out one").code, 0);

  const Finished two = run("'" FOLDSTREAM_SOURCE_DIR "/tests/mpi/launch.sh' 2 '" FOLDSTREAM_BINARY_DIR
                           "/apps/foldstream' " + fold_many.substr(11) + "--out two");

  ASSERT_EQ(two.code, 0) << two.err;
  EXPECT_TRUE(fs::exists(folder_.path() / "two/ranks/r0001.journal"));
  expect_same_targets("one", "two");
}

TEST_F(Fold, RefusesTheFolderOfAnotherInput) {
  write_targets(1);
  ASSERT_EQ(run(fold_many + "--out r").code, 0);
  folder_.write("many.fasta", demo_query("t1 changed"));

  const Finished refused = run(fold_many + "--out r");

  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("belongs to another input"));
}

TEST_F(Fold, RefusesAFolderThatCannotBeMade) {
  write_targets(1);

  const Finished refused = run(fold_many + "--out many.fasta/r");

  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("--out many.fasta/r: cannot make the folder"));
}

TEST_F(Fold, RefusesAnAlignmentOfAnotherQuery) {
  write_targets(1);
  folder_.write("msas/t1.a3m", ">x\nACDEF\n>y\nACDEF\n");

  const Finished refused = run(fold_many + "--out r");

  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("t1.a3m"));
}

TEST_F(Fold, RefusesChainsTooShortOrTooLong) {
  folder_.write("many.fasta", ">one\nA\n>long\n" + std::string(5000, 'A') + "\n");
  folder_.write("db.fasta", ">x\nACDEFGHIKLMNPQRSTVWY\n");

  const Finished refused = run("foldstream fold many.fasta --database db.fasta --out r");

  EXPECT_EQ(refused.code, 4) << refused.err;
  EXPECT_THAT(file("r/failures.tsv"), HasSubstr("one\t"));
  EXPECT_THAT(file("r/failures.tsv"), HasSubstr("long\tinput\tparse\t"));
}

TEST_F(Fold, RefusesATruncatedDatabase) {
  write_targets(1);
  run("foldstream db build '" FOLDSTREAM_SOURCE_DIR "/data/demo/family_and_decoys.fasta.gz' d.fsdb");
  fs::resize_file(folder_.path() / "d.fsdb", 10'000);

  const Finished refused = run("foldstream fold many.fasta --database d.fsdb --out r");

  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("foldstream db build"));
}

TEST_F(Fold, SaysWhenTheDiskIsFullAndKeepsWhatItHas) {
  write_targets(2);
  const fs::path disk = folder_.path() / "disk";
  fs::create_directory(disk);
  if (mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=512k") != 0)
    GTEST_SKIP() << "mounting a small tmpfs is not permitted";

  const Finished full = run(fold_many + "--out disk/r");
  run("mount -o remount,size=64m disk");
  const Finished again = run(fold_many + "--out disk/r");
  umount(disk.c_str());

  EXPECT_NE(full.code, 0);
  EXPECT_THAT(full.err, HasSubstr("space"));
  EXPECT_EQ(again.code, 0) << again.err;
}

TEST_F(Fold, ShowsTheTensorsToH5py) {
  if (std::system("/usr/bin/python3 -c 'import h5py' 2>/dev/null") != 0)
    GTEST_SKIP() << "h5py is not installed";
  write_targets(1);
  ASSERT_EQ(run(fold_many + "--out r").code, 0);

  const Finished shown = run(
      "/usr/bin/python3 -c \"import h5py; f = h5py.File('r/run.h5'); t = f['targets/t1'];\n"
      "for p in ['msa/msa/tokens', 'predict/contacts/probability', "
      "'predict/prediction/model_001/coordinates', 'predict/prediction/model_001/plddt']:\n"
      "  print(p, t[p].shape, t[p].attrs['units'], list(t[p].attrs['axes']), t[p].chunks)\"");

  EXPECT_EQ(shown.code, 0) << shown.err;
  EXPECT_THAT(shown.out, HasSubstr("angstrom"));
}

}  // namespace
}  // namespace foldstream::test
