#include "report/chart.hpp"
#include "report/pictures.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace foldstream::workflows::report {
namespace {

constexpr double size = 340, left = 34, upper = 8, side = 298;
constexpr double contact_distance = 8.0;
constexpr int nearest = 3;  ///< residues closer along the chain say nothing about the fold
constexpr std::array<double, 6> levels{0.1, 0.2, 0.35, 0.5, 0.7, 0.9};

/// Cβ of each residue, Cα where there is none.
std::vector<io::Vec3> contact_atoms(const io::Structure& model) {
  std::vector<io::Vec3> points;
  for (const auto& chain : model.chains) {
    for (const auto& residue : chain.residues) {
      const io::Atom* atom = residue.find("CB");
      if (atom == nullptr) atom = residue.find("CA");
      points.push_back(atom != nullptr ? atom->position : io::Vec3{NAN, NAN, NAN});
    }
  }
  return points;
}

/// Squares on a grid of residues; small grids get cells of one residue, large ones dots one can
/// see.
class Grid {
 public:
  explicit Grid(int count) : scale_(side / count), cell_(std::max(scale_, 1.6)) {}

  std::string square(int row, int column) const {
    const double slack = (scale_ - cell_) / 2;
    const std::string edge = coordinate(cell_);
    return join("M", coordinate(left + column * scale_ + slack), " ",
                coordinate(upper + row * scale_ + slack), "h", edge, "v", edge, "h-", edge, "z");
  }

  std::string ticks(int count) const {
    const int every = static_cast<int>(std::max(1.0, tick_step(count, 6)));
    std::string text;
    for (int residue = every; residue <= count; residue += every) {
      const double at = (residue - 0.5) * scale_;
      text += join("<text class=\"tick mid\" x=\"", coordinate(left + at), "\" y=\"",
                   coordinate(upper + side + 16), "\">", std::to_string(residue),
                   "</text><text class=\"tick end\" x=\"", coordinate(left - 6), "\" y=\"",
                   coordinate(upper + at + 3.5), "\">", std::to_string(residue), "</text>");
    }
    return text;
  }

 private:
  double scale_;
  double cell_;
};

std::string draw_predicted(const io::ContactMap& map, const Grid& grid) {
  std::array<std::string, levels.size()> paths;
  for (int i = 0; i < map.length; ++i) {
    for (int j = i + nearest; j < map.length; ++j) {
      const double p = map.probability[static_cast<std::size_t>(i) * map.length + j];
      const auto above = std::upper_bound(levels.begin(), levels.end(), p);
      if (above != levels.begin()) paths[above - levels.begin() - 1] += grid.square(i, j);
    }
  }
  std::string text;
  for (std::size_t k = 0; k < levels.size(); ++k)
    if (!paths[k].empty())
      text += join("<path class=\"predicted\" fill-opacity=\"",
                   coordinate(0.12 + 0.88 * levels[k] / 0.9), "\" d=\"", paths[k], "\"/>");
  return text;
}

std::string draw_realised(const std::vector<io::Vec3>& points, const Grid& grid) {
  std::string path;
  const int count = static_cast<int>(points.size());
  for (int j = 0; j < count; ++j) {
    for (int i = j + nearest; i < count; ++i) {
      const auto &a = points[i], &b = points[j];
      if (std::hypot(a.x - b.x, a.y - b.y, a.z - b.z) < contact_distance) path += grid.square(i, j);
    }
  }
  return path.empty() ? "" : "<path class=\"realised\" d=\"" + path + "\"/>";
}

}  // namespace

std::string draw_contacts(const io::ContactMap& map, const io::Structure& model) {
  const auto points = contact_atoms(model);
  const int count = std::max(map.length, static_cast<int>(points.size()));
  if (count == 0) return "";
  const Grid grid(count);
  const std::string edge = coordinate(side);
  std::string text = join("<svg viewBox=\"0 0 ", coordinate(size), " ", coordinate(size - 6),
                          "\" role=\"img\" aria-label=\"Contact map\"><rect class=\"plate\" x=\"",
                          coordinate(left), "\" y=\"", coordinate(upper), "\" width=\"", edge,
                          "\" height=\"", edge, "\"/><path class=\"grid\" d=\"M", coordinate(left),
                          " ", coordinate(upper), "l", edge, " ", edge, "\"/>");
  text += draw_predicted(map, grid) + draw_realised(points, grid) + grid.ticks(count);
  return text + "</svg>";
}

}  // namespace foldstream::workflows::report
