// The drawings along the sequence: confidence and depth.
#include "report/chart.hpp"
#include "report/pictures.hpp"

#include <algorithm>
#include <cmath>

namespace foldstream::workflows::report {

std::string draw_plddt(const std::vector<double>& plddt) {
  if (plddt.empty()) return "";
  Chart chart(static_cast<int>(plddt.size()), 100, "Estimated pLDDT along the sequence");
  for (const int level : {50, 70, 90}) chart.add_level(level, std::to_string(level));
  const std::string bar = coordinate(chart.step() * (plddt.size() > 260 ? 1.05 : 0.82));
  for (const std::string_view band : {"vl", "lo", "hi", "vh"}) {
    std::string path;
    for (std::size_t k = 0; k < plddt.size(); ++k) {
      if (!std::isfinite(plddt[k]) || plddt_class(plddt[k]) != band) continue;
      const double value = std::clamp(plddt[k], 0.0, 100.0);
      path += join("M", coordinate(chart.x(static_cast<double>(k) + 1)), " ",
                   coordinate(chart.y(0)), "V", coordinate(chart.y(value)));
    }
    if (path.empty()) continue;
    chart.add(join("<path class=\"s-", std::string(band), "\" stroke-width=\"", bar, "\" d=\"",
                   path, "\"/>"));
  }
  return chart.finish();
}

std::string draw_depth(const std::vector<int>& depth) {
  if (depth.empty()) return "";
  const int most = std::max(1, *std::max_element(depth.begin(), depth.end()));
  const double step = std::max(1.0, tick_step(most, 4));
  const double top = std::ceil(most / step) * step;
  Chart chart(static_cast<int>(depth.size()), top, "Sequences with a residue in each column");
  for (double level = step; level <= top; level += step) chart.add_level(level, fixed(level, 0));
  const double half = 0.5;
  std::string path = join("M", coordinate(chart.x(half)), " ", coordinate(chart.y(0)));
  for (std::size_t k = 0; k < depth.size(); ++k)
    path += join("V", coordinate(chart.y(depth[k])), "H",
                 coordinate(chart.x(static_cast<double>(k) + 1 + half)));
  chart.add(join("<path class=\"area\" d=\"", path, "V", coordinate(chart.y(0)), "Z\"/>"));
  return chart.finish();
}

}  // namespace foldstream::workflows::report
