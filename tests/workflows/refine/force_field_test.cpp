// The force field and the topology, against what GROMACS made of seven proteins in double
// precision.
#include "test_support.hpp"

#include <foldstream/io/structure_file.hpp>
#include <foldstream/io/text_file.hpp>
#include <foldstream/workflows/refine/force_field.hpp>
#include <foldstream/workflows/refine/topology.hpp>

#include <nlohmann/json.hpp>

namespace foldstream::workflows::refine {
namespace {

using test::expect_error;

constexpr const char* goldens = "reference/forcefield";

/// A protein of the reference data: what it is made of, where its atoms are, and what GROMACS
/// found.
struct Golden {
  std::vector<ResidueKind> residues;
  std::vector<double> charges;
  std::vector<io::Vec3> positions;
  nlohmann::json facts;
};

Golden read_golden(const std::string& id) {
  const auto folder = test::shared_folder() / goldens;
  Golden golden;
  golden.facts = nlohmann::json::parse(std::ifstream(folder / "energies.json"))[id];
  std::istringstream table(io::read_text_file(folder / (id + ".atoms.tsv.gz")));
  std::string line;
  std::getline(table, line);
  for (std::string last; std::getline(table, line);) {
    std::istringstream words(line);
    std::string index;
    std::string type;
    std::string number;
    std::string residue;
    std::string rtp;
    std::string atom;
    double charge = 0;
    words >> index >> type >> number >> residue >> rtp >> atom >> charge;
    if (number != last) golden.residues.push_back({rtp, !golden.residues.empty()});
    last = number;
    golden.charges.push_back(charge);
  }
  std::ifstream pdb(folder / (id + ".pdb"));
  while (std::getline(pdb, line)) {
    if (!line.starts_with("ATOM")) continue;
    golden.positions.push_back({std::stod(line.substr(30, 8)), std::stod(line.substr(38, 8)),
                                std::stod(line.substr(46, 8))});
  }
  return golden;
}

struct Case {
  std::string id;
  std::vector<std::pair<int, int>> disulphides;
};

class AmongGoldens : public testing::TestWithParam<Case> {};

Topology topology_of(const Case& golden, const Golden& facts) {
  return make_topology(read_force_field(default_force_field_folder()), facts.residues,
                       golden.disulphides);
}

TEST_P(AmongGoldens, HasTheTermsAndChargesOfGromacs) {
  FOLDSTREAM_NEEDS(goldens);
  const Golden golden = read_golden(GetParam().id);

  const Topology topology = topology_of(GetParam(), golden);

  EXPECT_EQ(topology.bonds.size(), golden.facts["n_bonds"]);
  EXPECT_EQ(topology.angles.size(), golden.facts["n_angles"]);
  EXPECT_EQ(topology.pairs.size(), golden.facts["n_pairs14"]);
  EXPECT_EQ(topology.propers.size(), golden.facts["n_proper_lines"]);
  EXPECT_EQ(topology.impropers.size(), golden.facts["n_improper_lines"]);
  ASSERT_EQ(topology.atoms.size(), golden.charges.size());
  for (std::size_t i = 0; i < golden.charges.size(); ++i) {
    ASSERT_NEAR(topology.atoms[i].charge, golden.charges[i], 1e-6) << topology.atoms[i].name;
  }
}

TEST_P(AmongGoldens, HasTheEnergiesOfGromacs) {
  FOLDSTREAM_NEEDS(goldens);
  const Golden golden = read_golden(GetParam().id);
  const auto expected = [&](const char* term) {
    return golden.facts["gromacs_double_kj_mol"][term].get<double>();
  };

  const EnergyTerms energy = evaluate_energy(topology_of(GetParam(), golden), golden.positions);

  const auto near = [](double value, double wanted) {
    EXPECT_NEAR(value, wanted, std::max(1e-4, 1e-7 * std::abs(wanted)));
  };
  near(energy.bond, expected("bond"));
  near(energy.angle, expected("angle"));
  near(energy.proper, expected("proper_dihedral"));
  near(energy.improper, expected("improper_dihedral"));
  near(energy.lennard_jones_14, expected("lj14"));
  near(energy.coulomb_14, expected("coulomb14"));
  near(energy.lennard_jones, expected("lj_sr"));
  near(energy.coulomb, expected("coulomb_sr"));
}

INSTANTIATE_TEST_SUITE_P(Proteins, AmongGoldens,
                         testing::Values(Case{"2N2U_A.amber99sb-ildn", {}},
                                         Case{"6MRR_A.amber99sb-ildn", {}},
                                         Case{"5L33_A.amber99sb-ildn", {}},
                                         Case{"T1049_A.amber99sb-ildn", {{35, 41}, {103, 127}}},
                                         Case{"4GYT_A.amber99sb-ildn", {}},
                                         Case{"6KWC_AF.amber99sb-ildn", {}}),
                         [](const auto& info) { return info.param.id.substr(0, 4); });

TEST(ForceField, KnowsTheEndsOfAChain) {
  const ForceField field = read_force_field(default_force_field_folder());

  EXPECT_EQ(field.name, "amber99sb-ildn");
  EXPECT_EQ(field.residue("NALA").atoms.size(), 12U);
  EXPECT_EQ(field.residue("CALA").atoms.size(), 11U);
  EXPECT_DOUBLE_EQ(field.fudge_qq, 0.8333);
}

TEST(ForceField, NamesThePackageAndTheOptionWhenAbsent) {
  expect_error(ErrorKind::NotFound, "'gromacs-data', or set the option 'force_field_folder'",
               [] { read_force_field("/no/such/folder.ff"); });
}

TEST(ForceField, SaysWhereANumberIsBad) {
  const test::TemporaryFolder folder;
  folder.write("forcefield.itp", "[ atomtypes ]\nCT 6 12.01 0.0 A 0.34 x7\n");

  expect_error(ErrorKind::Parse, "forcefield.itp:2: expected a number, found 'x7'",
               [&] { read_force_field(folder.path().string()); });
}

TEST(ForceField, RefusesAnotherFunctionalForm) {
  const test::TemporaryFolder folder;
  folder.write("forcefield.itp", "[ bondtypes ]\nCT CT 2 0.15 1000\n");

  expect_error(ErrorKind::Unsupported, "function type 2 in [ bondtypes ]",
               [&] { read_force_field(folder.path().string()); });
}

TEST(Topology, NamesAResidueThatTheForceFieldLacks) {
  const ForceField field = read_force_field(default_force_field_folder());
  const std::vector<ResidueKind> residues{{"NALA", false}, {"FOO", true}};

  expect_error(ErrorKind::NotFound, "has no residue 'FOO'",
               [&] { make_topology(field, residues); });
}

}  // namespace
}  // namespace foldstream::workflows::refine
