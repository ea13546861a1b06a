#include "byte_source.hpp"
#include "characters.hpp"

#include <foldstream/io/fasta.hpp>
#include <foldstream/io/text_file.hpp>

#include <algorithm>
#include <array>
#include <unordered_map>
#include <utility>

namespace foldstream::io {
namespace {

constexpr std::size_t longest_header = 65'536;

// What becomes of each byte of a residue line.
struct Letters {
  std::array<char, 256> out{};          // the letter that is kept
  std::array<std::uint8_t, 256> use{};  // 1: it is kept
  std::array<std::uint8_t, 256> bad{};  // 1: it is no residue letter
};

constexpr Letters make_letters(bool lenient, bool complexes = false) {
  Letters letters;
  letters.out.fill('X');
  letters.use.fill(lenient ? 1 : 0);
  letters.bad.fill(lenient ? 0 : 1);
  const auto set = [&](int c, char out, std::uint8_t use) {
    letters.out[static_cast<std::size_t>(c)] = out;
    letters.use[static_cast<std::size_t>(c)] = use;
    letters.bad[static_cast<std::size_t>(c)] = 0;
  };
  for (char c = 'A'; c <= 'Z'; ++c) {
    set(c, c, 1);
    set(c - 'A' + 'a', c, 1);
  }
  for (const char c : std::string_view(" \t\r")) set(c, ' ', 0);
  if (complexes) set(':', ':', 1);  // taken out once the end is known
  if (!lenient) return letters;
  set('*', '*', 1);  // dropped at the end, X elsewhere, once the end is known
  set('-', '-', 0);
  set('.', '.', 0);
  return letters;
}

constexpr Letters strict_letters = make_letters(false);
constexpr Letters lenient_letters = make_letters(true);
constexpr Letters complex_letters = make_letters(false, true);

// Whether a line needs no letter looked at; in blocks, so that the compiler uses vectors.
bool is_all_capitals(std::string_view text) {
  constexpr std::size_t block = 16;
  const auto outside = [](char c) { return static_cast<std::uint8_t>(c - 'A') > 25 ? 1 : 0; };
  std::uint8_t found = 0;
  std::size_t i = 0;
  for (; i + block <= text.size(); i += block) {
    for (std::size_t j = 0; j < block; ++j) {
      found = static_cast<std::uint8_t>(found | outside(text[i + j]));
    }
  }
  for (; i < text.size(); ++i) found = static_cast<std::uint8_t>(found | outside(text[i]));
  return found == 0;
}

std::string letter_problem(std::string_view text) {
  const char c = text[0];
  if (c == ':') {
    return "found ':', which separates the chains of a complex. Only the workflow 'esmfold' folds "
           "complexes; give each chain as a record of its own.";
  }
  std::string cure = "Sequences may hold the letters A to Z.";
  if (c == '*') cure = "It marks a stop codon; remove it, and what follows it.";
  if (c == '-' || c == '.') {
    cure = "It marks a gap; give the sequence without gaps, or the alignment as an A3M file.";
  }
  if (c >= '0' && c <= '9') cure += " Remove the digits.";
  if (c == '>') cure = "A record begins on a line of its own.";
  if (c == '\0') cure = "The file is binary or damaged; save it as plain text.";
  if (static_cast<unsigned char>(c) >= 0x80) cure += " Save the file as plain text.";
  return "expected a residue letter, found " + shown(text) + ". " + cure;
}

std::string start_problem(std::string_view text) {
  const auto starts = [&](std::string_view word) { return text.substr(0, word.size()) == word; };
  std::string hint;
  if (starts("\xff\xfe") || starts("\xfe\xff")) hint = " It looks like UTF-16; save it as UTF-8.";
  if (starts("@")) hint = " It looks like FASTQ.";
  if (starts("#")) hint = " It looks like an alignment.";
  if (starts("HEADER") || starts("ATOM  ") || starts("data_")) {
    hint = " It looks like a structure.";
  }
  return "expected '>' at the beginning of a FASTA file, found " + shown(text) + "." + hint +
         " A record is a line of '>' and a name, then lines of residues.";
}

}  // namespace

class FastaReader::Parser {
 public:
  Parser(const std::filesystem::path& path, FastaOptions options)
      : file_(path.string()),
        options_(options),
        letters_(options.lenient     ? lenient_letters
                 : options.complexes ? complex_letters
                                     : strict_letters),
        lines_(open_bytes(path)) {}

