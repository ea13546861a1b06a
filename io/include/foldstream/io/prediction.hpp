// Prediction: what a predictor gives: contacts, models, and how much to trust them.
#pragma once

#include <foldstream/codec.hpp>
#include <foldstream/io/structure.hpp>

#include <string>
#include <vector>

namespace foldstream::io {

/// Residue–residue contacts inferred from an alignment. Both matrices are symmetric, row-major
/// [length, length], zero for |i−j| < 3.
struct ContactMap {
  int length = 0;
  std::vector<float> score;        ///< average-product-corrected coupling strength, robust z
  std::vector<float> probability;  ///< that the Cβ atoms are closer than 8 Å

  friend bool operator==(const ContactMap&, const ContactMap&) = default;
};

/// One model of a target.
struct Model {
  Structure structure;         ///< heavy atoms of the backbone at least; pLDDT in the B-factors
  std::vector<double> plddt;   ///< 0–100, one a residue; an estimate
  double predicted_tm = 0;     ///< estimated TM-score to the native, 0–1
  double energy = 0;           ///< of the predictor's own energy; lower is better; unit 1
  /// Predicted aligned error, Å, row-major [residues, residues]: of the column's residue when the
  /// row's is superposed. Empty: the predictor gives none.
  std::vector<float> pae = {};

  friend bool operator==(const Model&, const Model&) = default;
};

/// The models of a target, the one most trusted first.
struct Prediction {
  std::vector<Model> models;
  std::string predictor;  ///< "potts"
  std::vector<std::string> warnings = {};  ///< each a sentence for the user

  friend bool operator==(const Prediction&, const Prediction&) = default;
};

/// What is wrong with the geometry of a model.
struct GeometryReport {
  int atoms = 0;
  int clashes = 0;             ///< heavy atoms > 3 bonds apart, closer than the sum of radii − 0.4 Å
  double clash_score = 0;      ///< clashes per 1,000 heavy atoms
  double worst_angle_sigma = 0;  ///< largest |N–Cα–C − ideal| in standard deviations
  int chirality_errors = 0;    ///< Cα that are not L
  int cis_peptides = 0;        ///< |ω| < 30°, not before proline
  int ramachandran_outliers = 0;
  double potential = 0;        ///< force field, kJ/mol; NaN where it was not evaluated

  friend bool operator==(const GeometryReport&, const GeometryReport&) = default;
};

/// One model before and after refinement. The unrefined model is `before`, whatever happened.
struct RefinedModel {
  Model before;
  Structure after;      ///< all atoms with hydrogens; equal to `before` if refinement failed
  GeometryReport report_before;
  GeometryReport report_after;
  double rmsd_to_input = 0;  ///< Cα, Å
  std::string failure;  ///< why `after` is not refined; empty if it is

  friend bool operator==(const RefinedModel&, const RefinedModel&) = default;
};

struct Refinement {
  std::vector<RefinedModel> models;
  std::string force_field;  ///< "amber99sb-ildn"

  friend bool operator==(const Refinement&, const Refinement&) = default;
};

}  // namespace foldstream::io

namespace foldstream {
template <>
struct Codec<io::ContactMap> {
  static constexpr std::string_view name = "contact_map";
  static Record encode(const io::ContactMap& map);
  static io::ContactMap decode(const Record& record);
};
template <>
struct Codec<io::Prediction> {
  static constexpr std::string_view name = "prediction";
  static Record encode(const io::Prediction& prediction);
  static io::Prediction decode(const Record& record);
};
template <>
struct Codec<io::Refinement> {
  static constexpr std::string_view name = "refinement";
  static Record encode(const io::Refinement& refinement);
  static io::Refinement decode(const Record& record);
};
}  // namespace foldstream
