#include "test_support.hpp"

#include <foldstream/workflows/report/manifest.hpp>

namespace foldstream::workflows::report {
namespace {

using test::expect_error;

Manifest two_files() { return {"demo", {{"a.txt", 3, key_of("abc")}, {"b.txt", 0, key_of("")}}}; }

TEST(Manifest, SurvivesItsCodec) {
  const Manifest manifest = two_files();

  EXPECT_EQ(Codec<Manifest>::decode(Codec<Manifest>::encode(manifest)), manifest);
  EXPECT_EQ(Codec<Manifest>::decode(Codec<Manifest>::encode({})), Manifest{});
}

TEST(Manifest, RefusesARecordThatWasCut) {
  Record record = Codec<Manifest>::encode(two_files());
  record.at("bytes").tensor = Tensor::of(std::vector<std::int64_t>{3});

  expect_error(ErrorKind::InvalidArgument, "field 'bytes' of a manifest has 1 elements, not 2",
               [&] { Codec<Manifest>::decode(record); });
}

TEST(Manifest, NamesFilesThatAreAbsentOrChanged) {
  const test::TemporaryFolder folder;
  folder.write("a.txt", "abc");
  EXPECT_THAT(damaged_files(folder.path(), two_files()), testing::ElementsAre("b.txt"));

  folder.write("b.txt", "");
  EXPECT_THAT(damaged_files(folder.path(), two_files()), testing::IsEmpty());

  folder.write("a.txt", "abd");
  EXPECT_THAT(damaged_files(folder.path(), two_files()), testing::ElementsAre("a.txt"));
}

}  // namespace
}  // namespace foldstream::workflows::report
