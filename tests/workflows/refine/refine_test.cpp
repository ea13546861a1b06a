// Refinement end to end: better geometry near the prediction, the same every time, nothing lost.
#include "peptide.hpp"
#include "test_support.hpp"

#include <foldstream/io/structure_file.hpp>
#include <foldstream/workflows/refine/geometry.hpp>
#include <foldstream/workflows/refine/refine.hpp>

namespace foldstream::workflows::refine {
namespace {

using test::backbone;
using test::expect_error;

io::Prediction prediction_of(std::vector<io::Structure> structures) {
  io::Prediction prediction;
  for (io::Structure& structure : structures) {
    prediction.models.push_back({std::move(structure), {}, 0.5, 0.0});
  }
  prediction.predictor = "test";
  return prediction;
}

TEST(Refine, RefusesOptionsOutOfRange) {
  expect_error(ErrorKind::InvalidArgument, "'force_tolerance' must be above 0",
               [] { refine({}, {.force_tolerance = 0}, {}); });
}

TEST(Refine, PassesModelsOnWhenSwitchedOff) {
  const io::Prediction prediction = prediction_of({backbone("AAA")});

  const io::Refinement result = refine(prediction, {.enabled = false}, {});

  EXPECT_EQ(result.models[0].after, prediction.models[0].structure);
  EXPECT_EQ(result.models[0].failure, "refinement is switched off");
}

#ifdef FOLDSTREAM_TEST_WITHOUT_OPENMM

TEST(Refine, NamesTheFlagThatBringsOpenMm) {
  expect_error(ErrorKind::Unsupported, "-DFOLDSTREAM_WITH_OPENMM=ON",
               [] { refine(prediction_of({backbone("AAA")}), {}, {}); });
  EXPECT_EQ(openmm_version(), "");
}

#else

/// `structure` with every atom moved by up to `size` along each axis, by its number.
io::Structure shaken(io::Structure structure, double size) {
  std::mt19937_64 random(7);
  for (io::Residue& residue : structure.chains[0].residues) {
    for (io::Atom& atom : residue.atoms) {
      for (double* value : {&atom.position.x, &atom.position.y, &atom.position.z}) {
        *value += size * (static_cast<double>(random() >> 11) / 4503599627370496.0 - 1.0);
      }
    }
  }
  return structure;
}

TEST(Refine, MendsAPeptideOfAllTwentyResidues) {
  const io::Structure input = shaken(backbone("ARNDCQEGHILKMFPSTWYV", -60, -45), 0.3);

  const io::RefinedModel model = refine(prediction_of({input}), {}, {}).models[0];

  EXPECT_EQ(model.failure, "");
  EXPECT_EQ(model.after.atom_count(), 327U);
  EXPECT_LT(model.report_after.worst_angle_sigma, 3.0);
  EXPECT_EQ(model.report_after.clashes, 0);
  EXPECT_EQ(model.report_after.chirality_errors, 0);
  EXPECT_LT(model.report_after.potential, model.report_before.potential);
  EXPECT_LT(model.rmsd_to_input, 0.5);
}

TEST(Refine, GivesTheSameForAnyNumberOfThreads) {
  const io::Structure a = shaken(backbone("MKTFFVLLLCT", -60, -45), 0.3);
  const io::Structure b = shaken(backbone("GSHWYPRNEQD", -120, 130), 0.3);
  const io::Prediction prediction = prediction_of({a, b, a});
  Context four;
  four.threads = 4;

  const io::Refinement one = refine(prediction, {}, {});
  const io::Refinement many = refine(prediction, {}, four);

  EXPECT_EQ(one, many);
  EXPECT_EQ(one.models[0].after, one.models[2].after);
}

TEST(Refine, PullsChainsApartThatLieInOneAnother) {
  io::Structure structure = backbone("AFAWAFA", -60, -45);
  io::Chain second = structure.chains[0];
  second.id = "B";
  for (io::Residue& residue : second.residues) {
    for (io::Atom& atom : residue.atoms) atom.position.y += 4.5;
  }
  structure.chains.push_back(second);

  const io::RefinedModel model = refine(prediction_of({structure}), {}, {}).models[0];

  EXPECT_EQ(model.failure, "");
  EXPECT_LE(model.report_after.clashes, model.report_before.clashes);
}

TEST(Refine, KeepsAModelThatItCannotRefineAndGoesOn) {
  io::Structure unknown = backbone("AAA");
  unknown.chains[0].residues[1].name = "UNK";

  const io::Refinement result = refine(prediction_of({unknown, backbone("AAA")}), {}, {});

  EXPECT_EQ(result.models[0].after, unknown);
  EXPECT_THAT(result.models[0].failure, testing::HasSubstr("residue A:2 'UNK'"));
  EXPECT_EQ(result.models[1].failure, "");
}

TEST(Refine, StopsWhenTheRunIsCancelled) {
  std::stop_source source;
  source.request_stop();
  Context context;
  context.stop = source.get_token();

  expect_error(ErrorKind::Cancelled, "",
               [&] { refine(prediction_of({backbone("AAA")}), {}, context); });
}

TEST(Refine, NamesTheForceFieldThatIsMissing) {
  expect_error(ErrorKind::NotFound, "gromacs-data", [] {
    refine(prediction_of({backbone("AAA")}), {.force_field_folder = "/no/such.ff"}, {});
  });
}

TEST(Refine, MendsARealBackboneWithoutLosingTheFold) {
  FOLDSTREAM_NEEDS("data/pairs/1AAPA_PF00014/native.pdb");
  io::Structure native =
      io::read_structure(test::shared_folder() / "data/pairs/1AAPA_PF00014/native.pdb");
  for (io::Residue& residue : native.chains[0].residues) {
    std::erase_if(residue.atoms, [](const io::Atom& atom) {
      return atom.name.size() > 1 && atom.name != "CA" && atom.name != "CB";
    });
  }

  const io::RefinedModel model = refine(prediction_of({native}), {}, {}).models[0];

  EXPECT_EQ(model.failure, "");
  EXPECT_LE(model.report_after.clashes, model.report_before.clashes);
  EXPECT_LT(model.report_after.worst_angle_sigma, 3.0);
  EXPECT_LT(model.rmsd_to_input, 0.4);
}

TEST(Refine, NamesTheVersionAndPlatformsOfOpenMm) {
  EXPECT_NE(openmm_version(), "");
  EXPECT_THAT(openmm_platforms(), testing::Contains("Reference"));
}

#endif

}  // namespace
}  // namespace foldstream::workflows::refine
