#include "io/example_structure.hpp"
#include "test_support.hpp"

#include <foldstream/io/structure_file.hpp>

#include <cmath>
#include <limits>

namespace {

using namespace foldstream;
using test::example_structure;
using test::expect_error;
using test::TemporaryFolder;

std::string line_with(const std::string& text, const std::string& words) {
  const std::size_t at = text.find(words);
  if (at == std::string::npos) return "";
  const std::size_t begin = text.rfind('\n', at) + 1;
  return text.substr(begin, text.find('\n', at) - begin);
}

TEST(Pdb, BeginsWithAHeaderAndLaysOutAtomNames) {
  const std::string text = io::format_pdb(example_structure());

  EXPECT_EQ(text.substr(0, 6), "HEADER");
  EXPECT_EQ(line_with(text, " CA  ALA"),
            "ATOM      2  CA  ALA A  -1       2.500  -1.125   0.001  1.00 90.25           C  ");
  EXPECT_EQ(line_with(text, "HD11"),
            "ATOM      5 HD11 LEU A  27A      7.000  -1.000   0.500  1.00 70.00           H  ");
  EXPECT_EQ(line_with(text, "TER").substr(0, 27), "TER       6      LEU A  27A");
  EXPECT_EQ(text.substr(text.size() - 81, 3), "END");
}

TEST(StructureFile, RoundTripsThroughBothFormats) {
  const TemporaryFolder folder;
  for (const char* name : {"example.pdb", "example.cif"}) {
    io::write_structure(folder.path() / name, example_structure());

    EXPECT_EQ(io::read_structure(folder.path() / name), example_structure()) << name;
  }
}

TEST(StructureFile, KeepsAwkwardNamesAndTitlesInMmcif) {
  io::Structure structure = example_structure();
  structure.chains[0].id = "AA1";
  structure.chains[0].residues[0].atoms[0].name = "O5'";
  structure.chains[0].residues[0].number = 123456;

  const std::string text = io::format_mmcif(
      structure,
      {.title = "it's \"quoted\"\n; twice", .software = "#1", .b_factor_is_plddt = true});

  EXPECT_EQ(io::parse_structure(text, "x.cif"), structure);
  EXPECT_NE(text.find("_ma_qa_metric_local.metric_value"), std::string::npos);
  EXPECT_NE(line_with(text,
                      "1 1 A"
                      "A1 1 ALA 2 90.25"),
            "");
}

TEST(StructureFile, TakesTheFirstModelAndTheFirstAlternateLocation) {
  const std::string text =
      "MODEL        1\n"
      "ATOM      1  CA AALA     1       1.000   2.000   3.000  0.60 20.00           C  \n"
      "ATOM      2  CA BALA     1       9.000   9.000   9.000  0.40 20.00           C  \n"
      "HETATM    3  O   HOH     2       5.000   5.000   5.000  1.00 20.00           O  \n"
      "ENDMDL\nMODEL        2\n"
      "ATOM      1  CA  GLY     1       7.000   2.000   3.000  1.00 20.00           C  \n"
      "ENDMDL\nEND\n";

  const io::Structure structure = io::parse_structure(text, "some/model.pdb");

  EXPECT_EQ(
      structure,
      (io::Structure{"model", {{"A", {{"ALA", 1, ' ', {{"CA", "C", {1, 2, 3}, 20, 0.6}}}}}}}));
}

TEST(Pdb, RefusesWhatTheFormatCannotHold) {
  io::Structure structure = example_structure();
  structure.chains[0].id = "AA";
  expect_error(ErrorKind::InvalidArgument, "chain id 'AA' (one letter). Write mmCIF (.cif)",
               [&] { io::format_pdb(structure); });

  structure = example_structure();
  structure.chains[0].residues[0].number = 10'000;
  expect_error(ErrorKind::InvalidArgument, "residue number", [&] { io::format_pdb(structure); });

  structure = example_structure();
  structure.chains[0].residues[0].atoms.resize(99'998, structure.chains[1].residues[0].atoms[0]);
  expect_error(ErrorKind::InvalidArgument, "(at most 99,999)", [&] { io::format_pdb(structure); });
}

TEST(StructureFile, RefusesCoordinatesThatAreNotFinite) {
  io::Structure structure = example_structure();
  structure.chains[0].residues[1].atoms[0].position.y = std::numeric_limits<double>::quiet_NaN();

  for (const auto& format : {io::format_pdb, io::format_mmcif}) {
    expect_error(ErrorKind::InvalidArgument, "atom CA of residue LEU 27 of chain A has a coord",
                 [&] { format(structure, {}); });
  }
}

TEST(StructureFile, RefusesAnEndingItDoesNotKnow) {
  expect_error(ErrorKind::InvalidArgument, "the ending '.xyz' is none of a structure format",
               [] { io::write_structure("model.xyz", example_structure()); });
}

TEST(StructureFile, RoundTripsTheStructuresOfTheReferenceData) {
  FOLDSTREAM_NEEDS("data/pairs");
  for (const auto& pair :
       std::filesystem::directory_iterator(test::shared_folder() / "data/pairs")) {
    const io::Structure native = io::read_structure(pair.path() / "native.pdb");

    io::Structure again = io::parse_structure(io::format_pdb(native), "native.pdb");
    EXPECT_EQ(again.chains, native.chains) << pair.path();
    again = io::parse_structure(io::format_mmcif(native), "native.cif");
    EXPECT_EQ(again, native) << pair.path();
  }
}

}  // namespace
