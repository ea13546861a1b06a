// Values and codecs: typed access, and the trip through a record.
#include "core/contract_case.hpp"

namespace foldstream::test {
namespace {

struct Opaque {};

TEST(Value, GivesWhatItHolds) {
  const Value value = Value::of(Number{3});
  const Value copy = value;

  EXPECT_EQ(copy.as<Number>().value, 3);
  EXPECT_EQ(&copy.as<Number>(), &value.as<Number>());
}

TEST(Value, NamesBothTypesWhenAskedForAnother) {
  const Value value = Value::of(Number{3});

  expect_error(ErrorKind::InvalidArgument, "a value of 'number' was asked for a 'int32'",
               [&] { value.as<int>(); });
  expect_error(ErrorKind::InvalidArgument, "an empty value was asked for a 'int32'",
               [] { Value().as<int>(); });
}

TEST(Value, MakesTheTripThroughARecord) {
  const Record record = Value::of(Number{3}).encode();

  EXPECT_EQ(PortType::of<Number>().decode(record).as<Number>().value, 3);
  EXPECT_EQ(bytes(record), 8);
}

TEST(Value, SaysThatItsTypeHasNoCodec) {
  EXPECT_FALSE(PortType::of<Opaque>().is_encodable());
  expect_error(ErrorKind::Unsupported, "Opaque' has no codec",
               [] { Value::of(Opaque{}).encode(); });
  expect_error(ErrorKind::Unsupported, "Opaque' has no codec",
               [] { PortType::of<Opaque>().decode({}); });
}

TEST(Codec, NamesAMissingField) {
  expect_error(ErrorKind::NotFound, "no field 'value'", [] { PortType::of<Number>().decode({}); });
}

TEST(Codec, KeepsTextWithAnyBytes) {
  const std::string text("a\0\xff\n", 4);
  const Record record = {{"text", text_field(text)}, {"none", text_field("")}};

  EXPECT_EQ(field_text(record, "text"), text);
  EXPECT_EQ(field_text(record, "none"), "");
}

TEST(Codec, RefusesATensorAsText) {
  const Record record = {{"n", {Tensor(DType::f32, {2}), "angstrom", {"atom"}}}};

  expect_error(ErrorKind::InvalidArgument, "field 'n' of a record is not text",
               [&] { field_text(record, "n"); });
}

}  // namespace
}  // namespace foldstream::test
