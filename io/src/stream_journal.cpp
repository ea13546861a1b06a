#include "run_store_record.hpp"
#include "stream_journal.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <utility>

namespace foldstream::io {

namespace {

using nlohmann::json;

constexpr std::size_t chunks_head = 24;  // kind 4, count 4, header 8, first chunk 8
constexpr std::size_t short_head = 16;   // kind 4, 0, count 8
constexpr std::size_t kind_head = 8;     // kind 4, 0

template <class T>
T load_at(std::string_view bytes, std::size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof(T));
  return value;
}

template <class T>
std::string_view bytes_of(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof(T)};
}

std::int64_t now_ns() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
}

}  // namespace

std::uint64_t StreamHeader::row_bytes() const {
  return static_cast<std::uint64_t>(element_count(type.row)) * size_of(type.dtype);
}

std::string stream_path(const StreamLabel& label) {
  return "/streams/" + escape_name(label.target) + "/" + escape_name(label.task) + "/" +
         escape_name(label.port);
}

std::string format_stream_header(const StreamHeader& header) try {
  return json{{"target", escape_name(header.label.target)},
              {"task", escape_name(header.label.task)},
              {"port", escape_name(header.label.port)},
              {"dtype", to_string(header.type.dtype)},
              {"row", header.type.row},
              {"units", header.type.units},
              {"axes", header.type.axes},
              {"file", header.file},
              {"dataset", header.dataset},
              {"chunk_rows", header.chunk_rows},
              {"first_chunk", header.first_chunk}}
      .dump();
} catch (const json::exception& error) {
  throw Error(ErrorKind::InvalidArgument, "units and axes of stream " + to_string(header.label) +
                                              " must be UTF-8: " + error.what());
}

StreamHeader parse_stream_header(std::string_view text) try {
  const json value = json::parse(text);
  const auto name = [&](const char* member) {
    return unescape_name(value.at(member).get<std::string>());
  };
  StreamHeader header;
  header.label = {name("target"), name("task"), name("port")};
  header.type.dtype = dtype_named(value.at("dtype").get<std::string>());
  header.type.row = value.at("row").get<Shape>();
  header.type.units = value.at("units").get<std::string>();
  header.type.axes = value.at("axes").get<std::vector<std::string>>();
  header.file = value.at("file").get<std::string>();
  header.dataset = value.at("dataset").get<std::string>();
  header.chunk_rows = value.at("chunk_rows").get<std::int64_t>();
  header.first_chunk = value.at("first_chunk").get<std::int64_t>();
  return header;
} catch (const json::exception& error) {
  throw Error(ErrorKind::Parse, std::string("not the header of a stream: ") + error.what());
}

std::optional<StreamFrame> parse_stream_frame(std::string_view body) {
  if (body.size() < kind_head) return std::nullopt;
  StreamFrame frame;
  frame.kind = static_cast<StreamFrameKind>(load_at<std::uint32_t>(body, 0));
  switch (frame.kind) {
    case StreamFrameKind::header:
      frame.text = body.substr(kind_head);
      return frame;
    case StreamFrameKind::chunks:
      if (body.size() < chunks_head) return std::nullopt;
      frame.header = load_at<std::uint64_t>(body, 8);
      frame.first_chunk = load_at<std::int64_t>(body, 16);
      frame.pieces = body.substr(chunks_head);
      if (frame.pieces.size() != load_at<std::uint32_t>(body, 4) * sizeof(StreamPiece)) break;
      return frame;
    case StreamFrameKind::end:
    case StreamFrameKind::closed:
      if (body.size() < short_head) return std::nullopt;
      frame.count = load_at<std::int64_t>(body, 8);
      frame.text = body.substr(short_head);
      return frame;
  }
  return std::nullopt;
}

std::vector<StreamPiece> pieces_in(const StreamFrame& frame) {
  std::vector<StreamPiece> pieces(frame.pieces.size() / sizeof(StreamPiece));
  if (!pieces.empty()) std::memcpy(pieces.data(), frame.pieces.data(), frame.pieces.size());
  return pieces;
}

std::filesystem::path stream_journal_path(const std::filesystem::path& ranks,
                                          const std::string& stem) {
  return ranks / (stem + ".streams");
}

std::uint64_t StreamJournalWriter::add(const Key& id, StreamFrameKind kind, std::uint32_t count,
                                       std::string_view rest) {
  const std::uint64_t offset = end_ + gathered_.size();
  std::string body(bytes_of(static_cast<std::uint32_t>(kind)));
  body += bytes_of(count);
  body += rest;
  append_frame(gathered_, stream_magic, id, now_ns(), body);
  return offset;
}

std::uint64_t StreamJournalWriter::add_header(const Key& id, const StreamHeader& header) {
  return add(id, StreamFrameKind::header, 0, format_stream_header(header));
}

std::uint64_t StreamJournalWriter::add_chunks(const Key& id, std::uint64_t header,
                                              std::int64_t first_chunk,
                                              std::span<const StreamPiece> pieces) {
  std::string rest(bytes_of(header));
  rest += bytes_of(first_chunk);
  rest.append(reinterpret_cast<const char*>(pieces.data()), pieces.size_bytes());
  return add(id, StreamFrameKind::chunks, static_cast<std::uint32_t>(pieces.size()), rest);
}

std::uint64_t StreamJournalWriter::add_end(const Key& id, std::int64_t chunks) {
  return add(id, StreamFrameKind::end, 0, bytes_of(chunks));
}

std::uint64_t StreamJournalWriter::add_closed(const std::string& file, std::uint64_t bytes) {
  return add({}, StreamFrameKind::closed, 0, std::string(bytes_of(bytes)) + file);
}

void StreamJournalWriter::write() {
  const std::string frames = std::exchange(gathered_, {});
  if (!is_tail_cut_ && file_.size() > end_) file_.truncate(end_);
  is_tail_cut_ = false;  // until these frames are whole
  file_.write(end_, std::as_bytes(std::span(frames)));
  is_tail_cut_ = true;
  end_ += frames.size();
}

}  // namespace foldstream::io
