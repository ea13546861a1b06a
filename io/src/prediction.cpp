#include "record_fields.hpp"

#include <foldstream/io/prediction.hpp>

#include <cstdint>

namespace foldstream::io {
namespace {

template <class T>
Field per_model(const std::vector<T>& values, const char* units = "1") {
  return values_field(values, units, "model");
}

Field matrix_field(const std::vector<float>& values, int length) {
  return values_field(values, {length, length}, "1", {"residue", "residue"});
}

std::vector<float> read_matrix(const Record& record, const std::string& name, std::int64_t length) {
  const Tensor& tensor = checked_tensor(record, name, DType::f32, 2);
  if (tensor.dim(0) != length || tensor.dim(1) != length) fail_field(name, "is not square");
  const auto values = tensor.values<float>();
  return {values.begin(), values.end()};
}

Record encode_model(const Model& model) {
  Record record = Codec<Structure>::encode(model.structure);
  record["plddt"] = values_field(model.plddt, "1", "residue");
  if (!model.pae.empty()) {
    record["pae"] = matrix_field(model.pae, static_cast<int>(model.plddt.size()));
    record["pae"].units = "angstrom";
  }
  return record;
}

Model decode_model(const Record& record, double predicted_tm, double energy) {
  const auto plddt = read_values<double>(record, "plddt");
  Model model{Codec<Structure>::decode(record), {plddt.begin(), plddt.end()}, predicted_tm, energy};
  if (record.contains("pae"))
    model.pae = read_matrix(record, "pae", static_cast<std::int64_t>(plddt.size()));
  return model;
}

// One number of each report, so that every quantity is a dataset of its own along the models.
struct IntegerQuantity {
  const char* name;
  int GeometryReport::*member;
};
struct RealQuantity {
  const char* name;
  double GeometryReport::*member;
  const char* units;
};
constexpr IntegerQuantity integer_quantities[] = {
    {"atoms", &GeometryReport::atoms},
    {"clashes", &GeometryReport::clashes},
    {"chirality_errors", &GeometryReport::chirality_errors},
    {"cis_peptides", &GeometryReport::cis_peptides},
    {"ramachandran_outliers", &GeometryReport::ramachandran_outliers},
};
constexpr RealQuantity real_quantities[] = {
    {"clash_score", &GeometryReport::clash_score, "1"},
    {"worst_angle_sigma", &GeometryReport::worst_angle_sigma, "1"},
    {"potential", &GeometryReport::potential, "kJ/mol"},
};

using ReportOf = GeometryReport RefinedModel::*;

Record encode_reports(const std::vector<RefinedModel>& models, ReportOf report) {
  Record record;
  for (const auto& quantity : integer_quantities) {
    std::vector<std::int32_t> values;
    for (const RefinedModel& model : models) values.push_back((model.*report).*quantity.member);
    record[quantity.name] = per_model(values);
  }
  for (const auto& quantity : real_quantities) {
    std::vector<double> values;
    for (const RefinedModel& model : models) values.push_back((model.*report).*quantity.member);
    record[quantity.name] = per_model(values, quantity.units);
  }
  return record;
}

void decode_reports(const Record& record, std::vector<RefinedModel>& models, ReportOf report) {
  for (const auto& quantity : integer_quantities) {
    const auto values = read_values<std::int32_t>(record, quantity.name, models.size());
    for (std::size_t i = 0; i < models.size(); ++i) {
      (models[i].*report).*quantity.member = values[i];
    }
  }
  for (const auto& quantity : real_quantities) {
    const auto values = read_values<double>(record, quantity.name, models.size());
    for (std::size_t i = 0; i < models.size(); ++i) {
      (models[i].*report).*quantity.member = values[i];
    }
  }
}

}  // namespace
}  // namespace foldstream::io

