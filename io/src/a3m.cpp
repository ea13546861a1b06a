#include "characters.hpp"

#include <foldstream/io/a3m.hpp>
#include <foldstream/io/text_file.hpp>

#include <algorithm>
#include <array>

namespace foldstream::io {
namespace {

enum class Kind : std::uint8_t { illegal, residue, gap, insertion, dropped };

constexpr std::array<Kind, 256> make_kinds() {
  std::array<Kind, 256> kinds{};
  kinds.fill(Kind::illegal);
  for (int c = 'A'; c <= 'Z'; ++c) kinds[static_cast<std::size_t>(c)] = Kind::residue;
  for (int c = 'a'; c <= 'z'; ++c) kinds[static_cast<std::size_t>(c)] = Kind::insertion;
  kinds['-'] = Kind::gap;
  kinds['.'] = kinds[' '] = kinds['\t'] = Kind::dropped;
  return kinds;
}

constexpr auto kinds = make_kinds();

Kind kind_of(char c) { return kinds[static_cast<unsigned char>(c)]; }

// Reads A3M text line by line into an alignment.
class A3mParser {
 public:
  A3mParser(std::string_view text, const std::string& file) : text_(text), file_(file) {}

  Msa parse();

 private:
  [[noreturn]] void fail(std::size_t line, std::size_t column, const std::string& message) const {
    throw Error(ErrorKind::Parse, Place{file_, line, column}, message);
  }
  bool next_line();
  void begin_row();
  void end_row();
  void add_letters();
  void check_query_letter(std::size_t i) const;

  std::string_view text_;
  const std::string& file_;
  std::string_view line_;
  std::size_t number_ = 0;

  Msa msa_;
  bool in_row_ = false;
  bool skipping_ = false;     // a row that is no sequence
  std::size_t row_line_ = 0;  // of the row's header
  std::size_t row_columns_ = 0;
  std::size_t query_columns_ = 0;
};

bool A3mParser::next_line() {
  if (text_.empty()) return false;
  const std::size_t end = std::min(text_.find('\n'), text_.size());
  line_ = text_.substr(0, end);
  text_.remove_prefix(std::min(end + 1, text_.size()));
  ++number_;
  while (!line_.empty() && (line_.back() == '\r' || line_.back() == '\0')) line_.remove_suffix(1);
  // MMseqs2 ends an entry with a NUL behind its last line feed
  while (!line_.empty() && line_.front() == '\0') line_.remove_prefix(1);
  return true;
}

void A3mParser::begin_row() {
  end_row();
  const Header header = split_header(line_.substr(1));
  in_row_ = true;
  row_line_ = number_;
  row_columns_ = 0;
  skipping_ = header.name == "ss_pred" || header.name == "ss_conf" || header.name == "ss_dssp" ||
              header.name == "sa_dssp";
  if (!skipping_) msa_.rows.push_back({std::string(header.name), std::string(header.rest), {}});
}

void A3mParser::end_row() {
  if (!in_row_ || skipping_) return;
  const MsaRow& row = msa_.rows.back();
  const std::string who = "row " + std::to_string(msa_.rows.size()) + " '" + row.name + "'";
  if (row.a3m.empty()) fail(row_line_, 1, who + " has no residues. Add them, or remove the row.");
  if (msa_.rows.size() == 1) query_columns_ = row_columns_;
  if (row_columns_ == query_columns_) return;
  fail(row_line_, 1,
       who + " has " + std::to_string(row_columns_) + " aligned columns; the query has " +
           std::to_string(query_columns_) +
           ". In A3M, insertions against the query are lower case and all else is "
           "upper case or '-'.");
}

void A3mParser::check_query_letter(std::size_t i) const {
  const Kind kind = kind_of(line_[i]);
  if (kind == Kind::residue || kind == Kind::dropped) return;
  const std::string what = kind == Kind::gap ? "a gap" : "the insertion " + shown(line_.substr(i));
  fail(number_, i + 1,
       "the first row, the query, has " + what +
           ". The first row of an A3M file is the whole query in upper case, without gaps; put the "
           "query first, or remove the columns where it has gaps.");
}

void A3mParser::add_letters() {
  if (skipping_) return;
  std::string& a3m = msa_.rows.back().a3m;
  for (std::size_t i = 0; i < line_.size(); ++i) {
    const Kind kind = kind_of(line_[i]);
    if (kind == Kind::illegal) {
      fail(number_, i + 1,
           "expected a residue letter or gap, found " + shown(line_.substr(i)) + " in row '" +
               msa_.rows.back().name + "'. An A3M row may hold letters, '-' and '.'.");
    }
    if (msa_.rows.size() == 1) check_query_letter(i);
    if (kind == Kind::dropped) continue;
    row_columns_ += kind == Kind::insertion ? 0 : 1;
    a3m += line_[i];
  }
}

Msa A3mParser::parse() {
  while (next_line()) {
    if (line_.empty()) continue;
    if (line_[0] == '>') {
      begin_row();
    } else if (in_row_) {
      add_letters();
    } else if (line_[0] != '#' && !is_blank(line_)) {
      fail(number_, 1,
           "expected '>' at the beginning of the first row, found " + shown(line_) +
               ". An A3M file holds rows of a header line and its letters.");
    }
  }
  end_row();
  if (msa_.rows.empty()) {
    throw Error(ErrorKind::Parse, Place{file_},
                "the alignment is empty. An A3M file begins with '>' and the query.");
  }
  return std::move(msa_);
}

}  // namespace

Msa parse_a3m(std::string_view text, const std::string& file) {
  return A3mParser(text, file).parse();
}

Msa read_a3m(const std::filesystem::path& path) {
  return parse_a3m(read_text_file(path), path.string());
}

std::string format_a3m(const Msa& msa) {
  std::string text;
  for (const MsaRow& row : msa.rows) {
    text += '>' + header_line(row.name, row.description) + '\n' + row.a3m + '\n';
  }
  return text;
}

void write_a3m(const std::filesystem::path& path, const Msa& msa) {
  write_file_atomically(path, format_a3m(msa));
}

void check_query(const Msa& msa, const Sequence& query, const std::string& file) {
  const std::string row = msa.rows.empty() ? std::string() : aligned(msa.rows[0]);
  const std::string& wanted = query.residues;
  if (row == wanted) return;
  const auto [at, in_query] = std::mismatch(row.begin(), row.end(), wanted.begin(), wanted.end());
  std::string difference = "the row has " + std::to_string(row.size()) +
                           " residues, the query has " + std::to_string(wanted.size());
  if (at != row.end() && in_query != wanted.end()) {
    difference = "they differ first at column " + std::to_string(at - row.begin() + 1) +
                 ", where the row has '" + *at + "' and the query '" + *in_query + "'";
  }
  throw Error(ErrorKind::InvalidArgument,
              file + ": the first row is not the query '" + query.name + "': " + difference +
                  ". Use the alignment that was made for this sequence.");
}

}  // namespace foldstream::io
