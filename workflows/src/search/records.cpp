#include "records.hpp"

#include <foldstream/error.hpp>
#include <foldstream/io/fasta.hpp>

#include <algorithm>
#include <string>
#include <variant>
#include <vector>

namespace foldstream::workflows::search {

void Census::add(std::string_view header, std::span<const std::uint8_t> tokens) {
  digest_.add(header, tokens);
  ++head_.sequences;
  head_.residues += tokens.size();
  head_.text_bytes += header.size();
  head_.longest = std::max<std::uint64_t>(head_.longest, tokens.size());
  for (const std::uint8_t token : tokens) ++head_.composition[token];
}

ImageHead Census::head() const {
  ImageHead head = head_;
  const Key key = digest_.key();
  head.digest_high = key.high;
  head.digest_low = key.low;
  head.file_bytes = head.text_at() + head.text_bytes;
  head.checksum = head.computed_checksum();
  return head;
}

bool Census::is_nucleotide_like() const {
  std::uint64_t nucleotides = 0;
  for (const char letter : {'A', 'C', 'G', 'T', 'N'}) {
    nucleotides += head_.composition[io::token_of(letter)];
  }
  return head_.residues >= 1000 && nucleotides * 100 > head_.residues * 95;
}

std::uint64_t each_record(const std::filesystem::path& fasta, const Context& context,
                          const RecordSink& sink) {
  io::FastaReader reader(fasta, {.lenient = true});
  std::vector<std::uint8_t> tokens;
  std::string header;
  std::uint64_t count = 0;
  while (const auto record = reader.next()) {
    const auto* sequence = std::get_if<io::Sequence>(&*record);
    if (sequence == nullptr) continue;
    if (++count % 1024 == 1) {
      context.check_cancelled();
      context.report(0, "reading sequence " + std::to_string(count));
    }
    tokens.clear();
    for (const char letter : sequence->residues) {
      tokens.push_back(std::min(io::token_of(letter), io::unknown_token));
    }
    header = sequence->name;
    if (!sequence->description.empty()) header += ' ' + sequence->description;
    sink(header, tokens);
  }
  if (count == 0) {
    throw Error(ErrorKind::Parse, fasta.string() +
                                      ": no sequences for a database. Give a FASTA "
                                      "file of proteins.");
  }
  return reader.skipped();
}

void warn_of_nucleotides(const Census& census, const std::filesystem::path& fasta,
                         const Context& context) {
  if (!census.is_nucleotide_like()) return;
  context.warning(fasta.string() +
                  ": over 95 % of the residues are A, C, G, T or N; this looks like nucleotides, "
                  "but a protein database is needed. Translate the sequences first.");
}

}  // namespace foldstream::workflows::search
