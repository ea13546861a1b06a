// The index and the records of the run store: by key, and as text.
#include "run_store_index.hpp"
#include "test_support.hpp"

#include <cmath>

namespace foldstream::io {
namespace {

TaskPlace place_for(std::uint64_t number, std::int64_t saved_at = 1) {
  return {0, {{number << 40, number}, saved_at, number * 100, 50}};
}

TEST(RunIndex, FindsEachOfManyTasksAndNoOther) {
  RunIndex index("nowhere");
  for (std::uint64_t i = 0; i < 10'000; ++i) index.add(place_for(i));

  for (std::uint64_t i = 0; i < 10'000; ++i) {
    ASSERT_NE(index.find(place_for(i).entry.key), nullptr);
    ASSERT_EQ(index.find(place_for(i).entry.key)->entry.offset, i * 100);
  }
  EXPECT_EQ(index.find(place_for(10'000).entry.key), nullptr);
  EXPECT_EQ(index.places().size(), 10'000u);
}

TEST(RunIndex, KeepsTheTaskThatWasSavedLast) {
  RunIndex index("nowhere");
  index.add(place_for(1, 5));
  TaskPlace older = place_for(1, 4);
  older.entry.offset = 7;

  index.add(older);

  EXPECT_EQ(index.find(older.entry.key)->entry.offset, 100u);
}

TEST(RunIndex, ForgetsATaskUntilItIsSavedAgain) {
  RunIndex index("nowhere");
  index.add(place_for(1, 5));

  EXPECT_TRUE(index.forget(place_for(1, 5)));
  EXPECT_FALSE(index.forget(place_for(1, 5)));
  EXPECT_EQ(index.find(place_for(1).entry.key), nullptr);
  EXPECT_THAT(index.places(), testing::IsEmpty());

  index.add(place_for(1, 4));
  EXPECT_NE(index.find(place_for(1).entry.key), nullptr);
}

TEST(TaskRecord, IsReadAsItWasWritten) {
  StoredField field{"p \"1\"",      "\\a\n", "p/a",
                    DType::bf16,    {3, 0},  {3, 1},
                    "\"\\\t\x01 ä", {"x\n"}, {{1, 2, 0xFEDCBA9876543210u}, {0, 0, 1}}};
  const TaskRecord record{"a/b \xff",      "..",    0.1,           "r0000-g0.h5", "/targets/\"x",
                          {"", "p \"1\""}, {field}, "k\n=\x01\"\\"};

  const std::string text = format_task_record(record);
  const TaskRecord read = parse_task_record(text);

  EXPECT_EQ(format_task_record(read), text);
  EXPECT_EQ(read.target, record.target);
  EXPECT_EQ(read.made_of, record.made_of);
  EXPECT_EQ(read.seconds, 0.1);
  EXPECT_EQ(read.fields.at(0).units, field.units);
  EXPECT_EQ(read.fields.at(0).name, field.name);
  EXPECT_EQ(read.fields.at(0).pieces.at(0).checksum, field.pieces[0].checksum);
}

TEST(TaskRecord, WithoutTensorsIsShort) {
  const std::string text = format_task_record({"P1", "predict", 2, "", "", {}, {}, ""});

  EXPECT_EQ(text, R"({"target":"P1","task":"predict","seconds":2})");
  EXPECT_EQ(parse_task_record(text).task, "predict");
  EXPECT_EQ(parse_task_record(R"({"target":"%","task":"k","seconds":null,"file":"r0000-g0.h5",)"
                              R"("group":"/targets/%/k","ports":["x"],"fields":[]})")
                .ports,
            std::vector<std::string>{"x"});
}

}  // namespace
}  // namespace foldstream::io
