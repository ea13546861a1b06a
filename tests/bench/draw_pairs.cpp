#include "draw_pairs.hpp"
#include "report/chart.hpp"
#include "report/markup.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

namespace foldstream::bench {
namespace {

using workflows::report::coordinate;
using workflows::report::escape_html;

constexpr int across = 6;
constexpr double side = 150, gap_x = 18, gap_y = 46, edge = 24, head = 76;
constexpr double width = 2 * edge + across * side + (across - 1) * gap_x;
constexpr double chart_height = 330;
constexpr double contact = 8.0;
constexpr int nearest = 6;  // residues closer along the chain say little about the fold

// the least probability of each shade, and how opaque it is
struct Shade {
  double least;
  double opacity;
};
constexpr std::array<Shade, 4> shades{{{0.15, 0.2}, {0.3, 0.45}, {0.5, 0.75}, {0.75, 1.0}}};

constexpr const char* style =
    "text{font-family:'Liberation Sans',Arial,Helvetica,sans-serif;fill:#1b2430}"
    ".soft{fill:#5b6675}.mid{text-anchor:middle}.end{text-anchor:end}"
    ".plate{fill:#fff;stroke:#c9d0d8}.line{stroke:#dfe4ea;fill:none}"
    ".right{stroke:#2a62c4}.wrong{stroke:#e2711d}.native{stroke:#3d4653}";

const std::map<std::string, std::string>& colours() {
  static const std::map<std::string, std::string> table = {{"alpha", "#4e79b8"},
                                                           {"beta", "#d99a45"},
                                                           {"alpha/beta", "#59a08a"},
                                                           {"alpha+beta", "#b0699b"},
                                                           {"small", "#7f8ea3"}};
  return table;
}

std::string text_at(double x, double y, double size, const std::string& classes,
                    const std::string& text) {
  return fmt::format("<text x=\"{}\" y=\"{}\" font-size=\"{}\" class=\"{}\">{}</text>",
                     coordinate(x), coordinate(y), coordinate(size), classes, escape_html(text));
}

// Cells of a map as horizontal strokes, runs of them as one; a unit is a residue.
class Strokes {
 public:
  void add(int row, int column) {
    if (row == row_ && column == end_) {
      ++end_;
      return;
    }
    flush();
    row_ = row;
    begin_ = column;
    end_ = column + 1;
  }
  std::string path(const std::string& classes, double opacity) {
    flush();
    if (data_.empty()) return "";
    return fmt::format("<path class=\"{}\" opacity=\"{}\" d=\"{}\"/>", classes, coordinate(opacity),
                       data_);
  }

 private:
  void flush() {
    if (end_ > begin_) data_ += fmt::format("M{} {}h{}", begin_, row_, end_ - begin_);
    begin_ = end_ = 0;
  }

