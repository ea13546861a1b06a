#include "image_reader.hpp"
#include "records.hpp"

#include <foldstream/error.hpp>

#include <string>
#include <vector>

namespace foldstream::workflows::search {

/// Collects a Database in memory.
class MemoryBuilder {
 public:
  MemoryBuilder(std::filesystem::path path, std::uint64_t limit)
      : path_(std::move(path)), limit_(limit) {}

  void add(std::string_view header, std::span<const std::uint8_t> tokens) {
    census_.add(header, tokens);
    content_->entries.push_back({content_->residues.size(), content_->text.size()});
    content_->residues.insert(content_->residues.end(), tokens.begin(), tokens.end());
    content_->text += header;
    if (bytes() <= limit_) return;
    throw Error(ErrorKind::Resources, path_.string() + ": more than " +
                                          std::to_string(limit_ >> 20) +
                                          " MiB of sequences, too many to hold in memory. Run "
                                          "'foldstream db build' and search the .fsdb file.");
  }

  Database database() {
    content_->entries.push_back({content_->residues.size(), content_->text.size()});
    Database database;
    database.residues_ = content_->residues;
    database.entries_ = content_->entries;
    database.text_ = content_->text;
    database.info_ = census_.head().info(false);
    database.info_.bytes = bytes();
    database.path_ = path_.string();
    database.owner_ = content_;
    return database;
  }

  const Census& census() const { return census_; }

 private:
  struct Content {
    std::vector<std::uint8_t> residues;
    std::vector<Database::Entry> entries;
    std::string text;
  };
  std::uint64_t bytes() const {
    return content_->residues.size() + content_->text.size() +
           content_->entries.size() * sizeof(Database::Entry);
  }

  std::filesystem::path path_;
  std::uint64_t limit_;
  Census census_;
  std::shared_ptr<Content> content_ = std::make_shared<Content>();
};

Database read_fasta_database(const std::filesystem::path& path, std::uint64_t memory_limit,
                             const Context& context) {
  MemoryBuilder builder(path, memory_limit);
  each_record(path, context, [&](std::string_view header, std::span<const std::uint8_t> tokens) {
    builder.add(header, tokens);
  });
  warn_of_nucleotides(builder.census(), path, context);
  return builder.database();
}

}  // namespace foldstream::workflows::search
