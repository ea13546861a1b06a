// Pictures: small SVG drawings of a target. Each is one <svg> element without outside references;
// its colours come from the classes of the page's style, so that they follow light and dark.
#pragma once

#include <foldstream/io/prediction.hpp>
#include <foldstream/io/structure.hpp>

#include <string>
#include <vector>

namespace foldstream::workflows::report {

/// A square: above the diagonal the predicted contacts, the stronger the more probable; below it
/// the contacts of the model (Cβ, Cα of glycine, within 8 Å). Either may be empty.
std::string draw_contacts(const io::ContactMap& map, const io::Structure& model);

/// A bar a residue, coloured by band, over lines at 50, 70 and 90.
std::string draw_plddt(const std::vector<double>& plddt);

/// How many sequences have a residue in each column.
std::string draw_depth(const std::vector<int>& depth);

/// The Cα trace seen along its shortest principal axis, smoothed; near parts are drawn over far
/// ones, thicker and in purer colour; coloured by pLDDT. Never mirrored.
std::string draw_trace(const io::Structure& model, const std::vector<double>& plddt);

}  // namespace foldstream::workflows::report
