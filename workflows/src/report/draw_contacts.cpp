#include "report/markup.hpp"
#include "report/pictures.hpp"
#include "report/residue_square.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace foldstream::workflows::report {
namespace {

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

/// The cell of a pair; small maps get cells of one residue, large ones dots one can see.
std::string cell(const ResidueSquare& square, int row, int column) {
  const double width = std::max(square.step(), 1.6), slack = (square.step() - width) / 2;
  const std::string edge = coordinate(width);
  return join("M", coordinate(square.x(column) + slack), " ", coordinate(square.y(row) + slack), "h",
              edge, "v", edge, "h-", edge, "z");
}

std::string draw_predicted(const io::ContactMap& map, const ResidueSquare& square) {
  std::array<std::string, levels.size()> paths;
  for (int i = 0; i < map.length; ++i) {
    for (int j = i + nearest; j < map.length; ++j) {
      const double p = map.probability[static_cast<std::size_t>(i) * map.length + j];
      const auto above = std::upper_bound(levels.begin(), levels.end(), p);
      if (above != levels.begin()) paths[above - levels.begin() - 1] += cell(square, i, j);
    }
  }
  std::string text;
  for (std::size_t k = 0; k < levels.size(); ++k)
    if (!paths[k].empty())
      text += join("<path class=\"predicted\" fill-opacity=\"",
                   coordinate(0.12 + 0.88 * levels[k] / 0.9), "\" d=\"", paths[k], "\"/>");
  return text;
}

std::string draw_realised(const std::vector<io::Vec3>& points,
                          const ResidueSquare& square) {
  std::string path;
  const int count = static_cast<int>(points.size());
  for (int j = 0; j < count; ++j) {
    for (int i = j + nearest; i < count; ++i) {
      const auto &a = points[i], &b = points[j];
      if (std::hypot(a.x - b.x, a.y - b.y, a.z - b.z) < contact_distance) path += cell(square, i, j);
    }
  }
  return path.empty() ? "" : "<path class=\"realised\" d=\"" + path + "\"/>";
}

}  // namespace

std::string draw_contacts(const io::ContactMap& map, const io::Structure& model) {
  const auto points = contact_atoms(model);
  const int count = std::max(map.length, static_cast<int>(points.size()));
  if (count == 0) return "";
  ResidueSquare square(count, "Contact map");
  square.add(join("<path class=\"grid\" d=\"M", coordinate(square.x(0)), " ",
                  coordinate(square.y(0)), "L", coordinate(square.x(count)), " ",
                  coordinate(square.y(count)), "\"/>"));
  square.add(draw_predicted(map, square) + draw_realised(points, square));
  return square.finish();
}

}  // namespace foldstream::workflows::report
