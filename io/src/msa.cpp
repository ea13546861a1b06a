#include "record_fields.hpp"

#include <foldstream/io/msa.hpp>

#include <algorithm>
#include <numeric>

namespace foldstream::io {
namespace {

bool is_aligned(char c) { return (c >= 'A' && c <= 'Z') || c == '-'; }

// What the tokens leave out: insertions, and letters that share the token of X.
struct Remainder {
  std::vector<std::int32_t> insertion_sequence, insertion_column, insertion_length;
  std::string insertion_letters;
  std::vector<std::int32_t> letter_sequence, letter_column;
  std::string letters;

  void add(std::int32_t row, const std::string& a3m);
  void put_into(Record& record) const;
};

void Remainder::add(std::int32_t row, const std::string& a3m) {
  std::int32_t column = 0;
  for (std::size_t i = 0; i < a3m.size();) {
    if (is_aligned(a3m[i])) {
      if (letter_of(token_of(a3m[i])) != a3m[i]) {
        letter_sequence.push_back(row);
        letter_column.push_back(column);
        letters += a3m[i];
      }
      ++column;
      ++i;
      continue;
    }
    const std::size_t begin = i;
    while (i < a3m.size() && !is_aligned(a3m[i])) ++i;
    insertion_sequence.push_back(row);
    insertion_column.push_back(column);
    insertion_length.push_back(static_cast<std::int32_t>(i - begin));
    insertion_letters.append(a3m, begin, i - begin);
  }
}

void Remainder::put_into(Record& record) const {
  record["insertion_sequence"] = values_field(insertion_sequence, "1", "insertion");
  record["insertion_column"] = values_field(insertion_column, "1", "insertion");
  record["insertion_length"] = values_field(insertion_length, "1", "insertion");
  record["insertion_letters"] = text_field(insertion_letters);
  record["letter_sequence"] = values_field(letter_sequence, "1", "letter");
  record["letter_column"] = values_field(letter_column, "1", "letter");
  record["letters"] = text_field(letters);
}

std::vector<std::string> aligned_rows(const Record& record) {
  const Tensor& tokens = checked_tensor(record, "tokens", DType::u8, 2);
  const auto values = tokens.values<std::uint8_t>();
  const auto columns = static_cast<std::size_t>(tokens.dim(1));
  std::vector<std::string> rows(static_cast<std::size_t>(tokens.dim(0)));
  for (std::size_t row = 0; row < rows.size(); ++row) {
    for (const std::uint8_t token : values.subspan(row * columns, columns)) {
      if (token >= token_count) fail_field("tokens", "holds " + std::to_string(token));
      rows[row] += letter_of(token);
    }
  }
  return rows;
}

void put_letters_back(const Record& record, std::vector<std::string>& rows) {
  const std::string letters = field_text(record, "letters");
  const auto sequence = read_values<std::int32_t>(record, "letter_sequence", letters.size());
  const auto column = read_values<std::int32_t>(record, "letter_column", letters.size());
  for (std::size_t i = 0; i < letters.size(); ++i) {
    const auto row = static_cast<std::size_t>(sequence[i]);
    const auto at = static_cast<std::size_t>(column[i]);
    if (row >= rows.size() || at >= rows[row].size()) fail_field("letter_column", "points outside");
    rows[row][at] = letters[i];
  }
}

void put_insertions_back(const Record& record, std::vector<std::string>& rows) {
  const std::string letters = field_text(record, "insertion_letters");
  const auto sequence = read_values<std::int32_t>(record, "insertion_sequence");
  const auto column = read_values<std::int32_t>(record, "insertion_column", sequence.size());
  const auto length = read_values<std::int32_t>(record, "insertion_length", sequence.size());
  std::size_t end = letters.size();
  // backwards, so that the columns of a row are still those of its aligned letters
  for (std::size_t i = sequence.size(); i-- > 0;) {
    const auto row = static_cast<std::size_t>(sequence[i]);
    const auto at = static_cast<std::size_t>(column[i]);
    const auto count = static_cast<std::size_t>(length[i]);
    if (row >= rows.size() || at > rows[row].size() || count > end) {
      fail_field("insertion_column", "points outside");
    }
    end -= count;
    rows[row].insert(at, letters, end, count);
  }
  if (end != 0) fail_field("insertion_letters", "has letters without a place");
}

}  // namespace

std::string aligned(const MsaRow& row) {
  std::string letters;
  letters.reserve(row.a3m.size());
  std::copy_if(row.a3m.begin(), row.a3m.end(), std::back_inserter(letters), is_aligned);
  return letters;
}

std::size_t Msa::columns() const {
  if (rows.empty()) return 0;
  return static_cast<std::size_t>(
      std::count_if(rows[0].a3m.begin(), rows[0].a3m.end(), is_aligned));
}

double Msa::neff() const { return std::accumulate(weights.begin(), weights.end(), 0.0); }

Tensor Msa::tokens() const {
  const std::size_t width = columns();
  Tensor tensor(DType::u8,
                {static_cast<std::int64_t>(rows.size()), static_cast<std::int64_t>(width)});
  const auto values = tensor.mutable_values<std::uint8_t>();
  for (std::size_t row = 0; row < rows.size(); ++row) {
    std::size_t column = 0;
    for (const char c : rows[row].a3m) {
      if (!is_aligned(c)) continue;
      if (column < width) values[row * width + column] = token_of(c);
      ++column;
    }
    if (column != width) {
      throw Error(ErrorKind::InvalidArgument,
                  "row " + std::to_string(row + 1) + " '" + rows[row].name + "' has " +
                      std::to_string(column) + " aligned columns; the query has " +
                      std::to_string(width) + ". All rows of an alignment need the same number.");
    }
  }
  return tensor;
}

}  // namespace foldstream::io

