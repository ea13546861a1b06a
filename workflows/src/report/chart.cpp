#include "report/chart.hpp"

#include <cmath>

namespace foldstream::workflows::report {
namespace {

constexpr double width = 520, height = 170;
constexpr double left = 40, right = 8, upper = 10, lower = 24;

}  // namespace

Chart::Chart(int count, double top, const std::string& label)
    : count_(count), top_(top), label_(label) {}

double Chart::step() const { return (width - left - right) / count_; }

double Chart::x(double residue) const { return left + (residue - 0.5) * step(); }

double Chart::y(double value) const {
  return height - lower - (height - lower - upper) * (top_ > 0 ? value / top_ : 0);
}

void Chart::add_level(double value, const std::string& text) {
  const std::string at = coordinate(y(value));
  body_ +=
      join("<path class=\"grid\" d=\"M", coordinate(left), " ", at, "H", coordinate(width - right),
           "\"/><text class=\"tick end\" x=\"", coordinate(left - 6), "\" y=\"",
           coordinate(y(value) + 3.5), "\">", escape_html(text), "</text>");
}

std::string Chart::finish() const {
  std::string text = join("<svg viewBox=\"0 0 ", coordinate(width), " ", coordinate(height),
                          "\" role=\"img\" aria-label=\"", escape_html(label_), "\">", body_);
  text += join("<path class=\"axis\" d=\"M", coordinate(left), " ", coordinate(y(0)), "H",
               coordinate(width - right), "\"/>");
  const int every = static_cast<int>(std::max(1.0, tick_step(count_, 8)));
  for (int residue = every; residue <= count_; residue += every)
    text += join("<text class=\"tick mid\" x=\"", coordinate(x(residue)), "\" y=\"",
                 coordinate(height - 8), "\">", std::to_string(residue), "</text>");
  return text + "</svg>";
}

double tick_step(double span, int most) {
  if (!(span > 0)) return 1;
  double step = std::pow(10.0, std::floor(std::log10(span / most)));
  for (const double factor : {2.0, 2.5, 2.0}) {
    if (span / step <= most) break;
    step *= factor;
  }
  return step;
}

}  // namespace foldstream::workflows::report
