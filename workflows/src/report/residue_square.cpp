#include "report/residue_square.hpp"

#include "report/chart.hpp"
#include "report/markup.hpp"

#include <algorithm>
#include <utility>

namespace foldstream::workflows::report {
namespace {

constexpr double size = 340, left = 34, upper = 8, side = 298;

}  // namespace

ResidueSquare::ResidueSquare(int count, std::string label)
    : count_(count), label_(std::move(label)) {}

double ResidueSquare::step() const { return side / count_; }
double ResidueSquare::x(double column) const { return left + column * step(); }
double ResidueSquare::y(double row) const { return upper + row * step(); }

std::string ResidueSquare::finish() const {
  const std::string edge = coordinate(side);
  std::string text =
      join("<svg viewBox=\"0 0 ", coordinate(size), " ", coordinate(size - 6),
           "\" role=\"img\" aria-label=\"", escape_html(label_), "\"><rect class=\"plate\" x=\"",
           coordinate(left), "\" y=\"", coordinate(upper), "\" width=\"", edge, "\" height=\"",
           edge, "\"/>", body_);
  const int every = static_cast<int>(std::max(1.0, tick_step(count_, 6)));
  for (int residue = every; residue <= count_; residue += every)
    text += join("<text class=\"tick mid\" x=\"", coordinate(x(residue - 0.5)), "\" y=\"",
                 coordinate(upper + side + 16), "\">", std::to_string(residue),
                 "</text><text class=\"tick end\" x=\"", coordinate(left - 6), "\" y=\"",
                 coordinate(y(residue - 0.5) + 3.5), "\">", std::to_string(residue), "</text>");
  return text + "</svg>";
}

}  // namespace foldstream::workflows::report
