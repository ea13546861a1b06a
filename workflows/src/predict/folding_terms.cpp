#include "folding.hpp"

#include <foldstream/error.hpp>

namespace foldstream::workflows::predict {

void set_terms(const std::map<std::string, double>& terms, FoldingOptions& options) {
  double resampling = options.resampling ? 1 : 0;
  const std::map<std::string, double*> known = {{"torsion", &options.torsion},
                                                {"distance", &options.distance},
                                                {"attraction", &options.attraction},
                                                {"sterics", &options.sterics},
                                                {"omega", &options.orientation.omega},
                                                {"theta", &options.orientation.theta},
                                                {"phi", &options.orientation.phi},
                                                {"bonds", &options.bonds},
                                                {"bridges", &options.bridges},
                                                {"crossovers", &options.crossovers},
                                                {"hand", &options.hand},
                                                {"staging", &options.staging},
                                                {"resampling", &resampling}};
  for (const auto& [name, value] : terms) {
    const auto term = known.find(name);
    if (term == known.end()) {
      std::vector<std::string> names;
      for (const auto& entry : known) names.push_back(entry.first);
      throw Error(ErrorKind::InvalidArgument,
                  "the folding energy has no term '" + name + "'." + did_you_mean(name, names));
    }
    if (!(value >= 0)) {
      throw Error(ErrorKind::InvalidArgument, "the weight of '" + name + "' must be at least 0.");
    }
    *term->second = value;
  }
  options.resampling = resampling > 0;
}

}  // namespace foldstream::workflows::predict
