#include "record_fields.hpp"

#include <algorithm>
#include <cstdint>

namespace foldstream::io {

void fail_field(const std::string& name, const std::string& reason) {
  throw Error(ErrorKind::InvalidArgument, "field '" + name + "' of the record " + reason +
                                              ". The record was not made by this codec.");
}

const Tensor& checked_tensor(const Record& record, const std::string& name, DType dtype,
                             std::size_t rank) {
  const Tensor& tensor = field(record, name).tensor;
  if (tensor.dtype() != dtype) {
    fail_field(name, "is " + std::string(to_string(tensor.dtype())) + "; expected " +
                         std::string(to_string(dtype)));
  }
  if (tensor.shape().size() != rank) {
    fail_field(name, "has " + std::to_string(tensor.shape().size()) + " axes; expected " +
                         std::to_string(rank));
  }
  return tensor;
}

Field lines_field(const std::vector<std::string>& lines, const std::string& what) {
  std::string text;
  for (const std::string& line : lines) {
    if (line.find('\n') != std::string::npos) {
      throw Error(ErrorKind::InvalidArgument, what + " '" + line.substr(0, line.find('\n')) +
                                                  "…' holds a line feed. Remove it.");
    }
    text += line;
    text += '\n';
  }
  return text_field(text);
}

std::vector<std::string> read_lines(const Record& record, const std::string& name) {
  const std::string text = field_text(record, name);
  if (!text.empty() && text.back() != '\n') fail_field(name, "does not end with a line feed");
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin);
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

Field words_field(const std::vector<std::string>& words, std::string axis) {
  std::size_t width = 1;
  for (const std::string& word : words) {
    width = std::max(width, word.size());
    if (word.find('\0') != std::string::npos) {
      throw Error(ErrorKind::InvalidArgument,
                  "'" + word.substr(0, word.find('\0')) + "…' holds a NUL byte. Remove it.");
    }
  }
  Tensor tensor(DType::u8,
                {static_cast<std::int64_t>(words.size()), static_cast<std::int64_t>(width)});
  const auto bytes = tensor.mutable_values<std::uint8_t>();
  for (std::size_t i = 0; i < words.size(); ++i) {
    std::copy(words[i].begin(), words[i].end(), bytes.begin() + static_cast<long>(i * width));
  }
  return {tensor, "utf-8", {std::move(axis), "character"}};
}

std::vector<std::string> read_words(const Record& record, const std::string& name) {
  const Tensor& tensor = checked_tensor(record, name, DType::u8, 2);
  const auto bytes = tensor.values<std::uint8_t>();
  const auto count = static_cast<std::size_t>(tensor.dim(0));
  const auto width = static_cast<std::size_t>(tensor.dim(1));
  std::vector<std::string> words;
  words.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto word = bytes.subspan(i * width, width);
    words.emplace_back(word.begin(), std::find(word.begin(), word.end(), 0));
  }
  return words;
}

void put_group(Record& record, const std::string& group, Record part) {
  for (auto& [name, value] : part) record.emplace(group + "/" + name, std::move(value));
}

Record take_group(const Record& record, const std::string& group) {
  const std::string prefix = group + "/";
  Record part;
  for (auto it = record.lower_bound(prefix); it != record.end(); ++it) {
    if (it->first.compare(0, prefix.size(), prefix) != 0) break;
    part.emplace(it->first.substr(prefix.size()), it->second);
  }
  return part;
}

std::string model_group(std::size_t index) {
  const std::string digits = std::to_string(index + 1);
  return "model_" + std::string(digits.size() < 3 ? 3 - digits.size() : 0, '0') + digits;
}

}  // namespace foldstream::io
