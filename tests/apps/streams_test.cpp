// The commands 'streams' and 'export', on run folders that our library has made.
#include "command.hpp"
#include "io/stream_case.hpp"

#include <nlohmann/json.hpp>

#include <memory>
#include <utility>

namespace foldstream::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

const std::string program = std::string(FOLDSTREAM_BINARY_DIR) + "/apps/foldstream";

/// Appends chunks up to number `end` to the stream of a target.
void produce_for(io::RunStore& store, const std::string& target, std::int64_t end,
                 bool is_whole = false, const std::string& port = "models") {
  const Key id = stream_id(key_of("predict of " + target), port);
  Account account;
  for (auto i = store.streams()->open(id, models_type, {target, "predict", port}); i < end; ++i)
    store.streams()->append(id, chunk_of(models_type, i), account.next());
  account.check();
  if (is_whole) store.streams()->finish(id);
}

/// A run folder "run": P1 has results and a complete stream of 4 chunks, P2 an open one of 3.
class Streams : public testing::Test {
 protected:
  Streams() : store_(std::make_unique<io::RunStore>(folder_.path() / "run", 0)) {
    produce_for(*store_, "P1", 4, true);
    produce_for(*store_, "P2", 3);
    const Field field{tokens_, "1", {"sequence", "column"}};
    store_->save(key_of("search of P1"),
                 {"P1", "search", 1, {{"msa", {{"tokens", field}, {"weights", field}}},
                                      {"depth", {{"value", field}}}}, ""});
  }

  Finished run(const std::string& command) { return shell(folder_.path(), command); }
  bool exists(const std::string& name) { return fs::exists(folder_.path() / name); }

  /// What Python prints; the modules are imported.
  std::string python(const std::string& lines) {
    folder_.write("script.py", "import numpy, h5py\n" + lines);
    const Finished finished = run("/usr/bin/python3 script.py");
    return finished.out + finished.err;
  }

  /// Changes a byte of the first chunk of P1.
  void damage(const Tensor& tensor) {
    for (const auto& entry : fs::directory_iterator(folder_.path() / "run/ranks")) {
      if (entry.path().extension() != ".h5") continue;
      if (const auto at = find_bytes(entry.path(), tensor); at != std::string::npos)
        return flip_byte(entry.path(), at);
    }
    FAIL() << "no file has these bytes";
  }

  TemporaryFolder folder_;
  const Tensor tokens_ = chunk_of({DType::i32, {7}, "1", {}}, 9, 5);
  std::unique_ptr<io::RunStore> store_;
};

/// The command while it runs: what it prints, line by line.
class Running {
 public:
  explicit Running(const std::string& command) : pipe_(popen(command.c_str(), "r")) {}
  ~Running() {
    if (pipe_ != nullptr) pclose(pipe_);
  }

  std::string line() {
    std::string text;
    for (int c = std::fgetc(pipe_); c != EOF && c != '\n'; c = std::fgetc(pipe_))
      text += static_cast<char>(c);
    return text;
  }
  std::string rest() {
    std::string text;
    for (int c = std::fgetc(pipe_); c != EOF; c = std::fgetc(pipe_)) text += static_cast<char>(c);
    return text;
  }
  int code() { return WEXITSTATUS(pclose(std::exchange(pipe_, nullptr))); }

 private:
  FILE* pipe_;
};

TEST_F(Streams, AreListedWhileTheirWriterLives) {
  const Finished listed = run("foldstream streams run");

  EXPECT_EQ(listed.code, 0) << listed.err;
  for (const char* line : {"TARGET  TASK     PORT    TYPE      CHUNKS  ROWS  BYTES  STATE",
                           "P1      predict  models  f32[5,3]       4     8  480 B  complete",
                           "P2      predict  models  f32[5,3]       3     6  360 B  open"})
    EXPECT_THAT(listed.out, HasSubstr(line));
  EXPECT_THAT(listed.out, HasSubstr("B/s  ranks/r0000-s0.h5\n"));
  EXPECT_THAT(listed.out, HasSubstr("2 streams (1 open), 7 chunks, 14 rows, 840 B"));
}

TEST_F(Streams, AreJsonObjectsALine) {
  const Finished listed = run("foldstream streams run --json --target P1");

  const auto json = nlohmann::json::parse(listed.out);  // of one line
  EXPECT_EQ(json.at("target"), "P1");
  EXPECT_EQ(json.at("id"), to_string(stream_id(key_of("predict of P1"), "models")));
  EXPECT_EQ(json.at("row"), nlohmann::json({5, 3}));
  EXPECT_EQ(json.at("axes"), nlohmann::json({"model", "atom", "xyz"}));
  EXPECT_EQ(json.at("bytes"), 480);
  EXPECT_EQ(json.at("state"), "complete");
  const std::int64_t first = json.at("first_at_ns"), last = json.at("last_at_ns");
  const double seconds = static_cast<double>(last - first) * 1e-9;
  EXPECT_NEAR(json.at("bytes_per_s").get<double>() * seconds, 480, 0.5);
  EXPECT_EQ(json.at("files"), nlohmann::json({"ranks/r0000-s0.h5"}));
}

