// Pictures: small SVG drawings of a target. Each is one <svg> element without outside references;
// its colours come from the classes of the page's style, so that they follow light and dark.
#pragma once

#include <foldstream/io/prediction.hpp>
#include <foldstream/io/structure.hpp>
#include <foldstream/workflows/report/report.hpp>

#include <string>
#include <vector>

namespace foldstream::workflows::report {

/// A square: above the diagonal the predicted contacts, the stronger the more probable; below it
/// the contacts of the model (Cβ, Cα of glycine, within 8 Å). Either may be empty.
std::string draw_contacts(const io::ContactMap& map, const io::Structure& model);

/// The means of a PAE matrix over cells, few enough to draw.
/// @param pae  row-major [residues, residues], Å; of another size: no cells
PaeCells pae_cells(const std::vector<float>& pae, std::size_t residues);

/// A square of cells, the stronger the lower the error; none at 30 Å and more. Chains are set apart.
std::string draw_pae(const PaeCells& pae, const io::Structure& model);

/// A bar a residue, coloured by band, over lines at 50, 70 and 90.
std::string draw_plddt(const std::vector<double>& plddt);

/// How many sequences have a residue in each column.
std::string draw_depth(const std::vector<int>& depth);

/// The Cα trace seen along its shortest principal axis, smoothed; near parts are drawn over far
/// ones, thicker and in purer colour; coloured by pLDDT. Never mirrored.
std::string draw_trace(const io::Structure& model, const std::vector<double>& plddt);

}  // namespace foldstream::workflows::report
