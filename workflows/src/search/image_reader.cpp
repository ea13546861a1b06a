#include "image.hpp"
#include "image_reader.hpp"

#include <foldstream/error.hpp>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

namespace foldstream::workflows::search {
namespace {

/// A read-only mapping of a whole file.
class Mapping {
 public:
  explicit Mapping(const std::filesystem::path& path) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) fail(path);
    struct stat status = {};
    if (::fstat(file, &status) == 0 && status.st_size > 0) {
      size_ = static_cast<std::size_t>(status.st_size);
      void* address = ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, file, 0);
      if (address != MAP_FAILED) data_ = static_cast<const std::uint8_t*>(address);
    }
    const int reason = errno;
    ::close(file);
    errno = reason;
    if (data_ == nullptr) fail(path);
  }
  ~Mapping() { ::munmap(const_cast<std::uint8_t*>(data_), size_); }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  std::span<const std::uint8_t> bytes() const { return {data_, size_}; }

 private:
  [[noreturn]] static void fail(const std::filesystem::path& path) {
    throw Error(ErrorKind::Io, path.string() + ": cannot map the database: " +
                                   std::strerror(errno) + ". Check that it can be read.");
  }
  const std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
};

[[noreturn]] void refuse(ErrorKind kind, const std::filesystem::path& path,
                         const std::string& reason) {
  throw Error(kind, path.string() + ": " + reason + " Run 'foldstream db build' again.");
}

ImageHead checked_head(std::span<const std::uint8_t> bytes, const std::filesystem::path& path) {
  ImageHead head;
  if (bytes.size() < sizeof(head)) {
    refuse(ErrorKind::Io, path,
           "the database is cut short: expected at least " + std::to_string(sizeof(head)) +
               " bytes, found " + std::to_string(bytes.size()) + ".");
  }
  std::memcpy(&head, bytes.data(), sizeof(head));
  if (head.magic != ImageHead().magic) {
    refuse(ErrorKind::Parse, path, "this is no Foldstream database.");
  }
  if (head.byte_order != ImageHead().byte_order) {
    refuse(ErrorKind::Parse, path, "the database comes from a machine of the other byte order.");
  }
  if (head.version != ImageHead().version) {
    refuse(ErrorKind::Parse, path,
           "the database has format version " + std::to_string(head.version) +
               "; this program reads 1.");
  }
  if (head.checksum != head.computed_checksum()) {
    refuse(ErrorKind::Parse, path, "the head of the database is damaged.");
  }
  if (head.file_bytes != bytes.size() || head.text_at() + head.text_bytes != bytes.size()) {
    refuse(ErrorKind::Io, path,
           "the database is cut short or has grown: expected " + std::to_string(head.file_bytes) +
               " bytes, found " + std::to_string(bytes.size()) + ".");
  }
  return head;
}

}  // namespace

bool is_image(const std::filesystem::path& path) {
  std::array<char, 8> start = {};
  std::ifstream(path, std::ios::binary).read(start.data(), start.size());
  return start == ImageHead().magic;
}

ImageReader::ImageReader(const std::filesystem::path& path) {
  const auto mapping = std::make_shared<const Mapping>(path);
  const std::span<const std::uint8_t> bytes = mapping->bytes();
  const ImageHead head = checked_head(bytes, path);
  database_.owner_ = mapping;
  database_.residues_ = bytes.subspan(sizeof(head), head.residues);
  // mmap gives page-aligned memory and the entries start at a multiple of 8
  const auto* entries = reinterpret_cast<const Database::Entry*>(bytes.data() + head.entries_at());
  database_.entries_ = {entries, head.sequences + 1};
  database_.text_ = {reinterpret_cast<const char*>(bytes.data() + head.text_at()), head.text_bytes};
  database_.info_ = head.info(true);
  database_.path_ = path.string();
}

}  // namespace foldstream::workflows::search
