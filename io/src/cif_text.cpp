#include "cif_text.hpp"

#include <foldstream/error.hpp>

#include <algorithm>
#include <utility>

namespace foldstream::io {
namespace {

namespace cif = gemmi::cif;

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

bool starts_with_keyword(std::string_view token, std::string_view keyword) {
  if (token.size() < keyword.size()) return false;
  return std::equal(keyword.begin(), keyword.end(), token.begin(), [](char key, char c) {
    return key == (c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  });
}

class CifParser {
 public:
  CifParser(std::string_view text, const std::string& file) : text_(text), file_(file) {}

  cif::Document parse();

 private:
  [[noreturn]] void fail(const std::string& message) const {
    throw Error(ErrorKind::Parse, Place{file_, line_, 0},
                message + ". The file may be cut short or damaged; get it again.");
  }
  void next();
  void skip_space();
  std::size_t end_of_quoted() const;
  std::size_t end_of_text_field() const;
  bool is_value() const { return !token_.empty() && (quoted_ || !is_reserved()); }
  bool is_reserved() const;
  cif::Block& block();
  void read_pair();
  void read_loop();

  std::string_view text_;
  const std::string& file_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
  std::string_view token_;  // empty at the end
  bool quoted_ = false;
  cif::Document document_;
};

void CifParser::skip_space() {
  while (at_ < text_.size()) {
    if (text_[at_] == '#') {
      at_ = std::min(text_.find('\n', at_), text_.size());
    } else if (is_space(text_[at_])) {
      line_ += text_[at_++] == '\n' ? 1 : 0;
    } else {
      return;
    }
  }
}

std::size_t CifParser::end_of_quoted() const {
  for (std::size_t i = at_ + 1; i < text_.size() && text_[i] != '\n'; ++i) {
    // a quote ends the value only if a blank follows: 5'-end
    const bool last = i + 1 == text_.size() || is_space(text_[i + 1]);
    if (text_[i] == text_[at_] && last) return i + 1;
  }
  fail("a quoted value does not end in its line");
}

std::size_t CifParser::end_of_text_field() const {
  const std::size_t end = text_.find("\n;", at_);
  if (end == std::string_view::npos) fail("the text field that begins here does not end");
  return end + 2;
}

void CifParser::next() {
  skip_space();
  token_ = {};
  quoted_ = false;
  if (at_ == text_.size()) return;
  const char first = text_[at_];
  const bool line_begins = at_ == 0 || text_[at_ - 1] == '\n';
  std::size_t end = at_;
  quoted_ = true;
  if (first == ';' && line_begins) {
    end = end_of_text_field();
  } else if (first == '\'' || first == '"') {
    end = end_of_quoted();
  } else {
    quoted_ = false;
    while (end < text_.size() && !is_space(text_[end])) ++end;
  }
  token_ = text_.substr(at_, end - at_);
  if (quoted_) line_ += static_cast<std::size_t>(std::count(token_.begin(), token_.end(), '\n'));
  at_ = end;
}

bool CifParser::is_reserved() const {
  return token_[0] == '_' || starts_with_keyword(token_, "data_") ||
         starts_with_keyword(token_, "save_") || starts_with_keyword(token_, "loop_");
}

cif::Block& CifParser::block() {
  if (document_.blocks.empty()) fail("expected 'data_', found '" + std::string(token_) + "'");
  return document_.blocks.back();
}

void CifParser::read_pair() {
  std::string tag(token_);
  next();
  if (!is_value()) fail("the tag " + tag + " has no value");
  block().items.emplace_back(std::move(tag), std::string(token_));
  next();
}

void CifParser::read_loop() {
  cif::Block& into = block();
  next();
  cif::Loop loop;
  for (; !quoted_ && !token_.empty() && token_[0] == '_'; next()) loop.tags.emplace_back(token_);
  if (loop.tags.empty()) fail("a loop has no tags");
  for (; is_value(); next()) loop.values.emplace_back(token_);
  if (loop.values.size() % loop.tags.size() != 0) {
    fail("a row of the loop of " + loop.tags.front() + " has " +
         std::to_string(loop.values.size() % loop.tags.size()) + " values; expected " +
         std::to_string(loop.tags.size()));
  }
  into.items.emplace_back(cif::LoopArg{});
  into.items.back().loop = std::move(loop);
}

cif::Document CifParser::parse() {
  document_.source = file_;
  next();
  while (!token_.empty()) {
    if (is_value()) fail("the value " + std::string(token_.substr(0, 40)) + " has no tag");
    if (token_[0] == '_') {
      read_pair();
    } else if (starts_with_keyword(token_, "loop_")) {
      read_loop();
    } else if (starts_with_keyword(token_, "data_")) {
      document_.blocks.emplace_back(std::string(token_.substr(5)));
      next();
    } else {
      fail("save frames do not belong in a structure");
    }
  }
  return std::move(document_);
}

}  // namespace

cif::Document parse_cif(std::string_view text, const std::string& file) {
  return CifParser(text, file).parse();
}

}  // namespace foldstream::io
