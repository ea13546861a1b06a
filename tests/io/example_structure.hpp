// A small structure with what is awkward: two chains, an insertion code, four-letter names, a
// metal.
#pragma once

#include <foldstream/io/structure.hpp>

namespace foldstream::test {

inline io::Structure example_structure() {
  io::Residue ala{"ALA",
                  -1,
                  ' ',
                  {{"N", "N", {1.25, -2.5, 3.125}, 91.5, 1},
                   {"CA", "C", {2.5, -1.125, 0.001}, 90.25, 1},
                   {"HB1", "H", {-12.5, 100.125, 0}, 90.25, 0.5}}};
  io::Residue leu{
      "LEU", 27, 'A', {{"CA", "C", {6.25, -1, 0}, 70, 1}, {"HD11", "H", {7, -1, 0.5}, 70, 1}}};
  io::Residue cys{"CYS", 1, ' ', {{"CA", "C", {20, 20, 20}, 50, 1}}};
  return {"example", {{"A", {ala, leu}}, {"B", {cys}}}};
}

}  // namespace foldstream::test