  std::optional<FastaRecord> next();
  std::size_t skipped() const noexcept { return skipped_; }

 private:
  void start();
  void read_record();
  void read_header();
  void check_header(std::string_view text);
  void add(const Line& line);
  void add_checked(const Line& line);
  void end_record();
  void end_stars();
  void end_chains();
  void refuse(std::size_t line, std::size_t column, const std::string& message);

  std::string file_;
  FastaOptions options_;
  const Letters& letters_;
  LineScanner lines_;
  Line line_;
  bool started_ = false;
  bool has_header_ = false;  // line_ is the header of the next record
  std::size_t records_ = 0;
  std::size_t skipped_ = 0;
  std::unordered_map<std::string, std::size_t> first_lines_;  // of the names

  // the record being read
  Sequence sequence_;
  std::size_t header_line_ = 0;
  std::size_t length_ = 0;
  std::optional<FastaRefusal> refusal_;
};

void FastaReader::Parser::refuse(std::size_t line, std::size_t column, const std::string& message) {
  if (refusal_) return;
  const Place place{file_, line, column};
  refusal_ = {{}, place, to_string(place) + ": " + message};
}

void FastaReader::Parser::start() {
  started_ = true;
  while (lines_.next(line_)) {
    if (line_.number == 1 && line_.begins && line_.text.substr(0, 3) == "\xef\xbb\xbf") {
      line_.text.remove_prefix(3);
    }
    if (is_blank(line_.text)) continue;
    has_header_ = line_.begins && line_.text[0] == '>';
    if (has_header_) return;
    throw Error(ErrorKind::Parse, Place{file_, line_.number, line_.column},
                start_problem(line_.text));
  }
  throw Error(ErrorKind::Parse, Place{file_},
              "the file holds no sequences. A FASTA record is a line of '>' and a name, then lines "
              "of residues.");
}

std::optional<FastaRecord> FastaReader::Parser::next() {
  if (!started_) start();
  while (has_header_) {
    read_record();
    if (!refusal_) return std::move(sequence_);
    if (!options_.lenient) return std::move(*refusal_);
    ++skipped_;
  }
  return std::nullopt;
}

void FastaReader::Parser::read_record() {
  sequence_ = {};
  refusal_.reset();
  length_ = 0;
  ++records_;
  read_header();
  has_header_ = false;
  while (lines_.next(line_)) {
    has_header_ = line_.begins && !line_.text.empty() && line_.text[0] == '>';
    if (has_header_) break;
    add(line_);
  }
  end_record();
}

void FastaReader::Parser::read_header() {
  header_line_ = line_.number;
  const std::string_view text = line_.text.substr(1, longest_header);
  const Header header = split_header(text);
  sequence_.name = header.name;
  sequence_.description = header.rest;
  if (!options_.lenient) check_header(line_.text.substr(1));
  if (header.name.empty()) {
    refuse(header_line_, 2, "the header has no name. Write a name directly behind the '>'.");
    sequence_.name = "record_" + std::to_string(records_);
  } else if (!options_.lenient) {
    const auto [first, is_new] = first_lines_.emplace(sequence_.name, header_line_);
    if (!is_new) {
      refuse(header_line_, 2,
             "the name '" + sequence_.name + "' was already used in line " +
                 std::to_string(first->second) + ". Give each record a name of its own.");
    }
  }
  while (!line_.ends && lines_.next(line_)) {
  }
}

void FastaReader::Parser::check_header(std::string_view text) {
  const std::string_view kept = text.substr(0, longest_header);
  const std::size_t lone_return = kept.find('\r');
  if (lone_return != std::string_view::npos) {
    refuse(header_line_, lone_return + 2,
           "the line ends are lone carriage returns. Save the file with line feeds.");
  }
  if (text.size() > longest_header) {
    sequence_.name.resize(std::min<std::size_t>(sequence_.name.size(), 100));
    refuse(header_line_, longest_header + 2,
           "the header is longer than " + with_commas(longest_header) + " bytes. Shorten it.");
    return;
  }
  const std::size_t wrong = std::min(kept.find('\0'), find_invalid_utf8(kept));
  if (wrong == std::string_view::npos) return;
  refuse(header_line_, wrong + 2,
         "the header holds " + shown(kept.substr(wrong)) + ". Save the file as UTF-8 text.");
  sequence_.name = "record_" + std::to_string(records_);
}

void FastaReader::Parser::add(const Line& line) {
  std::string& residues = sequence_.residues;
  const std::size_t before = residues.size();
  if (is_all_capitals(line.text)) {
    residues.append(line.text);
  } else {
    add_checked(line);
  }
  length_ += residues.size() - before;
  // what is refused for sure is counted, not kept
  if (refusal_ || length_ > options_.max_length + 1) residues.clear();
}

void FastaReader::Parser::add_checked(const Line& line) {
  std::string& residues = sequence_.residues;
  for (std::size_t i = 0; i < line.text.size(); ++i) {
    const auto code = static_cast<unsigned char>(line.text[i]);
    if (letters_.use[code] != 0) residues += letters_.out[code];
    if (letters_.bad[code] == 0 || refusal_) continue;
    refuse(line.number, line.column + i, letter_problem(line.text.substr(i)));
  }
}

void FastaReader::Parser::end_stars() {
  std::string& residues = sequence_.residues;
  while (!residues.empty() && residues.back() == '*') {
    residues.pop_back();
    --length_;
  }
  std::replace(residues.begin(), residues.end(), '*', 'X');
}

void FastaReader::Parser::end_chains() {
  const std::string all = std::exchange(sequence_.residues, {});
  if (all.find(':') == std::string::npos) {
    sequence_.residues = all;
    return;
  }
  for (std::size_t from = 0; from <= all.size();) {
    const std::size_t end = std::min(all.find(':', from), all.size());
    if (end == from)
      refuse(header_line_, 1, "record '" + sequence_.name + "' has a chain without residues: a ':' too many.");
    sequence_.residues.append(all, from, end - from);
    sequence_.chain_lengths.push_back(static_cast<std::uint32_t>(end - from));
    from = end + 1;
  }
  length_ = sequence_.residues.size();
}

void FastaReader::Parser::end_record() {
  if (options_.lenient) end_stars();
  if (options_.complexes) end_chains();
  if (length_ == 0) {
    refuse(header_line_, 1,
           "record '" + sequence_.name +
               "' has no residues. Add them below its header, or remove it.");
  } else if (length_ > options_.max_length) {
    refuse(header_line_, 1,
           "record '" + sequence_.name + "' has " + with_commas(length_) +
               " residues; the limit is " + with_commas(options_.max_length) +
               ". Cut it into domains.");
  }
  if (refusal_) refusal_->name = sequence_.name;
}

FastaReader::FastaReader(const std::filesystem::path& path, FastaOptions options)
    : parser_(std::make_unique<Parser>(path, options)) {}
FastaReader::FastaReader(FastaReader&&) noexcept = default;
FastaReader& FastaReader::operator=(FastaReader&&) noexcept = default;
FastaReader::~FastaReader() = default;

std::optional<FastaRecord> FastaReader::next() { return parser_->next(); }
std::size_t FastaReader::skipped() const noexcept { return parser_->skipped(); }

std::vector<FastaRecord> read_fasta(const std::filesystem::path& path, FastaOptions options) {
  FastaReader reader(path, options);
  std::vector<FastaRecord> records;
  while (auto record = reader.next()) records.push_back(std::move(*record));
  return records;
}

std::string format_fasta(std::span<const Sequence> sequences) {
  constexpr std::size_t width = 80;
  std::string text;
  for (const Sequence& sequence : sequences) {
    text += '>' + header_line(sequence.name, sequence.description) + '\n';
    for (std::size_t i = 0; i < sequence.residues.size(); i += width) {
      text.append(sequence.residues, i, width) += '\n';
    }
  }
  return text;
}

void write_fasta(const std::filesystem::path& path, std::span<const Sequence> sequences) {
  write_file_atomically(path, format_fasta(sequences));
}

}  // namespace foldstream::io