namespace foldstream {

Record Codec<io::Msa>::encode(const io::Msa& msa) {
  std::vector<std::string> names, descriptions;
  io::Remainder remainder;
  for (std::size_t row = 0; row < msa.rows.size(); ++row) {
    names.push_back(msa.rows[row].name);
    descriptions.push_back(msa.rows[row].description);
    remainder.add(static_cast<std::int32_t>(row), msa.rows[row].a3m);
  }
  Record record{{"tokens", {msa.tokens(), "1", {"sequence", "column"}}},
                {"names", io::lines_field(names, "the name")},
                {"descriptions", io::lines_field(descriptions, "the description")}};
  remainder.put_into(record);
  if (msa.weights.empty()) return record;
  if (msa.weights.size() != msa.rows.size()) {
    throw Error(ErrorKind::InvalidArgument, "an alignment of " + std::to_string(msa.rows.size()) +
                                                " rows has " + std::to_string(msa.weights.size()) +
                                                " weights. Give one a row, or none.");
  }
  record["weights"] = io::values_field(msa.weights, "1", "sequence");
  return record;
}

io::Msa Codec<io::Msa>::decode(const Record& record) {
  std::vector<std::string> rows = io::aligned_rows(record);
  io::put_letters_back(record, rows);
  io::put_insertions_back(record, rows);
  std::vector<std::string> names = io::read_lines(record, "names");
  std::vector<std::string> descriptions = io::read_lines(record, "descriptions");
  if (names.size() != rows.size()) io::fail_field("names", "does not have one line a sequence");
  if (descriptions.size() != rows.size()) {
    io::fail_field("descriptions", "does not have one line a sequence");
  }
  io::Msa msa;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    msa.rows.push_back({std::move(names[i]), std::move(descriptions[i]), std::move(rows[i])});
  }
  if (record.count("weights") != 0) {
    const auto weights = io::read_values<float>(record, "weights", rows.size());
    msa.weights.assign(weights.begin(), weights.end());
  }
  return msa;
}

}  // namespace foldstream
