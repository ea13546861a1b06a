#include "gromacs_text.hpp"

#include <charconv>
#include <cmath>
#include <fstream>
#include <sstream>

namespace foldstream::workflows::refine {
namespace {

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

class Reader {
 public:
  explicit Reader(Macros& macros) : macros_(macros) {}

  void read(const std::filesystem::path& path, int depth) {
    std::ifstream file(path);
    if (!file) {
      throw Error(ErrorKind::NotFound, "cannot read '" + path.string() +
                                           "', a part of the force field. Reinstall the package "
                                           "'gromacs-data' or give another force-field folder.");
    }
    Place place{path.string(), 0, 0};
    if (depth > 8) throw Error(ErrorKind::Parse, place, "includes are nested more than 8 deep.");
    for (std::string text; std::getline(file, text);) {
      ++place.line;
      const std::string meaning = text.substr(0, text.find(';'));
      if (meaning.find_first_not_of(" \t\r") == std::string::npos || meaning[0] == '*') continue;
      take(words_of(meaning), place, path, depth);
    }
  }

  std::vector<TextLine> lines;

 private:
  void take(std::vector<std::string> words, const Place& place, const std::filesystem::path& path,
            int depth) {
    if (words.front().front() == '#') return directive(words, place, path, depth);
    if (!skipping_.empty() && skipping_.back()) return;
    if (words.front().front() == '[') {
      section_ = section_name(words, place);
      lines.push_back({section_, {}, place});
    } else {
      lines.push_back({section_, std::move(words), place});
    }
  }

  static std::string section_name(const std::vector<std::string>& words, const Place& place) {
    std::string joined;
    for (const std::string& word : words) joined += word;
    const auto end = joined.find(']');
    if (end == std::string::npos || end < 2) {
      throw Error(ErrorKind::Parse, place, "expected '[ name ]', found '" + joined + "'.");
    }
    return joined.substr(1, end - 1);
  }

  void directive(const std::vector<std::string>& words, const Place& place,
                 const std::filesystem::path& path, int depth) {
    const std::string& what = words.front();
    if (what == "#else" || what == "#endif") return conditional_end(what, place);
    if (words.size() < 2) throw Error(ErrorKind::Parse, place, what + " needs a name.");
    const bool skip = !skipping_.empty() && skipping_.back();
    if (what == "#ifdef" || what == "#ifndef") {
      skipping_.push_back(skip || macros_.contains(words[1]) != (what == "#ifdef"));
    } else if (skip) {
      return;
    } else if (what == "#define") {
      macros_[words[1]] = {words.begin() + 2, words.end()};
    } else if (what == "#include") {
      read(path.parent_path() / words[1].substr(1, words[1].size() - 2), depth + 1);
    } else {
      throw Error(ErrorKind::Parse, place, "unknown directive '" + what + "'.");
    }
  }

  void conditional_end(const std::string& what, const Place& place) {
    if (skipping_.empty()) throw Error(ErrorKind::Parse, place, what + " without #ifdef.");
    if (what == "#endif") {
      skipping_.pop_back();
    } else if (skipping_.size() < 2 || !skipping_[skipping_.size() - 2]) {
      skipping_.back() = !skipping_.back();
    }
  }

  Macros& macros_;
  std::string section_;
  std::vector<bool> skipping_;
};

}  // namespace

std::vector<TextLine> read_lines(const std::filesystem::path& path, Macros& macros) {
  Reader reader(macros);
  reader.read(path, 0);
  return std::move(reader.lines);
}

void check_words(const TextLine& line, std::size_t count, const std::string& layout) {
  if (line.words.size() >= count) return;
  throw Error(ErrorKind::Parse, line.place,
              "expected " + layout + " in [ " + line.section + " ], found " +
                  std::to_string(line.words.size()) + " words.");
}

double number(const TextLine& line, std::size_t index) {
  check_words(line, index + 1, "at least " + std::to_string(index + 1) + " words");
  const std::string& word = line.words[index];
  const char* begin = word.data() + (word.front() == '+' ? 1 : 0);
  double value = 0;
  const auto [end, error] = std::from_chars(begin, word.data() + word.size(), value);
  if (error != std::errc{} || end != word.data() + word.size() || !std::isfinite(value)) {
    throw Error(ErrorKind::Parse, line.place, "expected a number, found '" + word + "'.");
  }
  return value;
}

int integer(const TextLine& line, std::size_t index) {
  const double value = number(line, index);
  if (value != std::floor(value) || std::abs(value) > 1e6) {
    throw Error(ErrorKind::Parse, line.place,
                "expected a whole number, found '" + line.words[index] + "'.");
  }
  return static_cast<int>(value);
}

}  // namespace foldstream::workflows::refine
