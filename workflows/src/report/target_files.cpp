#include "score/json_text.hpp"

#include <foldstream/error.hpp>
#include <foldstream/io/a3m.hpp>
#include <foldstream/io/structure_file.hpp>
#include <foldstream/io/text_file.hpp>
#include <foldstream/workflows/report/target_files.hpp>

#include <algorithm>
#include <numeric>

namespace foldstream::workflows::report {
namespace {

using Json = nlohmann::ordered_json;
using score::rounded;

constexpr const char* confidence_note =
    "plddt (0-100) and predicted_tm (0-1) are estimates made without knowing the native structure";

/// Writes files and remembers what it wrote.
class FileWriter {
 public:
  FileWriter(std::filesystem::path folder, std::string target) : folder_(std::move(folder)) {
    manifest_.target = std::move(target);
    std::error_code failed;
    std::filesystem::create_directories(folder_, failed);
    if (!failed) return;
    throw Error(ErrorKind::Io, "cannot make the folder '" + folder_.string() +
                                   "': " + failed.message() + ". Choose another output folder.");
  }

  void write(const std::string& name, const std::string& text) {
    io::write_file_atomically(folder_ / name, text);
    manifest_.files.push_back({name, text.size(), key_of(text)});
  }

  const Manifest& manifest() const { return manifest_; }

 private:
  std::filesystem::path folder_;
  Manifest manifest_;
};

/// One model with the names of its files.
struct Ranked {
  const io::Model* model = nullptr;
  const io::RefinedModel* refined = nullptr;  ///< nullptr: refinement was not tried
  std::string rank;                           ///< "rank_001"

