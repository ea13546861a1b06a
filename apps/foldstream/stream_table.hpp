// Stream table: stored streams as a table, as lines, and as JSON.
#pragma once

#include <foldstream/io/run_store.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace foldstream::apps {

/// A stored stream, and how fast it grows.
struct StreamRow {
  io::StreamInfo info;
  std::int64_t new_chunks = 0;       ///< since the last look
  std::optional<double> chunk_rate;  ///< chunks/s; none: not known
  std::optional<double> byte_rate;   ///< bytes/s
};

/// With the rates from its beginning to its last chunk.
StreamRow row_of(const io::StreamInfo& info);

/// With the rates of the `seconds` since it was as `before`; of a complete stream that has not
/// changed, those of the whole stream.
StreamRow row_since(const io::StreamInfo& info, const io::StreamInfo& before, double seconds);

/// A header, and a line for each stream; columns are aligned.
std::vector<std::string> table_lines(const std::vector<StreamRow>& rows);

/// "3 streams (1 open), 12 chunks, 96 rows, 9.2 kB, 1.1 MB/s". The rate is the sum of those of the
/// open streams; without any, all bytes over the time from the first beginning to the last end.
std::string totals_line(const std::vector<StreamRow>& rows);

/// "P1 predict.models: open, 14 chunks (+2), 28 rows, 1.7 kB, 4.0 chunks/s, 480 B/s".
std::string change_line(const StreamRow& row);

/// A JSON object in one line.
std::string json_line(const StreamRow& row);

}  // namespace foldstream::apps
