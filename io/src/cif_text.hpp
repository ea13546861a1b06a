// CIF syntax: text into gemmi's document, for its reader of structures.
#pragma once

#include <gemmi/cifdoc.hpp>

#include <string>
#include <string_view>

namespace foldstream::io {

/// The blocks, pairs and loops of CIF 1.1 text. Values keep their quotes, as gemmi has them.
/// gemmi's own parser needs PEGTL, which its Debian package does not bring.
/// @throws Error{Parse} with the line, named after `file`.
gemmi::cif::Document parse_cif(std::string_view text, const std::string& file);

}  // namespace foldstream::io
