#include "io/example_structure.hpp"
#include "test_support.hpp"

#include <foldstream/io/structure.hpp>

#include <cmath>

namespace {

using namespace foldstream;
using test::example_structure;
using test::expect_error;

TEST(Structure, CountsAndSpellsItsResidues) {
  const io::Structure structure = example_structure();

  EXPECT_EQ(structure.residue_count(), 3u);
  EXPECT_EQ(structure.atom_count(), 6u);
  EXPECT_EQ(structure.chains[0].sequence(), "AL");
}

TEST(Residue, FindsItsAtomsByName) {
  io::Structure structure = example_structure();
  io::Residue& residue = structure.chains[0].residues[0];

  ASSERT_NE(residue.find("CA"), nullptr);
  residue.find("CA")->b_factor = 5;

  EXPECT_EQ(residue.atoms[1].b_factor, 5);
  EXPECT_EQ(residue.find("CB"), nullptr);
}

TEST(StructureCodec, RoundTripsExactlyIncludingWhatIsEmpty) {
  io::Structure structure = example_structure();
  structure.chains[1].residues.push_back({"GLY", 2, ' ', {}});
  structure.chains.push_back({"C", {}});
  structure.chains[0].residues[0].atoms[0].position = {1.0 / 3, -0.0, std::nextafter(1.0, 2.0)};

  EXPECT_EQ(Codec<io::Structure>::decode(Codec<io::Structure>::encode(structure)), structure);
  EXPECT_EQ(Codec<io::Structure>::decode(Codec<io::Structure>::encode({})), io::Structure{});
}

TEST(StructureCodec, NamesItsCoordinatesAndTheirUnits) {
  const Record record = Codec<io::Structure>::encode(example_structure());

  const Field& coordinates = record.at("coordinates");
  EXPECT_EQ(coordinates.units, "angstrom");
  EXPECT_EQ(coordinates.axes, (std::vector<std::string>{"atom", "xyz"}));
  EXPECT_EQ(coordinates.tensor.shape(), (Shape{6, 3}));
  EXPECT_EQ(coordinates.tensor.values<double>()[2], 3.125);
}

TEST(StructureCodec, RefusesDamagedRecords) {
  const Record good = Codec<io::Structure>::encode(example_structure());
  Record bad = good;
  bad["coordinates"].tensor = Tensor(DType::f32, {6, 3});
  expect_error(ErrorKind::InvalidArgument, "is f32; expected f64",
               [&] { Codec<io::Structure>::decode(bad); });

  bad = good;
  bad["atom_residue"].tensor = Tensor::of(std::vector<std::int32_t>{0, 0, 0, 1, 1, 7});
  expect_error(ErrorKind::InvalidArgument, "points outside",
               [&] { Codec<io::Structure>::decode(bad); });

  bad = good;
  bad["occupancy"].tensor = Tensor(DType::f64, {5});
  expect_error(ErrorKind::InvalidArgument, "has 5 elements; expected 6",
               [&] { Codec<io::Structure>::decode(bad); });
}

}  // namespace
