#include "score/json_text.hpp"

#include <foldstream/workflows/score/compare.hpp>

#include <nlohmann/json.hpp>

#include <string>

namespace foldstream::workflows::score {
namespace {

/// "label      value  note" with the value to `decimals` places.
std::string line(const std::string& label, double value, int decimals, const std::string& note) {
  const std::string number = fixed(value, decimals);
  const auto padding = [](std::size_t width, std::size_t used) {
    return std::string(width > used ? width - used : 0, ' ');
  };
  return label + padding(12, label.size()) + padding(10, number.size()) + number + "  " + note +
         "\n";
}

std::string d0_note(const Comparison& comparison) {
  return "by the native's " + std::to_string(comparison.native_length) + " residues, d0 " +
         fixed(comparison.d0, 2) + " Å";
}

/// Six decimals are more than coordinates of three decimals carry.
nlohmann::ordered_json number(double value) { return rounded(value, 6); }

nlohmann::ordered_json pair_json(const ResiduePair& pair) {
  const auto id = [](int number, char insertion) {
    return std::to_string(number) + (insertion == ' ' ? "" : std::string(1, insertion));
  };
  return {{"model", id(pair.model_number, pair.model_insertion)},
          {"model_letter", std::string(1, pair.model_letter)},
          {"native", id(pair.native_number, pair.native_insertion)},
          {"native_letter", std::string(1, pair.native_letter)},
          {"distance", number(pair.distance)},
          {"lddt", number(pair.lddt)}};
}

nlohmann::ordered_json superposition_json(const Superposition& motion) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (const auto& row : motion.rotation) rows.push_back(row);
  return {{"rotation", std::move(rows)},
          {"translation", {motion.translation.x, motion.translation.y, motion.translation.z}}};
}

}  // namespace

std::string format_comparison(const Comparison& c) {
  std::string text;
  text +=
      "model        chain " + c.model_chain + ", " + std::to_string(c.model_length) + " residues\n";
  text += "native       chain " + c.native_chain + ", " + std::to_string(c.native_length) +
          " residues\n";
  text += "mapped       " + std::to_string(c.mapped) + " residues, " + std::to_string(c.identical) +
          " identical\n";
  text += line("TM-score", c.tm_score, 4, d0_note(c));
  if (c.tm_score_by_length)
    text += line("TM-score", *c.tm_score_by_length, 4, "by the length that was asked for");
  text += line("GDT-TS", c.gdt_ts, 4, "within 1, 2, 4, 8 Å");
  text += line("GDT-HA", c.gdt_ha, 4, "within 0.5, 1, 2, 4 Å");
  text += line("lDDT (CA)", c.lddt, 4, "within 15 Å of the native");
  text += line("RMSD", c.rmsd, 3, "Å, all mapped Cα");
  text += line("RMSD (TM)", c.tm_rmsd, 3, "Å, the same in the superposition of the TM-score");
  return text;
}

std::string format_comparison_json(const Comparison& c) {
  nlohmann::ordered_json json = {{"model_chain", c.model_chain},
                                 {"native_chain", c.native_chain},
                                 {"model_length", c.model_length},
                                 {"native_length", c.native_length},
                                 {"mapped", c.mapped},
                                 {"identical", c.identical},
                                 {"tm_score", number(c.tm_score)},
                                 {"d0", number(c.d0)}};
  if (c.tm_score_by_length) json["tm_score_by_length"] = number(*c.tm_score_by_length);
  json["gdt_ts"] = number(c.gdt_ts);
  json["gdt_ha"] = number(c.gdt_ha);
  json["lddt_ca"] = number(c.lddt);
  json["rmsd"] = number(c.rmsd);
  json["tm_rmsd"] = number(c.tm_rmsd);
  json["superposition"] = superposition_json(c.superposition);
  json["residues"] = nlohmann::ordered_json::array();
  for (const auto& pair : c.pairs) json["residues"].push_back(pair_json(pair));
  return format_json(json);
}

}  // namespace foldstream::workflows::score
