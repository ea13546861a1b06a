// StreamIndex: what it reads again from the journals when it is asked for.
#include "stream_index.hpp"

#include <algorithm>

namespace foldstream::io {

namespace {

constexpr std::size_t kept_tables = 16;

Error journal_damaged(const std::filesystem::path& path, std::uint64_t offset) {
  return Error(ErrorKind::Io,
               path.string() + ": the record at byte " + std::to_string(offset) + " is damaged");
}

}  // namespace

StreamHeader StreamIndex::header_of(const Key& id, const Part& part) const {
  const File& file = journals_.at(part.journal).file;
  std::optional<StreamHeader> header;
  scan_frames(file, part.header, part.header + part.header_length, stream_magic,
              [&](const Frame& frame) {
                const auto content = parse_stream_frame(frame.body);
                if (frame.key == id && content && content->kind == StreamFrameKind::header) {
                  header = parse_stream_header(content->text);
                }
              });
  if (!header) throw journal_damaged(file.path(), part.header);
  return *header;
}

std::vector<ChunkPlace> StreamIndex::places(const Key& id, std::int64_t chunk) const {
  const std::shared_lock lock(mutex_);
  const auto found = streams_.find(id);
  if (found == streams_.end() || chunk < 0 || chunk >= found->second.chunks) return {};
  std::vector<ChunkPlace> places;
  std::exception_ptr failure;
  for (const Part& part : found->second.parts) {
    const Span* span = part.find(chunk);
    if (span == nullptr) continue;
    try {
      const std::shared_ptr<const Table> known = table(id, part, *span);
      const auto at = static_cast<std::size_t>(chunk - span->first);
      const auto pieces = known->pieces.begin();
      places.push_back({known->header,
                        {pieces + static_cast<std::ptrdiff_t>(known->begins.at(at)),
                         pieces + static_cast<std::ptrdiff_t>(known->begins.at(at + 1))}});
    } catch (const Error&) {
      failure = std::current_exception();
    }
  }
  if (places.empty() && failure) std::rethrow_exception(failure);
  return places;
}

std::shared_ptr<const StreamIndex::Table> StreamIndex::table(const Key& id, const Part& part,
                                                             const Span& span) const {
  const std::scoped_lock lock(tables_mutex_);
  for (const auto& known : tables_) {
    if (known->journal == part.journal && known->header_offset == part.header &&
        known->span.begin == span.begin && known->span.chunks >= span.chunks) {
      return known;
    }
  }
  auto fresh = read_table(id, part, span);
  if (tables_.size() < kept_tables) {
    tables_.push_back(fresh);
  } else {
    tables_[next_table_++ % kept_tables] = fresh;
  }
  return fresh;
}

std::shared_ptr<const StreamIndex::Table> StreamIndex::read_table(const Key& id, const Part& part,
                                                                  const Span& span) const {
  auto table = std::make_shared<Table>();
  table->journal = part.journal;
  table->span = span;
  table->header_offset = part.header;
  table->header = std::make_shared<const StreamHeader>(header_of(id, part));
  table->begins.push_back(0);
  const File& file = journals_.at(part.journal).file;
  scan_frames(file, span.begin, span.end, stream_magic, [&](const Frame& frame) {
    const auto content = parse_stream_frame(frame.body);
    if (frame.key != id || !content || content->kind != StreamFrameKind::chunks) return;
    if (content->header != part.header) return;
    const auto chunks = static_cast<std::int64_t>(table->begins.size()) - 1;
    if (content->first_chunk != span.first + chunks) return;  // what is before it is damaged
    for (const StreamPiece& piece : pieces_in(*content)) {
      table->pieces.push_back(piece);
      if (piece.left == 0) table->begins.push_back(table->pieces.size());
    }
  });
  if (static_cast<std::int64_t>(table->begins.size()) <= span.chunks) {
    throw journal_damaged(file.path(), span.begin);
  }
  return table;
}

std::vector<StreamPiece> StreamIndex::pieces(const Key& id, const StreamHeader& wanted) const {
  const std::shared_lock lock(mutex_);
  std::vector<StreamPiece> pieces;
  const auto found = streams_.find(id);
  if (found == streams_.end()) return pieces;
  for (const Part& part : found->second.parts) {
    const StreamHeader header = header_of(id, part);
    if (header.file != wanted.file || header.dataset != wanted.dataset) continue;
    for (const Span& span : part.spans) {
      const auto known = table(id, part, span);
      const auto count = static_cast<std::size_t>(span.chunks);
      pieces.insert(pieces.end(), known->pieces.begin(),
                    known->pieces.begin() + static_cast<std::ptrdiff_t>(known->begins.at(count)));
    }
  }
  return pieces;
}

std::int64_t StreamIndex::rows(const Key& id) const {
  const std::shared_lock lock(mutex_);
  const auto found = streams_.find(id);
  std::int64_t rows = 0, next = 0;
  while (found != streams_.end() && next < found->second.chunks) {
    for (const Part& part : found->second.parts) {
      const Span* span = part.find(next);
      if (span == nullptr) continue;
      rows += rows_of(id, part, *span, next - span->first);
      next = span->first + span->chunks;
      break;
    }
  }
  return rows;
}

/// Of the chunks of a span but for the first `skip`.
std::int64_t StreamIndex::rows_of(const Key& id, const Part& part, const Span& span,
                                  std::int64_t skip) const {
  if (skip == 0 && span.rows >= 0) return span.rows;
  const auto known = table(id, part, span);
  std::int64_t rows = 0;
  const std::size_t end = known->begins.at(static_cast<std::size_t>(span.chunks));
  for (std::size_t i = known->begins.at(static_cast<std::size_t>(skip)); i < end; ++i) {
    rows += known->pieces[i].rows;
  }
  return rows;
}

}  // namespace foldstream::io
