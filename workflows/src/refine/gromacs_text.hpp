// The text files of a GROMACS force field, cut into words: comments, includes and macros resolved.
#pragma once

#include <foldstream/error.hpp>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace foldstream::workflows::refine {

using Macros = std::map<std::string, std::vector<std::string>>;

/// One meaningful line: its words, the section "[ … ]" that it stands in, and its place.
struct TextLine {
  std::string section;
  std::vector<std::string> words;
  Place place;
};

/// The lines of `path` and of what it includes, in order; `#define`s are added to `macros`.
/// A section header is a line without words. @throws Error{NotFound}, Error{Parse}.
std::vector<TextLine> read_lines(const std::filesystem::path& path, Macros& macros);

/// The number in word `index`. @throws Error{Parse} with the place if it is missing or no number.
double number(const TextLine& line, std::size_t index);
int integer(const TextLine& line, std::size_t index);

/// @throws Error{Parse} unless the line has at least `count` words, which are named by `layout`.
void check_words(const TextLine& line, std::size_t count, const std::string& layout);

}  // namespace foldstream::workflows::refine