  int row_ = -1, begin_ = 0, end_ = 0;
  std::string data_;
};

std::string draw_predicted(const PairResult& result) {
  const int length = result.contacts.length;
  std::array<Strokes, shades.size()> right, wrong;
  for (int i = 0; i < length; ++i) {
    for (int j = i + nearest; j < length; ++j) {
      const double p = result.contacts.probability[static_cast<std::size_t>(i * length + j)];
      const auto above = std::find_if(shades.rbegin(), shades.rend(),
                                      [&](const Shade& shade) { return p >= shade.least; });
      if (above == shades.rend()) continue;
      const auto k = static_cast<std::size_t>(shades.rend() - above - 1);
      const auto distance = native_distance(*result.pair, i, j);
      (distance && *distance >= contact ? wrong : right)[k].add(i, j);
    }
  }
  std::string text;
  for (std::size_t k = 0; k < shades.size(); ++k)
    text += wrong[k].path("wrong", shades[k].opacity) + right[k].path("right", shades[k].opacity);
  return text;
}

std::string draw_native(const PairResult& result) {
  Strokes strokes;
  for (int row = 0; row < result.pair->length(); ++row) {
    for (int column = 0; column + nearest <= row; ++column) {
      const auto distance = native_distance(*result.pair, row, column);
      if (distance && *distance < contact) strokes.add(row, column);
    }
  }
  return strokes.path("native", 1);
}

std::string draw_map(const PairResult& result, double x, double y) {
  const int length = result.pair->length();
  std::string text = text_at(x, y - 17, 11, "", result.pair->query.name);
  text += text_at(x, y - 5, 9.5, "soft",
                  fmt::format("L {}  Neff/√L {:.0f}", length, result.pair->depth));
  text += text_at(x + side, y - 5, 9.5, "end", fmt::format("TM {:.2f}", result.tm));
  text += fmt::format(
      "<rect class=\"plate\" x=\"{0}\" y=\"{1}\" width=\"{2}\" height=\"{2}\"/><path "
      "class=\"line\" d=\"M{0} {1}l{2} {2}\"/>",
      coordinate(x), coordinate(y), coordinate(side));
  // strokes lie on the middle of their row; in long chains they are widened to be seen
  text += fmt::format(
      "<g transform=\"translate({} {}) scale({:.4f}) translate(0 .5)\" stroke-width=\"{}\">",
      coordinate(x), coordinate(y), side / length, coordinate(std::max(1.0, length / 90.0)));
  return text + draw_predicted(result) + draw_native(result) + "</g>";
}

// TM-score over the logarithm of the depth.
class DepthChart {
 public:
  DepthChart(double top, const std::vector<PairResult>& results) : top_(top) {
    for (const PairResult& result : results) {
      least_ = std::min(least_, std::log10(result.pair->depth) - 0.08);
      most_ = std::max(most_, std::log10(result.pair->depth) + 0.08);
    }
  }
  double x(double depth) const {
    return edge + 44 + (width - 2 * edge - 170) * (std::log10(depth) - least_) / (most_ - least_);
  }
  double y(double tm) const { return top_ + (chart_height - 50) * (1 - tm); }

  std::string frame() const {
    std::string text;
    for (int k = 0; k <= 5; ++k) {
      const double tm = k / 5.0;
      text += fmt::format("<path class=\"line\" d=\"M{} {}H{}\"/>", coordinate(edge + 44),
                          coordinate(y(tm)), coordinate(width - edge - 126));
      text += text_at(edge + 38, y(tm) + 3.5, 10, "soft end", fmt::format("{:.1f}", tm));
    }
    for (const int depth : {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000}) {
      if (std::log10(depth) < least_ || std::log10(depth) > most_) continue;
      text += text_at(x(depth), y(0) + 16, 10, "soft mid", std::to_string(depth));
    }
    text += text_at(x(std::pow(10, (least_ + most_) / 2)), y(0) + 34, 11, "soft mid",
                    "effective sequences / √length");
    return text + text_at(edge, top_ - 14, 13, "", "TM-score of model 1");
  }

 private:
  double top_;
  double least_ = 9, most_ = -9;
};

// Places names beside points where they overlap neither points nor names placed before.
class Labels {
 public:
  explicit Labels(std::vector<std::pair<double, double>> points) : points_(std::move(points)) {}

  std::string place(double x, double y, const std::string& name) {
    const double wide = 5.2 * static_cast<double>(name.size());
    const std::array<std::pair<double, double>, 6> corners{
        {{7, -4}, {-7 - wide, -4}, {3, -14}, {3, 6}, {-3 - wide, -14}, {-3 - wide, 6}}};
    auto best = corners.front();
    for (const auto& corner : corners) {
      if (!is_free(x + corner.first, y + corner.second, wide)) continue;
      best = corner;
      break;
    }
    taken_.push_back({x + best.first, y + best.second, wide});
    return text_at(x + best.first, y + best.second + 7, 8.5, "soft", name);
  }

 private:
  struct Box {
    double x, y, wide;
  };
  static constexpr double tall = 9, radius = 5;