TEST_F(Streams, AreFollowedUntilAllAreComplete) {
  Running following(program + " streams '" + (folder_.path() / "run").string() +
                    "' --follow --interval 0.05");
  EXPECT_THAT(following.line(), HasSubstr("P1 predict.models: complete, 4 chunks, 8 rows, 480 B"));
  EXPECT_THAT(following.line(), HasSubstr("P2 predict.models: open, 3 chunks, 6 rows, 360 B"));

  produce_for(*store_, "P2", 5);
  EXPECT_THAT(following.line(), HasSubstr("P2 predict.models: open, "));
  produce_for(*store_, "P2", 9, true);

  const std::string rest = following.rest();
  EXPECT_THAT(rest, HasSubstr("P2 predict.models: complete, 9 chunks"));
  EXPECT_THAT(rest, HasSubstr("2 streams (all complete), 13 chunks, 26 rows, 1.6 kB"));
  EXPECT_EQ(following.code(), 0);
}

TEST_F(Streams, AreFollowedUntilSomeoneInterrupts) {
  const Finished ended = run("mkfifo lines\n'" + program +
                             "' streams run --follow >lines & pid=$!\n"
                             "exec 3<lines; read -t 60 -u 3 line; kill -INT $pid; wait $pid");

  EXPECT_EQ(ended.code, 0) << ended.err;
}

TEST_F(Streams, AreDrawnInPlaceOnATerminal) {
  folder_.write("terminal.py", "import pty, sys\nsys.exit(pty.spawn(sys.argv[1:]) >> 8)\n");
  Running following("cd '" + folder_.path().string() + "'; /usr/bin/python3 terminal.py '" +
                    program + "' streams run --follow --interval 0.05 </dev/null");
  EXPECT_THAT(following.line(), HasSubstr("TARGET  TASK"));

  produce_for(*store_, "P2", 9, true);

  const std::string rest = following.rest();
  EXPECT_THAT(rest, HasSubstr("\033[4A\r\033[JTARGET"));
  EXPECT_THAT(rest, HasSubstr("2 streams (all complete), 13 chunks"));
  EXPECT_EQ(following.code(), 0);
}

TEST_F(Streams, SaysWhatIsWrongWithTheFolderOrTheName) {
  fs::create_directory(folder_.path() / "other");
  io::RunStore(folder_.path() / "bare", 0).save(key_of("a"), {"P1", "search", 1, {}, ""});

  const Finished absent = run("foldstream streams rum"), other = run("foldstream streams other");
  const Finished bare = run("foldstream streams bare");
  const Finished target = run("foldstream streams run --target P");

  EXPECT_EQ(absent.code, 2);
  EXPECT_THAT(absent.err, HasSubstr("rum: there is no such run folder. Name the folder that"));
  EXPECT_EQ(other.code, 2);
  EXPECT_THAT(other.err, HasSubstr("other: not a run folder, it has no folder 'ranks'."));
  EXPECT_EQ(bare.code, 0);
  EXPECT_THAT(bare.err, HasSubstr("bare: no streams are stored (1 task is). Only ports of type"));
  EXPECT_EQ(target.code, 2);
  EXPECT_THAT(target.err, HasSubstr("no stream of target 'P'. Did you mean 'P1'? There are "
                                    "streams of: P1, P2."));
}

TEST_F(Streams, RefusesWrongFlags) {
  const Finished unknown = run("foldstream streams run --folow");
  const Finished alone = run("foldstream streams run --interval 3");
  const Finished zero = run("foldstream export run predict models a.npy --chunks 0");

  for (const Finished& refused : {unknown, alone, zero}) EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("Did you mean '--follow'?"));
  EXPECT_THAT(alone.err, HasSubstr("--interval requires --follow"));
  EXPECT_THAT(zero.err, HasSubstr("--chunks"));
}

class Export : public Streams {
 protected:
  /// A refusal with these words, which leaves no file.
  void expect_refusal(const std::string& arguments, const std::string& words) {
    const Finished refused = run("foldstream export run " + arguments);
    EXPECT_EQ(refused.code, 2) << refused.out;
    EXPECT_THAT(refused.err, HasSubstr(words));
    for (const char* name : {"a.npy", "a.npy.partial", "a.h5", "a.h5.partial"})
      EXPECT_FALSE(exists(name)) << name;
  }
};

