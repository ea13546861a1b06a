// Keys and the memory store. The digits here are a promise: a change of them forgets every stored
// result.
#include "core/contract_case.hpp"
#include "core/store_contract.hpp"

#include <foldstream/store.hpp>

#include <set>

namespace foldstream::test {
namespace {

Record coordinates() {
  const std::vector<float> values = {1, 2, 3, 4, 5, 6};
  return {{"positions",
           {Tensor::of<float>(std::span<const float>(values), {2, 3}),
            "angstrom",
            {"residue", "xyz"}}}};
}

TEST(Key, OfTextNeverChanges) {
  EXPECT_EQ(to_string(key_of("")), "99aa06d3014798d86001c324468d497f");
  EXPECT_EQ(to_string(key_of("foldstream")), "c9730ba900af938fff0bd661538cbba5");
}

TEST(Key, OfARecordNeverChanges) {
  EXPECT_EQ(to_string(key_of(coordinates())), "3c2bdf27f0eadff12918078603613090");
}

TEST(Key, MakesTheTripThroughText) {
  const Key key{0x0123456789abcdef, 1};

  EXPECT_EQ(to_string(key), "0123456789abcdef0000000000000001");
  EXPECT_EQ(parse_key(to_string(key)), key);
}

TEST(Key, RefusesWhatIsNoKey) {
  for (const char* text : {"", "0123", "0123456789abcdef000000000000000g",
                           "0123456789ABCDEF0000000000000001", "-123456789abcdef0000000000000001"})
    expect_error(ErrorKind::Parse, "is not a key", [&] { parse_key(text); });
}

TEST(Key, ChangesWithEveryPartOfARecord) {
  std::vector<Record> records(6, coordinates());
  Field& retyped = records[1].at("positions");
  retyped.tensor = Tensor(DType::i32, {2, 3});
  records[2].at("positions").tensor = coordinates().at("positions").tensor.reshaped({3, 2});
  records[3].at("positions").units = "nm";
  records[4].at("positions").axes = {"atom", "xyz"};
  records[5].at("positions").tensor = Tensor(DType::f32, {2, 3});

  std::set<Key> keys;
  for (const Record& record : records) keys.insert(key_of(record));
  EXPECT_EQ(keys.size(), records.size());
}

TEST(Key, TellsShapeUnitsAndAxesApart) {
  const Tensor tensor(DType::u8, {2});
  const Record a = {{"x", {tensor, "1", {"u"}}}};
  const Record b = {{"x", {tensor.reshaped({2, 1}), "u", {}}}};

  EXPECT_NE(key_of(a), key_of(b));
}

INSTANTIATE_TEST_SUITE_P(Memory, StoreContract, testing::Values(StoreCase{
                             "memory", [] { return std::make_shared<MemoryStore>(); }}));

}  // namespace
}  // namespace foldstream::test
