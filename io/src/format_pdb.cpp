#include "atom_text.hpp"

#include <foldstream/io/structure_file.hpp>

#include <array>
#include <cstdio>

namespace foldstream::io {
namespace {

// One PDB line; the format's columns are counted from 1, and a line has 80 of them.
class PdbWriter {
 public:
  void text(const char* record, std::string_view content);
  void atom(const Atom& atom, const Residue& residue, char chain);
  void end_chain(const Residue& last, char chain);
  std::string finish();

 private:
  void line(const char* content, int length);

  std::string text_;
  int serial_ = 0;
};

void PdbWriter::line(const char* content, int length) {
  text_.append(content, static_cast<std::size_t>(length));
  text_.append(static_cast<std::size_t>(80 - length), ' ');
  text_ += '\n';
}

void PdbWriter::text(const char* record, std::string_view content) {
  std::string clean(content.substr(0, 60));
  for (char& c : clean) {
    if (c < ' ' || c > '~') c = ' ';
  }
  char buffer[81];
  line(buffer, std::snprintf(buffer, sizeof buffer, "%-10s%s", record, clean.c_str()));
}

// Columns 13–16: the element is right-aligned in the first two, so that CA (carbon) and CA
// (calcium) differ; four-letter names take all.
std::string padded_name(const Atom& atom) {
  if (atom.name.size() < 4 && atom.element.size() < 2) return " " + atom.name;
  return atom.name;
}

void PdbWriter::atom(const Atom& atom, const Residue& residue, char chain) {
  char buffer[81];
  line(buffer, std::snprintf(buffer, sizeof buffer,
                             "ATOM  %5d %-4s %3s %c%4d%c   %8.3f%8.3f%8.3f%6.2f%6.2f          %2s",
                             ++serial_, padded_name(atom).c_str(), residue.name.c_str(), chain,
                             residue.number, residue.insertion, atom.position.x, atom.position.y,
                             atom.position.z, atom.occupancy, atom.b_factor,
                             upper_case(atom.element).c_str()));
}

void PdbWriter::end_chain(const Residue& last, char chain) {
  char buffer[81];
  line(buffer, std::snprintf(buffer, sizeof buffer, "TER   %5d      %3s %c%4d%c", ++serial_,
                             last.name.c_str(), chain, last.number, last.insertion));
}

std::string PdbWriter::finish() {
  line("END", 3);
  return std::move(text_);
}

[[noreturn]] void fail(const std::string& reason) {
  throw Error(ErrorKind::InvalidArgument,
              "the PDB format cannot hold " + reason + ". Write mmCIF (.cif) instead.");
}

bool fits(double value, double low, double high) { return value > low && value < high; }

void check_atom(const Atom& atom, const std::string& where) {
  check_finite(atom, where);
  for (const double x : {atom.position.x, atom.position.y, atom.position.z}) {
    if (!fits(x, -999.9995, 9999.9995)) fail("the coordinates of " + where);
  }
  if (!fits(atom.b_factor, -99.995, 999.995)) fail("the B-factor of " + where);
  if (!fits(atom.occupancy, -99.995, 999.995)) fail("the occupancy of " + where);
  if (atom.name.empty() || atom.name.size() > 4) fail("the atom name of " + where);
  if (atom.element.size() > 2) fail("the element of " + where);
}

void check_fits(const Structure& structure) {
  const std::size_t serials = structure.atom_count() + structure.chains.size();
  if (serials > 99'999) fail(std::to_string(structure.atom_count()) + " atoms (at most 99,999)");
  for (const Chain& chain : structure.chains) {
    if (chain.id.size() != 1) fail("the chain id '" + chain.id + "' (one letter)");
    for (const Residue& residue : chain.residues) {
      const std::string where = describe(chain, residue);
      if (residue.number < -999 || residue.number > 9999) fail("the residue number of " + where);
      if (residue.name.empty() || residue.name.size() > 3) fail("the residue name of " + where);
      for (const Atom& atom : residue.atoms) check_atom(atom, "atom " + atom.name + " of " + where);
    }
  }
}

}  // namespace

std::string format_pdb(const Structure& structure, const StructureMetadata& metadata) {
  check_fits(structure);
  PdbWriter writer;
  writer.text("HEADER", metadata.b_factor_is_plddt ? "PREDICTED MODEL" : "PROTEIN");
  writer.text("TITLE", metadata.title.empty() ? structure.name : metadata.title);
  if (metadata.b_factor_is_plddt) {
    writer.text("EXPDTA", "THEORETICAL MODEL");
    writer.text("REMARK 225", " B-FACTORS ARE PLDDT, 0 TO 100");
  }
  if (!metadata.software.empty()) writer.text("REMARK 225", " MADE BY " + metadata.software);
  for (const Chain& chain : structure.chains) {
    if (chain.residues.empty()) continue;
    for (const Residue& residue : chain.residues) {
      for (const Atom& atom : residue.atoms) writer.atom(atom, residue, chain.id[0]);
    }
    writer.end_chain(chain.residues.back(), chain.id[0]);
  }
  return writer.finish();
}

}  // namespace foldstream::io
