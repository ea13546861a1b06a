#include <foldstream/io/sequence.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace foldstream::io {
namespace {

constexpr std::uint8_t no_token = 255;

constexpr std::array<std::uint8_t, 256> make_tokens() {
  std::array<std::uint8_t, 256> tokens{};
  tokens.fill(no_token);
  for (const char letter : std::string_view("BJOUXZ")) {
    tokens[static_cast<unsigned char>(letter)] = unknown_token;
    tokens[static_cast<unsigned char>(letter - 'A' + 'a')] = unknown_token;
  }
  for (std::size_t i = 0; i < amino_acids.size(); ++i) {
    tokens[static_cast<unsigned char>(amino_acids[i])] = static_cast<std::uint8_t>(i);
    tokens[static_cast<unsigned char>(amino_acids[i] - 'A' + 'a')] = static_cast<std::uint8_t>(i);
  }
  tokens['-'] = tokens['.'] = gap_token;
  return tokens;
}

constexpr auto tokens = make_tokens();

constexpr std::array<std::string_view, 20> standard_names = {
    "ALA", "ARG", "ASN", "ASP", "CYS", "GLN", "GLU", "GLY", "HIS", "ILE",
    "LEU", "LYS", "MET", "PHE", "PRO", "SER", "THR", "TRP", "TYR", "VAL"};
static_assert(standard_names.size() == amino_acids.size());

// Modified residues and protonation states by the amino acid they are made of.
constexpr auto variants = std::to_array<std::pair<std::string_view, char>>({
    {"MSE", 'M'}, {"FME", 'M'}, {"MHO", 'M'}, {"SME", 'M'},                              //
    {"HID", 'H'}, {"HIE", 'H'}, {"HIP", 'H'}, {"HSD", 'H'}, {"HSE", 'H'}, {"HSP", 'H'},  //
    {"MHS", 'H'}, {"NEP", 'H'}, {"CYX", 'C'}, {"CYM", 'C'}, {"CSO", 'C'}, {"CSD", 'C'},  //
    {"CME", 'C'}, {"OCS", 'C'}, {"CSS", 'C'}, {"CAS", 'C'}, {"CSX", 'C'}, {"SMC", 'C'},  //
    {"ASH", 'D'}, {"PHD", 'D'}, {"IAS", 'D'}, {"GLH", 'E'}, {"CGU", 'E'}, {"PCA", 'E'},  //
    {"LYN", 'K'}, {"MLY", 'K'}, {"M3L", 'K'}, {"MLZ", 'K'}, {"ALY", 'K'}, {"KCX", 'K'},  //
    {"LLP", 'K'}, {"SEP", 'S'}, {"TPO", 'T'}, {"PTR", 'Y'}, {"TYS", 'Y'}, {"HYP", 'P'},  //
    {"AGM", 'R'}, {"ARN", 'R'}, {"SAC", 'S'}, {"AYA", 'A'}, {"MEN", 'N'}, {"TRQ", 'W'},
});

}  // namespace

std::uint8_t token_of(char letter) { return tokens[static_cast<unsigned char>(letter)]; }

char letter_of(std::uint8_t token) {
  if (token < amino_acids.size()) return amino_acids[token];
  return token == gap_token ? '-' : 'X';
}

std::string_view three_letter(char letter) {
  const std::uint8_t token = token_of(letter);
  return token < standard_names.size() ? standard_names[token] : "UNK";
}

char one_letter(std::string_view residue_name) {
  const auto standard = std::find(standard_names.begin(), standard_names.end(), residue_name);
  if (standard != standard_names.end()) {
    return amino_acids[static_cast<std::size_t>(standard - standard_names.begin())];
  }
  const auto variant = std::find_if(variants.begin(), variants.end(),
                                    [&](const auto& known) { return known.first == residue_name; });
  return variant != variants.end() ? variant->second : 'X';
}

std::vector<std::string> Sequence::chains() const {
  if (chain_lengths.empty()) return {residues};
  std::vector<std::string> all;
  std::size_t at = 0;
  for (const std::uint32_t count : chain_lengths) {
    all.push_back(residues.substr(at, count));
    at += count;
  }
  return all;
}

}  // namespace foldstream::io

namespace foldstream {

Record Codec<io::Sequence>::encode(const io::Sequence& sequence) {
  Record record = {{"description", text_field(sequence.description)},
                   {"name", text_field(sequence.name)},
                   {"residues", text_field(sequence.residues)}};
  // absent for one chain: keys of results of earlier versions stay what they are
  if (!sequence.chain_lengths.empty())
    record["chain_lengths"] = {Tensor::of(std::vector<std::int32_t>(sequence.chain_lengths.begin(),
                                                                    sequence.chain_lengths.end())),
                               "1", {"chain"}};
  return record;
}

io::Sequence Codec<io::Sequence>::decode(const Record& record) {
  io::Sequence sequence{field_text(record, "name"), field_text(record, "description"),
                        field_text(record, "residues")};
  if (!record.contains("chain_lengths")) return sequence;
  std::uint64_t sum = 0;
  for (const std::int32_t count : field(record, "chain_lengths").tensor.values<std::int32_t>()) {
    sequence.chain_lengths.push_back(static_cast<std::uint32_t>(count));
    sum += static_cast<std::uint32_t>(count);
  }
  if (sum != sequence.length())
    throw Error(ErrorKind::Parse, "the chains of sequence '" + sequence.name + "' do not add up to its residues.");
  return sequence;
}

}  // namespace foldstream