TEST_F(Export, GivesNumPyAndHdf5TheArrayOfAllChunks) {
  const Finished npy = run("foldstream export run predict models a.npy --target P1 --complete");
  const Finished h5 = run("foldstream export run predict models a.h5 --target P1");

  EXPECT_EQ(npy.code, 0) << npy.err;
  EXPECT_EQ(h5.code, 0) << h5.err;
  EXPECT_EQ(npy.err + h5.err, "");
  EXPECT_THAT(npy.out, HasSubstr("a.npy: 4 chunks, rows as one array f32[8,5,3]\n"));
  EXPECT_EQ(python("a = numpy.load('a.npy'); d = h5py.File('a.h5')['models']\n"
                   "print(a.shape, a.dtype, a.tobytes() == d[()].tobytes(), d.attrs['units'],\n"
                   "      d.attrs['complete'])\na[6:8].tofile('raw')\n"),
            "(8, 5, 3) float32 True angstrom 1\n");
  const Tensor last = chunk_of(models_type, 3);
  EXPECT_EQ(find_bytes(folder_.path() / "raw", last), 0U);
}

TEST_F(Export, WarnsOfAStreamThatIsNotComplete) {
  const Finished open = run("foldstream export run predict models a.npy --target P2");
  const Finished part = run("foldstream export run predict models b.npy --target P1 --chunks 2");

  EXPECT_EQ(open.code, 0);
  EXPECT_THAT(open.err, HasSubstr("warning: stream predict.models of target 'P2' is not complete: "
                                  "it has 3 chunks so far. These are exported."));
  EXPECT_EQ(part.err, "");
  EXPECT_EQ(python("print(numpy.load('a.npy').shape, numpy.load('b.npy').shape)"),
            "(6, 5, 3) (4, 5, 3)\n");
}

TEST_F(Export, GivesAFieldOfAStoredTask) {
  const Finished chosen = run("foldstream export run search msa a.npy --field tokens");
  const Finished only = run("foldstream export run search depth a.h5");

  EXPECT_EQ(chosen.code, 0) << chosen.err;
  EXPECT_EQ(chosen.out, "a.npy: field 'tokens', i32[5,7]\n");
  EXPECT_EQ(only.code, 0) << only.err;
  EXPECT_EQ(python("a = numpy.load('a.npy'); d = h5py.File('a.h5')['value']\n"
                   "print(a.shape, a.dtype, (a == d[()]).all())\na.tofile('raw')\n"),
            "(5, 7) int32 True\n");
  EXPECT_EQ(find_bytes(folder_.path() / "raw", tokens_), 0U);
}

TEST_F(Export, AsksWhichOfSeveralIsMeantAndKnowsNearMisses) {
  expect_refusal("predict models a.npy",
                 "task 'predict' is stored for 2 targets: P1, P2. Choose one with --target.");
  expect_refusal("predict models a.npy --target P11", "for target 'P11'. Did you mean 'P1'?");
  expect_refusal("predcit models a.npy", "of a task 'predcit'. Did you mean 'predict'? Known: ");
  expect_refusal("predict modles a.npy --target P1", "'modles'. Did you mean 'models'?");
  expect_refusal("search msas a.npy", "no port 'msas'. Did you mean 'msa'? Known: depth, msa.");
  expect_refusal("search msa a.npy",
                 "port 'search.msa' has 2 fields: tokens, weights. Choose one with --field.");
  expect_refusal("search msa a.npy --field token", "no field 'token'. Did you mean 'tokens'?");
  expect_refusal("predict models a.npy --target P1 --field x", "has no fields. Leave out --field.");
  expect_refusal("predict models a.npy --target P2 --complete",
                 "predict.models of target 'P2' is not complete: it has 3 chunks so far. Let");
  expect_refusal("predict models a.npy --target P2 --chunks 4", "has 3 chunks so far, not the 4");
  expect_refusal("predict models a.txt --target P1", "a.txt: expected a name that ends with .npy");
}

TEST_F(Export, ReplacesAFileOnlyWhenTold) {
  folder_.write("a.npy", "mine");

  const Finished refused = run("foldstream export run predict models a.npy --target P1");
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("a.npy: exists already. --force replaces it."));
  EXPECT_EQ(read_text(folder_.path() / "a.npy"), "mine");

  const Finished forced = run("foldstream export run predict models a.npy --target P1 --force");
  EXPECT_EQ(forced.code, 0) << forced.err;
  EXPECT_EQ(python("print(numpy.load('a.npy').shape)"), "(8, 5, 3)\n");
}

TEST_F(Export, NamesDamageLeavesNoFileAndTellsWhatCanBeHad) {
  damage(chunk_of(models_type, 2));

  expect_refusal("predict models a.npy --target P1", "s0.h5: chunk 2 differs from its checksum");
  expect_refusal("predict models a.h5 --target P1", "'--chunks 2' exports what comes before it.");
  const Finished part = run("foldstream export run predict models b.npy --target P1 --chunks 2");

  EXPECT_EQ(part.code, 0) << part.err;
  EXPECT_EQ(python("print(numpy.load('b.npy').shape)"), "(4, 5, 3)\n");
}

TEST_F(Export, NamesDamageOfAField) {
  damage(tokens_);

  expect_refusal("search depth a.npy",
                 "r0000-g0.h5: field 'depth/value' differs from its checksum; task 'search'");
  expect_refusal("search depth a.npy", "'search' is damaged (see above). Nothing was exported");
}

}  // namespace
}  // namespace foldstream::test
