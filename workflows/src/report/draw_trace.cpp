#include "report/markup.hpp"
#include "report/pictures.hpp"
#include "score/symmetric_eigen.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace foldstream::workflows::report {
namespace {

constexpr double size = 340, margin = 22;
constexpr double longest_bond = 5.0;       ///< Cα further apart than this are not drawn joined, Å
constexpr std::size_t most_pieces = 1200;  ///< keeps the page of fifty targets at a few megabytes

struct TracePoint {
  io::Vec3 at;
  std::string_view band;
  bool joined = false;  ///< to the point before
};

/// A piece of the drawn line.
struct Piece {
  io::Vec3 from, to;
  std::string_view band;
  double depth() const { return from.z + to.z; }
};

double distance(const io::Vec3& a, const io::Vec3& b) {
  return std::hypot(a.x - b.x, a.y - b.y, a.z - b.z);
}

std::vector<TracePoint> trace_points(const io::Structure& model, const std::vector<double>& plddt) {
  std::vector<TracePoint> points;
  std::size_t index = 0;
  for (const auto& chain : model.chains) {
    bool first = true;
    for (const auto& residue : chain.residues) {
      const double confidence = index < plddt.size() ? plddt[index] : 0;
      ++index;
      const io::Atom* ca = residue.find("CA");
      if (ca == nullptr || !std::isfinite(ca->position.x + ca->position.y + ca->position.z))
        continue;
      const bool joined = !first && distance(points.back().at, ca->position) < longest_bond;
      points.push_back({ca->position, plddt_class(confidence), joined});
      first = false;
    }
  }
  return points;
}

/// Turns the points so that their longest extent lies along x, their shortest towards the viewer.
void face_viewer(std::vector<TracePoint>& points) {
  io::Vec3 centre;
  for (const auto& p : points) centre.x += p.at.x, centre.y += p.at.y, centre.z += p.at.z;
  const double n = static_cast<double>(points.size());
  centre = {centre.x / n, centre.y / n, centre.z / n};
  score::Matrix<3> spread{};
  for (auto& p : points) {
    p.at = {p.at.x - centre.x, p.at.y - centre.y, p.at.z - centre.z};
    const std::array<double, 3> c{p.at.x, p.at.y, p.at.z};
    for (int i = 0; i < 3; ++i)
      for (int j = 0; j < 3; ++j) spread[i][j] += c[i] * c[j];
  }
  const auto axes = score::symmetric_eigen(spread).vectors;
  const auto &u = axes[0], &v = axes[1];
  // the third axis is made, not taken: u, v, w must be right-handed or the picture is a mirror
  // image
  const std::array<double, 3> w{u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2],
                                u[0] * v[1] - u[1] * v[0]};
  for (auto& p : points) {
    const io::Vec3 c = p.at;
    p.at = {u[0] * c.x + u[1] * c.y + u[2] * c.z, v[0] * c.x + v[1] * c.y + v[2] * c.z,
            w[0] * c.x + w[1] * c.y + w[2] * c.z};
  }
}

/// Scales the points to the picture; y then points down, z is 0 (far) to 1 (near).
void fit_picture(std::vector<TracePoint>& points) {
  io::Vec3 low = points[0].at, high = low;
  for (const auto& p : points) {
    low = {std::min(low.x, p.at.x), std::min(low.y, p.at.y), std::min(low.z, p.at.z)};
    high = {std::max(high.x, p.at.x), std::max(high.y, p.at.y), std::max(high.z, p.at.z)};
  }
  const double extent = std::max({high.x - low.x, high.y - low.y, 1e-9});
  const double scale = (size - 2 * margin) / extent;
  const double depth = std::max(high.z - low.z, 1e-9);
  for (auto& p : points)
    p.at = {size / 2 + scale * (p.at.x - (low.x + high.x) / 2),
            size / 2 - scale * (p.at.y - (low.y + high.y) / 2), (p.at.z - low.z) / depth};
}

/// Catmull–Rom between b and c.
io::Vec3 between(const io::Vec3& a, const io::Vec3& b, const io::Vec3& c, const io::Vec3& d,
                 double t) {
  const auto one = [t](double p, double q, double r, double s) {
    return q + 0.5 * t * (r - p + t * (2 * p - 5 * q + 4 * r - s + t * (3 * (q - r) + s - p)));
  };
  return {one(a.x, b.x, c.x, d.x), one(a.y, b.y, c.y, d.y), one(a.z, b.z, c.z, d.z)};
}

std::vector<Piece> smooth_pieces(const std::vector<TracePoint>& points) {
  const int parts = std::clamp(static_cast<int>(most_pieces / points.size()), 2, 6) / 2 * 2;
  std::vector<Piece> pieces;
  for (std::size_t k = 1; k < points.size(); ++k) {
    if (!points[k].joined) continue;
    const io::Vec3 &b = points[k - 1].at, &c = points[k].at;
    const io::Vec3& a = points[k - 1].joined ? points[k - 2].at : b;
    const io::Vec3& d = k + 1 < points.size() && points[k + 1].joined ? points[k + 1].at : c;
    io::Vec3 from = b;
    for (int part = 1; part <= parts; ++part) {
      const io::Vec3 to = between(a, b, c, d, static_cast<double>(part) / parts);
      pieces.push_back({from, to, 2 * part <= parts ? points[k - 1].band : points[k].band});
      from = to;
    }
  }
  std::stable_sort(pieces.begin(), pieces.end(),
                   [](const Piece& a, const Piece& b) { return a.depth() < b.depth(); });
  return pieces;
}

/// A piece over a rim in the colour of the ground, which parts it from what lies behind.
std::string draw_piece(const Piece& piece) {
  const double near = std::clamp(piece.depth() / 2, 0.0, 1.0);
  const double thick = 3.2 + 3.6 * near;
  const int shade = std::min(5, static_cast<int>(near * 6));
  const std::string line = join(" d=\"M", coordinate(piece.from.x), " ", coordinate(piece.from.y),
                                "L", coordinate(piece.to.x), " ", coordinate(piece.to.y), "\"/>");
  return join("<path class=\"rim\" stroke-width=\"", coordinate(thick + 2.6), "\"", line,
              "<path class=\"s-", std::string(piece.band), " d", std::to_string(shade),
              "\" stroke-width=\"", coordinate(thick), "\"", line);
}

std::string draw_end(const TracePoint& point, const char* letter) {
  return join("<circle class=\"terminus\" cx=\"", coordinate(point.at.x), "\" cy=\"",
              coordinate(point.at.y), "\" r=\"7.5\"/><text class=\"terminus-name\" x=\"",
              coordinate(point.at.x), "\" y=\"", coordinate(point.at.y + 3.4), "\">", letter,
              "</text>");
}

}  // namespace

std::string draw_trace(const io::Structure& model, const std::vector<double>& plddt) {
  auto points = trace_points(model, plddt);
  if (points.size() < 2) return "";
  face_viewer(points);
  fit_picture(points);
  std::string text = join("<svg class=\"trace\" viewBox=\"0 0 ", coordinate(size), " ",
                          coordinate(size), "\" role=\"img\" aria-label=\"Trace of model 1\">");
  for (const auto& piece : smooth_pieces(points)) text += draw_piece(piece);
  return text + draw_end(points.front(), "N") + draw_end(points.back(), "C") + "</svg>";
}

}  // namespace foldstream::workflows::report
