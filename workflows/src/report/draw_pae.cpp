#include "report/markup.hpp"
#include "report/pictures.hpp"
#include "report/residue_square.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

namespace foldstream::workflows::report {
namespace {

constexpr int most_cells = 128;  // a side: more cannot be told apart, and make the page heavy
constexpr int levels = 10;
constexpr float blank = 30;  // Å: as much, or more, is drawn as nothing

/// From the strongest, 0 Å, to nothing.
int level_of(float error) {
  if (!(error < blank)) return levels;
  return static_cast<int>(std::max(0.0F, error) / blank * levels);
}

}  // namespace

PaeCells pae_cells(const std::vector<float>& pae, std::size_t residues) {
  PaeCells cells{static_cast<int>(residues), 0, {}};
  if (residues == 0 || pae.size() != residues * residues) return cells;
  cells.side = std::min(cells.residues, most_cells);
  const auto side = static_cast<std::size_t>(cells.side);
  std::vector<double> sum(side * side);
  std::vector<int> count(side * side);
  for (std::size_t i = 0; i < residues; ++i)
    for (std::size_t j = 0; j < residues; ++j) {
      const std::size_t cell = i * side / residues * side + j * side / residues;
      sum[cell] += pae[i * residues + j];
      ++count[cell];
    }
  cells.error.resize(side * side);
  for (std::size_t cell = 0; cell < cells.error.size(); ++cell)
    cells.error[cell] = static_cast<float>(sum[cell] / count[cell]);
  return cells;
}

std::string draw_pae(const PaeCells& pae, const io::Structure& model) {
  if (pae.side == 0) return "";
  ResidueSquare square(pae.residues, "Predicted aligned error");
  const double per_cell = static_cast<double>(pae.residues) / pae.side;
  std::array<std::string, levels> paths;
  for (int row = 0; row < pae.side; ++row) {
    const float* const errors = pae.error.data() + static_cast<std::ptrdiff_t>(row) * pae.side;
    for (int begin = 0, end = 0; begin < pae.side; begin = end) {  // cells of one level are one
      const int level = level_of(errors[begin]);
      while (end < pae.side && level_of(errors[end]) == level) ++end;
      if (level == levels) continue;
      const std::string width = coordinate((end - begin) * per_cell * square.step());
      paths[static_cast<std::size_t>(level)] +=
          join("M", coordinate(square.x(begin * per_cell)), " ", coordinate(square.y(row * per_cell)),
               "h", width, "v", coordinate(per_cell * square.step()), "h-", width, "z");
    }
  }
  for (int level = 0; level < levels; ++level)
    if (const std::string& path = paths[static_cast<std::size_t>(level)]; !path.empty())
      square.add(join("<path class=\"pae\" fill-opacity=\"",
                      coordinate(1 - (level + 0.5) / levels), "\" d=\"", path, "\"/>"));
  std::size_t end = 0;
  for (std::size_t chain = 0; chain + 1 < model.chains.size(); ++chain) {
    end += model.chains[chain].residues.size();
    const auto edge = static_cast<double>(end);
    square.add(join("<path class=\"cut\" d=\"M", coordinate(square.x(edge)), " ",
                    coordinate(square.y(0)), "V", coordinate(square.y(pae.residues)), "M",
                    coordinate(square.x(0)), " ", coordinate(square.y(edge)), "H",
                    coordinate(square.x(pae.residues)), "\"/>"));
  }
  return square.finish();
}

}  // namespace foldstream::workflows::report
