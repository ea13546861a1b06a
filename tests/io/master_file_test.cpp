// run.h5: HDF5's own programs see the whole run as one tree.
#include "run_store_case.hpp"

namespace foldstream::io {
namespace {

/// Runs a command; its output, or nothing if it fails.
std::string output_of(const std::string& command) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  std::string text;
  for (int c = std::fgetc(pipe.get()); c != EOF; c = std::fgetc(pipe.get())) {
    text += static_cast<char>(c);
  }
  return text;
}

bool is_installed(const std::string& program) {
  return std::system(("command -v " + program + " > /dev/null 2>&1").c_str()) == 0;
}

/// A folder with tasks of two ranks and run.h5.
void make_run(const fs::path& folder) {
  RunStore(folder, 1).save(key_for(2), task_for(2));
  RunStore store(folder, 0);
  StoredTask half = task_for(1);
  half.outputs["map"]["sub/half"] = {Tensor(DType::bf16, {2}), "1", {"x"}};
  store.save(key_for(1), half);
  write_master_file(store, {{{"version", "0.1.0"}, {"command_line", "fold \"ä b\""}},
                            {{"P1", "done", "", 120}, {"P9", "failed", "too short", 1}},
                            {}});
}

TEST(MasterFile, ShowsH5dumpOneTreeWithUnitsAndAxes) {
  if (!is_installed("h5dump")) GTEST_SKIP() << "h5dump is not installed";
  TemporaryFolder folder;
  make_run(folder.path());
  const std::string run = (folder.path() / "run.h5").string();

  const std::string tree = output_of("h5dump -n 1 " + run);
  EXPECT_THAT(tree, testing::HasSubstr("attribute  /provenance/command_line"));
  EXPECT_THAT(tree, testing::HasSubstr("/targets/P2/predict -> ranks/r0001-g0.h5"));
  const std::string map = output_of("h5dump -H -d /targets/P2/predict/map/distances " + run);
  EXPECT_THAT(map, testing::HasSubstr("ATTRIBUTE \"units\""));
  const std::string axes = output_of("h5dump -a /targets/P2/predict/map/distances/axes " + run);
  EXPECT_THAT(axes, testing::HasSubstr("(0): \"residue\", \"bin\""));
  const std::string table = output_of("h5dump -d /targets_table " + run);
  EXPECT_THAT(table, testing::HasSubstr("\"too short\""));
}

TEST(MasterFile, IsWalkedByH5lsThroughItsLinks) {
  if (!is_installed("h5ls")) GTEST_SKIP() << "h5ls is not installed";
  TemporaryFolder folder;
  make_run(folder.path());

  const std::string tree = output_of("h5ls -rE " + (folder.path() / "run.h5").string());

  EXPECT_THAT(tree, testing::HasSubstr("/targets/P1/predict"));
  EXPECT_THAT(tree, testing::ContainsRegex("map/sub/half +Dataset"));
  EXPECT_THAT(tree, testing::ContainsRegex("rest/rows +Dataset .0/Inf, 7."));
}

TEST(MasterFile, IsReadByH5py) {
  const std::string python = "/usr/bin/python3";
  if (std::system((python + " -c 'import h5py' 2> /dev/null").c_str()) != 0) {
    GTEST_SKIP() << "h5py is not installed";
  }
  TemporaryFolder folder;
  make_run(folder.path());
  const auto script = folder.write("read.py", R"(
import h5py, sys
run = h5py.File(sys.argv[1], "r")
map = run["targets/P1/predict/map/distances"]
print(map.shape, map.attrs["units"], list(map.attrs["axes"]), map[0, 0] == int(map[0, 0]))
half = run["targets/P1/predict/map/sub/half"]
print(half.dtype, half.attrs["dtype"], run["provenance"].attrs["command_line"])
print([(t["name"].decode(), int(t["length"])) for t in run["targets_table"][()]])
print(bytes(run["targets/P2/predict/map/name"][()]).decode())
)");

  EXPECT_EQ(output_of("PYTHONIOENCODING=utf-8 " + python + " " + script.string() + " " +
                      (folder.path() / "run.h5").string()),
            "(40, 25) angstrom ['residue', 'bin'] True\nuint16 bf16 fold \"ä b\"\n"
            "[('P1', 120), ('P9', 1)]\ntask 2\n");
}

TEST(MasterFile, SavesTasksAgainThatTheirFileNoLongerShows) {
  TemporaryFolder folder;
  RunStore(folder.path(), 1).save(key_for(1), task_for(1));
  RunStore(folder.path(), 2).save(key_for(2), task_for(2));
  flip_byte(folder.path() / "ranks/r0001-g0.h5", 3);  // the signature: not HDF5 any more
  RunStore store(folder.path(), 0);

  write_master_file(store, {});

  EXPECT_EQ(store.stored()[0].file, "ranks/r0000-g0.h5");
  EXPECT_EQ(store.stored()[1].file, "ranks/r0002-g0.h5");
  EXPECT_EQ(store.load(key_for(1)), task_for(1));
  EXPECT_EQ(store.salvage({}), 0);
}

TEST(MasterFile, ShowsATaskWithoutTensorsAsAGroupOfItsOwn) {
  if (!is_installed("h5dump")) GTEST_SKIP() << "h5dump is not installed";
  TemporaryFolder folder;
  RunStore store(folder.path(), 0);
  store.save(key_for(1), {"P1", "bare", 0.5, {{"port", {}}}});
  EXPECT_FALSE(fs::exists(folder.path() / "ranks/r0000-g0.h5"));

  write_master_file(store, {});

  const std::string run = (folder.path() / "run.h5").string();
  EXPECT_THAT(output_of("h5dump -n " + run), testing::ContainsRegex("group +/targets/P1/bare"));
  EXPECT_THAT(output_of("h5dump -a /targets/P1/bare/key " + run),
              testing::HasSubstr(to_string(key_for(1))));
  EXPECT_EQ(store.stored().at(0).file, "");
}

TEST(MasterFile, LinksTheTasksOfTheRunAndTheNewestOfAName) {
  if (!is_installed("h5dump")) GTEST_SKIP() << "h5dump is not installed";
  TemporaryFolder folder;
  RunStore store(folder.path(), 0);
  store.save(key_for(1), task_for(1));
  store.save(key_for(10), task_for(1));  // same target and task under another key
  store.save(key_for(2), task_for(2));

  write_master_file(store, {{}, {}, std::vector<Key>{key_for(1), key_for(10)}});

  const std::string tree = output_of("h5dump -n " + (folder.path() / "run.h5").string());
  EXPECT_THAT(tree, testing::HasSubstr("/targets/P1/predict -> ranks/r0000-g0.h5 "
                                       "/targets/P1/predict~2"));
  EXPECT_THAT(tree, testing::Not(testing::HasSubstr("P2")));
}

}  // namespace
}  // namespace foldstream::io