  bool is_free(double x, double y, double wide) const {
    const auto covers = [&](const auto& point) {
      return point.first > x - radius && point.first < x + wide + radius &&
             point.second > y - radius && point.second < y + tall + radius;
    };
    const auto meets = [&](const Box& box) {
      return x < box.x + box.wide && box.x < x + wide && std::abs(y - box.y) < tall;
    };
    return std::none_of(taken_.begin(), taken_.end(), meets) &&
           std::none_of(points_.begin(), points_.end(), covers);
  }

  std::vector<std::pair<double, double>> points_;
  std::vector<Box> taken_;
};

std::string dot(double x, double y, const std::string& fill, bool ringed) {
  return fmt::format("<circle cx=\"{}\" cy=\"{}\" r=\"4.5\" fill=\"{}\"{}/>", coordinate(x),
                     coordinate(y), fill, ringed ? " stroke=\"#b3372c\" stroke-width=\"2.5\"" : "");
}

std::string draw_points(const DepthChart& chart, const std::vector<PairResult>& results) {
  std::vector<std::pair<double, double>> points;
  for (const PairResult& result : results)
    points.emplace_back(chart.x(result.pair->depth), chart.y(result.tm));
  Labels labels(points);
  std::string dots, names;
  for (std::size_t k = 0; k < results.size(); ++k) {
    const auto& [x, y] = points[k];
    const auto found = colours().find(results[k].pair->fold_class);
    dots += dot(x, y, found == colours().end() ? "#888" : found->second, results[k].is_mirrored());
    const std::string& name = results[k].pair->query.name;
    names += labels.place(x, y, name.substr(0, name.find('_')));
  }
  return dots + names;
}

std::string draw_key(const DepthChart& chart) {
  const double x = width - edge - 96;
  double y = chart.y(1) + 6;
  std::string text;
  for (const auto& [name, colour] : colours()) {
    text += dot(x, y, colour, false) + text_at(x + 10, y + 4, 11, "", name);
    y += 18;
  }
  return text + dot(x, y, "#fff", true) + text_at(x + 10, y + 4, 11, "", "mirror image");
}

std::string legend() {
  std::string text = text_at(edge, 32, 17, "", "Predicted contacts over native ones");
  double x = edge;
  for (const auto& [classes, words] :
       {std::pair("right", "predicted, right"), std::pair("wrong", "predicted, wrong"),
        std::pair("native", "native (below the diagonal)")}) {
    text += fmt::format("<path class=\"{}\" stroke-width=\"10\" d=\"M{} 46h10\"/>", classes,
                        coordinate(x));
    text += text_at(x + 15, 50, 11, "soft", words);
    x += 130;
  }
  return text + text_at(x + 60, 50, 11, "soft",
                        "Cβ within 8 Å, at least 6 residues apart; the paler, the less probable");
}

}  // namespace

std::string draw_pairs(const std::vector<PairResult>& results) {
  const int rows = (static_cast<int>(results.size()) + across - 1) / across;
  const double chart_top = head + rows * (side + gap_y) + 26;
  const double height = chart_top + chart_height;
  std::string text = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" "
      "height=\"{1}\" role=\"img\" aria-label=\"Predicted and native contacts\"><style>{2}"
      "</style><rect width=\"100%\" height=\"100%\" fill=\"#f7f9fb\"/>",
      coordinate(width), coordinate(height), style);
  text += legend();
  for (std::size_t k = 0; k < results.size(); ++k) {
    const auto column = static_cast<double>(k % across), row = static_cast<double>(k / across);
    text += draw_map(results[k], edge + column * (side + gap_x), head + 24 + row * (side + gap_y));
    text += '\n';
  }
  const DepthChart chart(chart_top, results);
  return text + chart.frame() + draw_points(chart, results) + draw_key(chart) + "</svg>\n";
}

}  // namespace foldstream::bench
