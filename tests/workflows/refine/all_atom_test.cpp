// Models with every atom: completion, hydrogens, names, disulphides, and the geometry report.
#include "peptide.hpp"
#include "test_support.hpp"

#include <foldstream/io/structure_file.hpp>
#include <foldstream/workflows/refine/all_atom.hpp>
#include <foldstream/workflows/refine/geometry.hpp>

#include <set>

namespace foldstream::workflows::refine {
namespace {

using test::backbone;
using test::expect_error;

constexpr const char* all_twenty = "ARNDCQEGHILKMFPSTWYV";

const ForceField& field() {
  static const ForceField read = read_force_field(default_force_field_folder());
  return read;
}

std::set<std::string> names_of(const io::Residue& residue) {
  std::set<std::string> names;
  for (const io::Atom& atom : residue.atoms) names.insert(atom.name);
  return names;
}

double apart(const io::Atom* a, const io::Atom* b) {
  return std::hypot(a->position.x - b->position.x, a->position.y - b->position.y,
                    a->position.z - b->position.z);
}

/// Two dipeptides whose first residues are cysteines, their Cβ at `beta_distance` (Å).
io::Structure two_cysteines(double beta_distance) {
  io::Structure structure = backbone("CA");
  structure.chains.push_back(backbone("CA").chains[0]);
  structure.chains[1].id = "B";
  const io::Structure completed = complete_heavy_atoms(structure);
  const io::Residue& first = completed.chains[0].residues[0];
  const io::Vec3 n = first.find("CA")->position;
  const io::Vec3 beta = first.find("CB")->position;
  // the second chain is the first one turned by half a circle about an axis beyond the Cβ
  const double length = apart(first.find("CA"), first.find("CB"));
  const io::Vec3 out{(beta.x - n.x) / length, (beta.y - n.y) / length, (beta.z - n.z) / length};
  const double reach = beta_distance / 2;
  const io::Vec3 centre{beta.x + reach * out.x, beta.y + reach * out.y, beta.z + reach * out.z};
  io::Vec3 axis{-out.y, out.x, 0};
  const double size = std::hypot(axis.x, axis.y);
  axis = {axis.x / size, axis.y / size, 0};
  for (io::Residue& residue : structure.chains[1].residues) {
    for (io::Atom& atom : residue.atoms) {
      const io::Vec3 r{atom.position.x - centre.x, atom.position.y - centre.y,
                       atom.position.z - centre.z};
      const double along = 2 * (r.x * axis.x + r.y * axis.y);
      atom.position = {centre.x + along * axis.x - r.x, centre.y + along * axis.y - r.y,
                       centre.z - r.z};
    }
  }
  return structure;
}

TEST(CompleteHeavyAtoms, GivesAllTwentyResiduesTheirAtoms) {
  const io::Structure completed = complete_heavy_atoms(backbone(all_twenty));

  const auto& residues = completed.chains[0].residues;
  EXPECT_EQ(completed.atom_count(), 168U);
  EXPECT_EQ(names_of(residues[9]),
            (std::set<std::string>{"N", "CA", "C", "O", "CB", "CG1", "CG2", "CD1"}));
  EXPECT_TRUE(names_of(residues[19]).contains("OXT"));
  EXPECT_FALSE(names_of(residues[0]).contains("OXT"));
}

TEST(CompleteHeavyAtoms, MakesSoundGeometry) {
  const io::GeometryReport report = report_geometry(complete_heavy_atoms(backbone(all_twenty)));

  EXPECT_EQ(report.atoms, 168);
  EXPECT_EQ(report.clashes, 0);
  EXPECT_EQ(report.chirality_errors, 0);
  EXPECT_EQ(report.cis_peptides, 0);
  EXPECT_EQ(report.ramachandran_outliers, 1);  // proline does not reach φ = −120°
  EXPECT_LT(report.worst_angle_sigma, 0.1);
}

TEST(CompleteHeavyAtoms, KeepsTheAtomsThatAreThere) {
  io::Structure structure = complete_heavy_atoms(backbone("AKKA"));
  io::Residue& lysine = structure.chains[0].residues[1];
  const io::Residue was = lysine;
  std::erase_if(lysine.atoms, [](const io::Atom& atom) { return atom.name == "NZ"; });

  const io::Structure completed = complete_heavy_atoms(structure);

  const io::Residue& now = completed.chains[0].residues[1];
  EXPECT_EQ(*now.find("CE"), *was.find("CE"));
  EXPECT_NEAR(apart(now.find("CE"), now.find("NZ")), 1.49, 0.3);
}

TEST(CompleteHeavyAtoms, TurnsACbetaToTheRightHand) {
  io::Structure structure = backbone("AAA");
  io::Residue& middle = structure.chains[0].residues[1];
  const io::Structure right = complete_heavy_atoms(structure);
  io::Atom beta = *right.chains[0].residues[1].find("CB");
  const io::Vec3 alpha = middle.find("CA")->position;
  beta.position = {2 * alpha.x - beta.position.x, 2 * alpha.y - beta.position.y,
                   2 * alpha.z - beta.position.z};
  middle.atoms.push_back(beta);

  EXPECT_EQ(report_geometry(complete_heavy_atoms(structure)).chirality_errors, 0);
}

TEST(CompleteHeavyAtoms, NamesAResidueThatIsUnknown) {
  io::Structure structure = backbone("AAAA");
  structure.chains[0].residues[2].name = "UNK";

  expect_error(ErrorKind::InvalidArgument, "residue A:3 'UNK' is not one of the twenty",
               [&] { complete_heavy_atoms(structure); });
}

TEST(CompleteHeavyAtoms, NamesAResidueWithoutBackbone) {
  io::Structure structure = backbone("AAAA");
  std::erase_if(structure.chains[0].residues[1].atoms,
                [](const io::Atom& atom) { return atom.name == "C"; });

  expect_error(ErrorKind::InvalidArgument, "residue A:2 ALA has no atom C",
               [&] { complete_heavy_atoms(structure); });
}

TEST(AllAtom, HasTheHydrogensOfEveryResidueUnderPdbNames) {
  const io::Structure peptide = backbone(all_twenty);

  const io::Structure model = to_structure(make_all_atom(peptide, field()), peptide);

  const auto& residues = model.chains[0].residues;
  EXPECT_EQ(names_of(residues[7]), (std::set<std::string>{"N", "CA", "C", "O", "H", "HA2", "HA3"}));
  EXPECT_TRUE(names_of(residues[9]).contains("HD13"));
  EXPECT_TRUE(names_of(residues[9]).contains("HG12"));
  EXPECT_TRUE(names_of(residues[0]).contains("H3"));
  EXPECT_EQ(residues[8].name, "HIS");
  EXPECT_TRUE(names_of(residues[8]).contains("HE2"));
  EXPECT_EQ(model.atom_count(), 327U);
}

TEST(AllAtom, CarriesTheConfidenceOfTheAlphaCarbon) {
  const io::Structure peptide = backbone("AGA");

  const io::Structure model = to_structure(make_all_atom(peptide, field()), peptide);

  for (const io::Residue& residue : model.chains[0].residues) {
    for (const io::Atom& atom : residue.atoms) EXPECT_EQ(atom.b_factor, 70) << atom.name;
  }
}

TEST(AllAtom, BridgesCysteinesInReachOnce) {
  const AllAtomModel near = make_all_atom(two_cysteines(3.8), field());
  const AllAtomModel far = make_all_atom(two_cysteines(8.0), field());

  EXPECT_EQ(near.disulphides, (std::vector<std::pair<int, int>>{{0, 2}}));
  EXPECT_EQ(near.topology.residues[0].template_name, "NCYX");
  EXPECT_TRUE(far.disulphides.empty());
}

TEST(AllAtom, SurvivesAtomsThatLieOnOneAnother) {
  io::Structure structure = backbone("AAAAAA");
  auto& residues = structure.chains[0].residues;
  residues[4].find("N")->position = residues[1].find("N")->position;

  const AllAtomModel model = make_all_atom(structure, field());

  EXPECT_TRUE(std::isfinite(evaluate_energy(model.topology, model.positions).total()));
}

TEST(AllAtom, RefusesAResidueThatStandsAlone) {
  expect_error(ErrorKind::InvalidArgument, "residue A:1 TRP stands alone",
               [] { make_all_atom(backbone("W"), field()); });
}

TEST(Geometry, CountsWhatIsWrong) {
  io::Structure structure = complete_heavy_atoms(backbone("AAAAA"));
  auto& residues = structure.chains[0].residues;
  residues[4].find("CB")->position = residues[0].find("CB")->position;
  std::swap(residues[2].find("CB")->position, residues[2].find("C")->position);

  const io::GeometryReport report = report_geometry(structure);

  EXPECT_GE(report.clashes, 1);
  EXPECT_GE(report.chirality_errors, 1);
  EXPECT_GT(report.clash_score, 0);
}

TEST(Geometry, FindsNoFaultsInACrystalStructure) {
  FOLDSTREAM_NEEDS("data/pairs/DHFR_ECOLI/native.pdb");
  const io::Structure native =
      io::read_structure(test::shared_folder() / "data/pairs/DHFR_ECOLI/native.pdb");

  const io::GeometryReport report = report_geometry(native);

  EXPECT_LT(report.clash_score, 20);
  EXPECT_EQ(report.chirality_errors, 0);
  EXPECT_LE(report.ramachandran_outliers, 2);
  EXPECT_NEAR(alpha_rmsd(native, native), 0, 1e-5);
}

}  // namespace
}  // namespace foldstream::workflows::refine
