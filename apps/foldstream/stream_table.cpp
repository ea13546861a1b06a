#include "stream_table.hpp"

#include "run_folder.hpp"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace foldstream::apps {
namespace {

constexpr std::size_t column_count = 10;
using Cells = std::array<std::string, column_count>;

constexpr bool is_number(std::size_t column) { return column >= 4 && column != 7 && column != 9; }

std::string rate_text(const std::optional<double>& rate) {
  return rate ? bytes_text(*rate) + "/s" : "-";
}

const char* state_of(const StreamRow& row) { return row.info.is_complete ? "complete" : "open"; }

std::string file_list(const std::vector<std::string>& files) {
  std::string text;
  for (const std::string& file : files) text += (text.empty() ? "" : ",") + file;
  return text.empty() ? "-" : text;
}

Cells cells_of(const StreamRow& row) {
  const io::StreamInfo& info = row.info;
  return {info.label.target.empty() ? "-" : info.label.target,
          info.label.task,
          info.label.port,
          type_text(info.type),
          std::to_string(info.chunks),
          std::to_string(info.rows),
          bytes_text(static_cast<double>(info.bytes)),
          state_of(row),
          rate_text(row.byte_rate),
          file_list(info.files)};
}

/// How many characters of UTF-8 there are.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string line_of(const Cells& cells, const std::array<std::size_t, column_count>& widths) {
  std::string line;
  for (std::size_t i = 0; i < column_count; ++i) {
    const std::string gap(widths[i] - width_of(cells[i]), ' ');
    line += (i == 0 ? "" : "  ") + (is_number(i) ? gap + cells[i] : cells[i] + gap);
  }
  return line.substr(0, line.find_last_not_of(' ') + 1);
}

double seconds_between(std::int64_t first, std::int64_t last) {
  return static_cast<double>(last - first) * 1e-9;
}

/// Bytes/s of all streams together; see `totals_line`.
std::optional<double> total_rate(const std::vector<StreamRow>& rows, double bytes) {
  double open_rate = 0;
  bool is_known = false;
  for (const StreamRow& row : rows) {
    if (row.info.is_complete || !row.byte_rate) continue;
    open_rate += *row.byte_rate;
    is_known = true;
  }
  if (is_known) return open_rate;
  if (rows.empty() || std::ranges::any_of(rows, [](const StreamRow& row) {
        return !row.info.is_complete;
      })) {
    return std::nullopt;
  }
  std::int64_t first = rows.front().info.first_at, last = rows.front().info.last_at;
  for (const StreamRow& row : rows) {
    first = std::min(first, row.info.first_at);
    last = std::max(last, row.info.last_at);
  }
  return last > first ? std::optional(bytes / seconds_between(first, last)) : std::nullopt;
}

}  // namespace

StreamRow row_of(const io::StreamInfo& info) {
  StreamRow row{info, 0, {}, {}};
  if (info.last_at <= info.first_at || info.chunks == 0) return row;
  const double seconds = seconds_between(info.first_at, info.last_at);
  row.chunk_rate = static_cast<double>(info.chunks) / seconds;
  row.byte_rate = static_cast<double>(info.bytes) / seconds;
  return row;
}

StreamRow row_since(const io::StreamInfo& info, const io::StreamInfo& before, double seconds) {
  StreamRow row = row_of(info);
  row.new_chunks = info.chunks - before.chunks;
  if (info.is_complete && row.new_chunks == 0) return row;
  row.chunk_rate = std::max(0.0, static_cast<double>(row.new_chunks) / seconds);
  const double bytes = static_cast<double>(info.bytes) - static_cast<double>(before.bytes);
  row.byte_rate = std::max(0.0, bytes / seconds);
  return row;
}

std::vector<std::string> table_lines(const std::vector<StreamRow>& rows) {
  std::vector<Cells> table = {{"TARGET", "TASK", "PORT", "TYPE", "CHUNKS", "ROWS", "BYTES", "STATE",
                               "RATE", "FILES"}};
  for (const StreamRow& row : rows) table.push_back(cells_of(row));
  std::array<std::size_t, column_count> widths = {};
  for (const Cells& cells : table)
    for (std::size_t i = 0; i < column_count; ++i)
      widths[i] = std::max(widths[i], width_of(cells[i]));
  std::vector<std::string> lines;
  for (const Cells& cells : table) lines.push_back(line_of(cells, widths));
  return lines;
}

std::string totals_line(const std::vector<StreamRow>& rows) {
  std::int64_t chunks = 0, count = 0;
  double bytes = 0;
  for (const StreamRow& row : rows) {
    chunks += row.info.chunks;
    count += row.info.rows;
    bytes += static_cast<double>(row.info.bytes);
  }
  const auto open = std::ranges::count_if(
      rows, [](const StreamRow& row) { return !row.info.is_complete; });
  const std::optional<double> rate = total_rate(rows, bytes);
  return fmt::format("{} stream{} ({}), {} chunk{}, {} row{}, {}{}", rows.size(),
                     rows.size() == 1 ? "" : "s",
                     open == 0 ? "all complete" : std::to_string(open) + " open", chunks,
                     chunks == 1 ? "" : "s", count, count == 1 ? "" : "s", bytes_text(bytes),
                     rate ? ", " + rate_text(rate) : "");
}

std::string change_line(const StreamRow& row) {
  const io::StreamInfo& info = row.info;
  std::string line = info.label.target.empty() ? "" : info.label.target + " ";
  line += fmt::format("{}.{}: {}, {} chunk{}", info.label.task, info.label.port, state_of(row),
                      info.chunks, info.chunks == 1 ? "" : "s");
  if (row.new_chunks != 0) line += fmt::format(" ({:+})", row.new_chunks);
  line += fmt::format(", {} row{}, {}", info.rows, info.rows == 1 ? "" : "s",
                      bytes_text(static_cast<double>(info.bytes)));
  if (row.chunk_rate) line += fmt::format(", {:.1f} chunks/s", *row.chunk_rate);
  if (row.byte_rate) line += ", " + rate_text(row.byte_rate);
  return line;
}

std::string json_line(const StreamRow& row) {
  const io::StreamInfo& info = row.info;
  nlohmann::ordered_json json = {{"target", info.label.target},
                                 {"task", info.label.task},
                                 {"port", info.label.port},
                                 {"id", to_string(info.id)},
                                 {"dtype", std::string(to_string(info.type.dtype))},
                                 {"row", info.type.row},
                                 {"units", info.type.units},
                                 {"axes", info.type.axes},
                                 {"chunks", info.chunks},
                                 {"rows", info.rows},
                                 {"bytes", info.bytes},
                                 {"state", state_of(row)},
                                 {"first_at_ns", info.first_at},
                                 {"last_at_ns", info.last_at},
                                 {"chunks_per_s", nullptr},
                                 {"bytes_per_s", nullptr},
                                 {"files", info.files},
                                 {"dataset", info.dataset}};
  if (row.chunk_rate) json["chunks_per_s"] = *row.chunk_rate;
  if (row.byte_rate) json["bytes_per_s"] = *row.byte_rate;
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace foldstream::apps
