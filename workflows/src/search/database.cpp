#include "image.hpp"
#include "image_reader.hpp"

#include <foldstream/error.hpp>
#include <foldstream/workflows/search/database.hpp>

namespace foldstream::workflows::search {

std::string_view Database::header(std::uint64_t index) const {
  if (index >= size()) {
    throw Error(ErrorKind::InvalidArgument, path_ + ": sequence " + std::to_string(index) +
                                                " asked for; there are " + std::to_string(size()));
  }
  const std::uint64_t first = entries_[index].text, last = entries_[index + 1].text;
  if (first > last || last > text_.size()) {
    throw Error(ErrorKind::Parse, path_ + ": the index is damaged at sequence " +
                                      std::to_string(index) + ". Run 'foldstream db build' again.");
  }
  return text_.substr(first, last - first);
}

std::span<const std::uint8_t> Database::sequence(std::uint64_t index) const {
  const std::uint64_t first = residues_before(index), last = residues_before(index + 1);
  if (first > last) {
    throw Error(ErrorKind::Parse, path_ + ": the index is damaged at sequence " +
                                      std::to_string(index) + ". Run 'foldstream db build' again.");
  }
  return residues_.subspan(first, last - first);
}

std::uint64_t Database::residues_before(std::uint64_t index) const {
  if (index > size()) {
    throw Error(ErrorKind::InvalidArgument, path_ + ": sequence " + std::to_string(index - 1) +
                                                " asked for; there are " + std::to_string(size()));
  }
  const std::uint64_t start = entries_[index].residue;
  if (start > residues_.size()) {
    throw Error(ErrorKind::Parse, path_ + ": the index is damaged at sequence " +
                                      std::to_string(index) + ". Run 'foldstream db build' again.");
  }
  return start;
}

std::string_view Database::name(std::uint64_t index) const {
  const std::string_view all = header(index);
  return all.substr(0, all.find_first_of(" \t"));
}

std::string_view Database::description(std::uint64_t index) const {
  const std::string_view all = header(index);
  const std::size_t space = all.find_first_of(" \t");
  if (space == std::string_view::npos) return {};
  const std::size_t first = all.find_first_not_of(" \t", space);
  return first == std::string_view::npos ? std::string_view() : all.substr(first);
}

void Database::verify(const Context& context) const {
  ContentDigest digest;
  for (std::uint64_t i = 0; i < size(); ++i) {
    if (i % 4096 == 0) {
      context.check_cancelled();
      context.report(static_cast<double>(i) / static_cast<double>(size()), "checking the database");
    }
    digest.add(header(i), sequence(i));
  }
  if (digest.key() == info_.digest) return;
  throw Error(ErrorKind::Parse, path_ + ": the content does not match its digest (expected " +
                                    to_string(info_.digest) + ", found " + to_string(digest.key()) +
                                    "). Run 'foldstream db build' again.");
}

Database Database::open(const std::filesystem::path& path, const Context& context,
                        std::uint64_t memory_limit) {
  if (!std::filesystem::is_regular_file(path)) {
    throw Error(ErrorKind::NotFound,
                path.string() + ": there is no such database file. Give an .fsdb file or a FASTA.");
  }
  if (is_image(path) || path.extension() == ".fsdb") return ImageReader(path).database();
  return read_fasta_database(path, memory_limit, context);
}

}  // namespace foldstream::workflows::search
