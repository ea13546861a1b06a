#include "byte_source.hpp"

#include <foldstream/error.hpp>

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <system_error>
#include <utility>

namespace foldstream::io {
namespace {

constexpr std::size_t buffer_bytes = std::size_t{1} << 20;

[[noreturn]] void fail_reading(const std::string& path, const std::string& reason) {
  throw Error(ErrorKind::Io, "cannot read '" + path + "': " + reason + ".");
}

[[noreturn]] void fail_compressed(const std::string& path, const std::string& reason) {
  throw Error(ErrorKind::Parse, Place{path},
              "the compressed data is damaged or cut short (" + reason + "). Get the file again.");
}

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

class PlainSource final : public ByteSource {
 public:
  PlainSource(std::string path, File file) : path_(std::move(path)), file_(std::move(file)) {}

  std::size_t read(std::span<char> buffer) override {
    const std::size_t count = std::fread(buffer.data(), 1, buffer.size(), file_.get());
    if (count == 0 && std::ferror(file_.get()) != 0) {
      fail_reading(path_, std::generic_category().message(errno));
    }
    return count;
  }

 private:
  std::string path_;
  File file_;
};

class GzipSource final : public ByteSource {
 public:
  explicit GzipSource(std::string path) : path_(std::move(path)) {
    file_ = gzopen(path_.c_str(), "rb");
    if (file_ == nullptr) fail_reading(path_, std::generic_category().message(errno));
    gzbuffer(file_, 1u << 17);
  }
  ~GzipSource() override { gzclose(file_); }
  GzipSource(const GzipSource&) = delete;
  GzipSource& operator=(const GzipSource&) = delete;

  std::size_t read(std::span<char> buffer) override {
    const auto wanted = static_cast<unsigned>(std::min<std::size_t>(buffer.size(), 1u << 30));
    const int count = gzread(file_, buffer.data(), wanted);
    int code = Z_OK;
    const char* reason = gzerror(file_, &code);
    if (code == Z_ERRNO) fail_reading(path_, std::generic_category().message(errno));
    if (count < 0 || code == Z_BUF_ERROR || code == Z_DATA_ERROR) fail_compressed(path_, reason);
    return static_cast<std::size_t>(count);
  }

 private:
  std::string path_;
  gzFile file_ = nullptr;
};

class ZstdSource final : public ByteSource {
 public:
  ZstdSource(std::string path, File file)
      : file_(path, std::move(file)),
        path_(std::move(path)),
        input_(buffer_bytes),
        context_(ZSTD_createDCtx()) {}

  std::size_t read(std::span<char> buffer) override {
    ZSTD_outBuffer out{buffer.data(), buffer.size(), 0};
    while (out.pos == 0 && out.size != 0) {
      if (pending_.pos == pending_.size) {
        pending_ = {input_.data(), file_.read(input_), 0};
        if (pending_.size == 0 && left_ != 0 && !flushing_)
          fail_compressed(path_, "unexpected end");
        if (pending_.size == 0 && !flushing_) return 0;
      }
      left_ = ZSTD_decompressStream(context_.get(), &out, &pending_);
      if (ZSTD_isError(left_)) fail_compressed(path_, ZSTD_getErrorName(left_));
      // a full output may hide more inside the context, even when the input is used up
      flushing_ = out.pos == out.size && left_ != 0;
    }
    return out.pos;
  }

 private:
  struct Free {
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
  };
  PlainSource file_;
  std::string path_;
  std::vector<char> input_;
  std::unique_ptr<ZSTD_DCtx, Free> context_;
  ZSTD_inBuffer pending_{nullptr, 0, 0};
  std::size_t left_ = 0;  // 0: the last frame is complete
  bool flushing_ = false;
};

File open_file(const std::filesystem::path& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (status.type() == std::filesystem::file_type::not_found) {
    throw Error(ErrorKind::NotFound, "there is no file '" + path.string() + "'. Check the path.");
  }
  if (std::filesystem::is_directory(status)) {
    fail_reading(path.string(), "it is a folder; name a file in it");
  }
  File file(std::fopen(path.c_str(), "rb"));
  if (!file) fail_reading(path.string(), std::generic_category().message(errno));
  return file;
}

}  // namespace

std::unique_ptr<ByteSource> open_bytes(const std::filesystem::path& path) {
  File file = open_file(path);
  std::array<unsigned char, 4> magic{};
  const std::size_t count = std::fread(magic.data(), 1, magic.size(), file.get());
  if (count >= 2 && magic[0] == 0x1f && magic[1] == 0x8b) {
    return std::make_unique<GzipSource>(path.string());
  }
  std::rewind(file.get());
  if (count == 4 && magic == std::array<unsigned char, 4>{0x28, 0xb5, 0x2f, 0xfd}) {
    return std::make_unique<ZstdSource>(path.string(), std::move(file));
  }
  return std::make_unique<PlainSource>(path.string(), std::move(file));
}

LineScanner::LineScanner(std::unique_ptr<ByteSource> source)
    : source_(std::move(source)), buffer_(buffer_bytes) {}

bool LineScanner::refill() {
  if (begin_ != 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  const std::size_t count = source_->read(std::span<char>(buffer_).subspan(end_));
  end_ += count;
  return count != 0;
}

void LineScanner::emit(Line& line, std::size_t end, bool ends) {
  std::string_view text(buffer_.data() + begin_, end - begin_);
  const std::size_t length = text.size();
  if (ends && !text.empty() && text.back() == '\r') text.remove_suffix(1);
  line = {text, number_, column_, column_ == 1, ends};
  column_ = ends ? 1 : column_ + length;
  number_ += ends ? 1 : 0;
  begin_ = end;
}

bool LineScanner::next(Line& line) {
  std::size_t searched = 0;  // bytes of the rest that hold no line feed
  while (true) {
    const char* from = buffer_.data() + begin_ + searched;
    const void* feed = std::memchr(from, '\n', end_ - begin_ - searched);
    if (feed != nullptr) {
      emit(line, static_cast<std::size_t>(static_cast<const char*>(feed) - buffer_.data()), true);
      ++begin_;
      return true;
    }
    searched = end_ - begin_;
    if (searched == buffer_.size()) {
      emit(line, end_, false);
      return true;
    }
    if (!refill()) break;
  }
  if (begin_ == end_) return false;
  emit(line, end_, true);
  return true;
}

}  // namespace foldstream::io
