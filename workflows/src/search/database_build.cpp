#include "output_file.hpp"
#include "records.hpp"

#include <foldstream/error.hpp>
#include <foldstream/workflows/search/database.hpp>

#include <unistd.h>

#include <chrono>
#include <string>

namespace foldstream::workflows::search {
namespace {

/// `out` with an ending that no other process uses.
std::filesystem::path temporary(const std::filesystem::path& out, const char* part) {
  return out.string() + "." + std::to_string(::getpid()) + part;
}

/// Writes the sections of an .fsdb as records come: residues to the file itself, the index and the
/// headers to files beside it that are appended at the end.
class ImageWriter {
 public:
  explicit ImageWriter(const std::filesystem::path& out)
      : image_(temporary(out, ".part")),
        index_(temporary(out, ".index")),
        text_(temporary(out, ".text")) {
    const ImageHead room;
    image_.write(&room, sizeof(room));
  }

  void add(std::string_view header, std::span<const std::uint8_t> tokens) {
    add_entry();
    census_.add(header, tokens);
    image_.write(tokens.data(), tokens.size());
    text_.write(header.data(), header.size());
    residues_ += tokens.size();
    text_bytes_ += header.size();
  }

  DatabaseInfo finish(const std::filesystem::path& out) {
    add_entry();
    const ImageHead head = census_.head();
    const std::string padding(head.entries_at() - sizeof(head) - head.residues, '\0');
    image_.write(padding.data(), padding.size());
    image_.append(index_);
    image_.append(text_);
    image_.overwrite_start(&head, sizeof(head));
    image_.rename_to(out);
    return head.info(true);
  }

  const Census& census() const { return census_; }

 private:
  void add_entry() {
    const std::uint64_t entry[2] = {residues_, text_bytes_};
    index_.write(entry, sizeof(entry));
  }

  OutputFile image_, index_, text_;
  Census census_;
  std::uint64_t residues_ = 0, text_bytes_ = 0;
};

}  // namespace

BuildReport build_database(const std::filesystem::path& fasta, const std::filesystem::path& out,
                           const Context& context) {
  const auto start = std::chrono::steady_clock::now();
  if (std::filesystem::exists(out) && std::filesystem::equivalent(fasta, out)) {
    throw Error(ErrorKind::InvalidArgument,
                out.string() + ": would overwrite its own input. Choose another output name.");
  }
  BuildReport report;
  ImageWriter writer(out);
  report.skipped = each_record(fasta, context,
                               [&](std::string_view header, std::span<const std::uint8_t> tokens) {
                                 writer.add(header, tokens);
                               });
  warn_of_nucleotides(writer.census(), fasta, context);
  report.info = writer.finish(out);
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return report;
}

}  // namespace foldstream::workflows::search