  bool is_refined() const { return refined != nullptr && refined->failure.empty(); }
};

std::vector<Ranked> rank_models(const TargetResult& result) {
  const std::size_t refined = result.refinement ? result.refinement->models.size() : 0;
  const std::size_t count = std::max(refined, result.prediction.models.size());
  if (count == 0)
    throw Error(ErrorKind::InvalidArgument,
                "target '" + result.name + "' has no model to write. Predict one first.");
  std::vector<Ranked> models;
  for (std::size_t k = 0; k < count; ++k) {
    Ranked ranked;
    if (k < refined) ranked.refined = &result.refinement->models[k];
    ranked.model = k < refined ? &ranked.refined->before : &result.prediction.models[k];
    const std::string number = std::to_string(k + 1);
    ranked.rank = "rank_" + std::string(number.size() < 3 ? 3 - number.size() : 0, '0') + number;
    models.push_back(ranked);
  }
  return models;
}

/// The structure with each residue's pLDDT in the B-factors of its atoms.
io::Structure with_plddt(io::Structure structure, const std::vector<double>& plddt,
                         const std::string& target) {
  if (structure.residue_count() != plddt.size())
    throw Error(ErrorKind::InvalidArgument, "a model of target '" + target + "' has " +
                                                std::to_string(structure.residue_count()) +
                                                " residues but " + std::to_string(plddt.size()) +
                                                " pLDDT values. Give one a residue.");
  std::size_t at = 0;
  for (auto& chain : structure.chains) {
    for (auto& residue : chain.residues) {
      for (auto& atom : residue.atoms) atom.b_factor = plddt[at];
      ++at;
    }
  }
  return structure;
}

/// Writes a .pdb, or says why there cannot be one.
void write_pdb(FileWriter& files, std::vector<std::string>& warnings, const std::string& name,
               const io::Structure& structure, const io::StructureMetadata& metadata) {
  std::string text;
  try {
    text = io::format_pdb(structure, metadata);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::InvalidArgument) throw;
    warnings.push_back("there is no " + name + ": " + error.what());
    return;
  }
  files.write(name, text);
}

void write_models(FileWriter& files, std::vector<std::string>& warnings, const TargetResult& result,
                  const std::vector<Ranked>& models) {
  const std::string stem = io::safe_file_name(result.name);
  for (std::size_t k = 0; k < models.size(); ++k) {
    const Ranked& ranked = models[k];
    const auto title = [&](const char* state) {
      return result.name + ", model " + std::to_string(k + 1) + " of " +
             std::to_string(models.size()) + ", " + state;
    };
    const auto before = with_plddt(ranked.model->structure, ranked.model->plddt, result.name);
    const auto best = ranked.is_refined()
                          ? with_plddt(ranked.refined->after, ranked.model->plddt, result.name)
                          : before;
    const io::StructureMetadata metadata{title(ranked.is_refined() ? "refined" : "predicted"),
                                         result.software, true};
    files.write(stem + "_" + ranked.rank + ".cif", io::format_mmcif(best, metadata));
    write_pdb(files, warnings, stem + "_" + ranked.rank + ".pdb", best, metadata);
    if (ranked.refined != nullptr)
      write_pdb(files, warnings, stem + "_unrefined_" + ranked.rank + ".pdb", before,
                {title("before refinement"), result.software, true});
  }
}

double mean(const std::vector<double>& values) {
  if (values.empty()) return 0;
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// A row a residue, Å.
Json pae_json(const io::Model& model) {
  Json rows = Json::array();
  const std::size_t length = model.plddt.size();
  for (std::size_t i = 0; i < length; ++i) {
    Json row = Json::array();
    for (std::size_t j = 0; j < length; ++j) row.push_back(rounded(model.pae[i * length + j], 2));
    rows.push_back(std::move(row));
  }
  return rows;
}

Json model_json(const Ranked& ranked, const std::string& stem) {
  Json plddt = Json::array();
  for (const double value : ranked.model->plddt) plddt.push_back(rounded(value, 2));
  Json json = {{"name", stem + "_" + ranked.rank},
               {"refined", ranked.is_refined()},
               {"mean_plddt", rounded(mean(ranked.model->plddt), 2)},
               {"predicted_tm", rounded(ranked.model->predicted_tm, 4)},
               {"energy", rounded(ranked.model->energy, 4)},
               {"plddt", std::move(plddt)}};
  if (!ranked.model->pae.empty()) json["pae"] = pae_json(*ranked.model);
  return json;
}

std::string format_scores(const TargetResult& result, const std::vector<Ranked>& models,
                          const std::vector<std::string>& warnings) {
  Json json = {{"target", result.name},
               {"length", result.sequence.size()},
               {"predictor", result.prediction.predictor},
               {"note", confidence_note},
               {"sequences", result.msa.rows.size()},
               {"neff", rounded(result.msa.neff(), 2)},
               {"contacts_kept", contacts_kept(result.contacts)},
               {"models", Json::array()}};
  for (const auto& ranked : models)
    json["models"].push_back(model_json(ranked, io::safe_file_name(result.name)));
  json["warnings"] = warnings;
  return score::format_json(json);
}

Json geometry_json(const io::GeometryReport& report) {
  return {{"atoms", report.atoms},
          {"clashes", report.clashes},
          {"clash_score", rounded(report.clash_score, 3)},
          {"worst_angle_sigma", rounded(report.worst_angle_sigma, 3)},
          {"chirality_errors", report.chirality_errors},
          {"cis_peptides", report.cis_peptides},
          {"ramachandran_outliers", report.ramachandran_outliers},
          {"potential_kj_per_mol", rounded(report.potential, 3)}};
}

std::string format_refinement(const TargetResult& result) {
  Json json = {{"target", result.name},
               {"force_field", result.refinement->force_field},
               {"models", Json::array()}};
  int rank = 0;
  for (const auto& model : result.refinement->models) {
    Json entry = {{"rank", ++rank},
                  {"refined", model.failure.empty()},
                  {"rmsd_to_input", rounded(model.rmsd_to_input, 4)},
                  {"before", geometry_json(model.report_before)},
                  {"after", geometry_json(model.report_after)}};
    if (!model.failure.empty()) entry["failure"] = model.failure;
    json["models"].push_back(std::move(entry));
  }
  return score::format_json(json);
}

}  // namespace

int contacts_kept(const io::ContactMap& contacts, double probability) {
  int count = 0;
  for (int i = 0; i < contacts.length; ++i)
    for (int j = i + 6; j < contacts.length; ++j)
      count +=
          contacts.probability[static_cast<std::size_t>(i) * contacts.length + j] >= probability
              ? 1
              : 0;
  return count;
}

Manifest write_target_files(const std::filesystem::path& folder, const TargetResult& result) {
  const std::vector<Ranked> models = rank_models(result);
  const std::string stem = io::safe_file_name(result.name);
  std::vector<std::string> warnings = result.warnings;
  FileWriter files(folder, result.name);
  write_models(files, warnings, result, models);
  files.write(stem + "_scores.json", format_scores(result, models, warnings));
  files.write(stem + ".a3m", io::format_a3m(result.msa));
  if (result.refinement) files.write("refinement.json", format_refinement(result));
  return files.manifest();
}

}  // namespace foldstream::workflows::report
