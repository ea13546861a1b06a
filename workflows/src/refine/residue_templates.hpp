// The residue templates (.rtp) and hydrogen rules (.hdb) of a GROMACS force field.
#pragma once

#include "gromacs_text.hpp"

#include <foldstream/workflows/refine/force_field.hpp>

#include <filesystem>
#include <map>

namespace foldstream::workflows::refine {

using ResidueTemplates = std::map<std::string, ResidueTemplate, std::less<>>;

/// @throws Error{NotFound}, Error{Parse} with the place, Error{Unsupported} for another form.
ResidueTemplates read_residue_templates(const std::filesystem::path& path, const Macros& macros);

/// Adds the hydrogen rules to the templates that they belong to; others are passed over.
void read_hydrogen_rules(const std::filesystem::path& path, ResidueTemplates& templates);

}  // namespace foldstream::workflows::refine
