#include "costs.hpp"

#include <foldstream/io/text_file.hpp>

#include <nlohmann/json.hpp>

namespace foldstream::apps {

std::shared_ptr<CostBook> read_costs(const std::filesystem::path& folder) {
  std::map<std::string, CostFactor> factors;
  try {
    const auto json = nlohmann::json::parse(io::read_text_file(folder / "costs.json"));
    for (const auto& [task, factor] : json.at("tasks").items())
      factors[task] = {factor.at("seconds_factor"), factor.at("bytes_factor"),
                       factor.at("seconds_samples"), factor.at("bytes_samples")};
  } catch (const std::exception&) {
    factors.clear();  // it only makes estimates better
  }
  return std::make_shared<CostBook>(std::move(factors));
}

void write_costs(const std::filesystem::path& folder, const CostBook& costs) {
  nlohmann::json tasks = nlohmann::json::object();
  for (const auto& [task, factor] : costs.factors())
    tasks[task] = {{"seconds_factor", factor.seconds},
                   {"bytes_factor", factor.bytes},
                   {"seconds_samples", factor.samples},
                   {"bytes_samples", factor.bytes_samples}};
  io::write_file_atomically(folder / "costs.json",
                            nlohmann::json{{"version", 1}, {"tasks", tasks}}.dump(2) + "\n");
}

}  // namespace foldstream::apps