namespace foldstream {

Record Codec<io::ContactMap>::encode(const io::ContactMap& map) {
  return {{"score", io::matrix_field(map.score, map.length)},
          {"probability", io::matrix_field(map.probability, map.length)}};
}

io::ContactMap Codec<io::ContactMap>::decode(const Record& record) {
  const std::int64_t length = io::checked_tensor(record, "score", DType::f32, 2).dim(0);
  return {static_cast<int>(length), io::read_matrix(record, "score", length),
          io::read_matrix(record, "probability", length)};
}

Record Codec<io::Prediction>::encode(const io::Prediction& prediction) {
  std::vector<double> predicted_tm, energy;
  Record record{{"predictor", text_field(prediction.predictor)}};
  for (std::size_t i = 0; i < prediction.models.size(); ++i) {
    const io::Model& model = prediction.models[i];
    predicted_tm.push_back(model.predicted_tm);
    energy.push_back(model.energy);
    io::put_group(record, io::model_group(i), io::encode_model(model));
  }
  record["predicted_tm"] = io::per_model(predicted_tm);
  record["energy"] = io::per_model(energy);
  record["warnings"] = io::lines_field(prediction.warnings, "a warning");
  return record;
}

io::Prediction Codec<io::Prediction>::decode(const Record& record) {
  const auto predicted_tm = io::read_values<double>(record, "predicted_tm");
  const auto energy = io::read_values<double>(record, "energy", predicted_tm.size());
  io::Prediction prediction{
      {}, field_text(record, "predictor"), io::read_lines(record, "warnings")};
  for (std::size_t i = 0; i < energy.size(); ++i) {
    prediction.models.push_back(
        io::decode_model(io::take_group(record, io::model_group(i)), predicted_tm[i], energy[i]));
  }
  return prediction;
}

Record Codec<io::Refinement>::encode(const io::Refinement& refinement) {
  std::vector<double> predicted_tm, energy, rmsd;
  Record record{{"force_field", text_field(refinement.force_field)}};
  for (std::size_t i = 0; i < refinement.models.size(); ++i) {
    const io::RefinedModel& model = refinement.models[i];
    const std::string group = io::model_group(i);
    predicted_tm.push_back(model.before.predicted_tm);
    energy.push_back(model.before.energy);
    rmsd.push_back(model.rmsd_to_input);
    io::put_group(record, group + "/before", io::encode_model(model.before));
    io::put_group(record, group + "/after", Codec<io::Structure>::encode(model.after));
    record[group + "/failure"] = text_field(model.failure);
  }
  record["predicted_tm"] = io::per_model(predicted_tm);
  record["energy"] = io::per_model(energy);
  record["rmsd_to_input"] = io::per_model(rmsd, "angstrom");
  io::put_group(record, "report_before",
                io::encode_reports(refinement.models, &io::RefinedModel::report_before));
  io::put_group(record, "report_after",
                io::encode_reports(refinement.models, &io::RefinedModel::report_after));
  return record;
}

io::Refinement Codec<io::Refinement>::decode(const Record& record) {
  const auto rmsd = io::read_values<double>(record, "rmsd_to_input");
  const auto predicted_tm = io::read_values<double>(record, "predicted_tm", rmsd.size());
  const auto energy = io::read_values<double>(record, "energy", rmsd.size());
  io::Refinement refinement{{}, field_text(record, "force_field")};
  for (std::size_t i = 0; i < rmsd.size(); ++i) {
    const Record part = io::take_group(record, io::model_group(i));
    io::RefinedModel& model = refinement.models.emplace_back();
    model.before = io::decode_model(io::take_group(part, "before"), predicted_tm[i], energy[i]);
    model.after = Codec<io::Structure>::decode(io::take_group(part, "after"));
    model.rmsd_to_input = rmsd[i];
    model.failure = field_text(part, "failure");
  }
  io::decode_reports(io::take_group(record, "report_before"), refinement.models,
                     &io::RefinedModel::report_before);
  io::decode_reports(io::take_group(record, "report_after"), refinement.models,
                     &io::RefinedModel::report_after);
  return refinement;
}

}  // namespace foldstream
