// Zip files as tests need them: whole ones, and such as lie.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace foldstream::io::test {

inline std::string little(std::uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i) & 0xffU);
  return text;
}

/// A .npy file.
inline std::string npy(const std::string& dictionary, const std::string& data) {
  return "\x93NUMPY" + std::string("\x01\x00", 2) + little(dictionary.size(), 2) + dictionary + data;
}

struct ZipFile {
  struct Entry {
    std::string name;
    std::string data;
    int method = 0;             ///< 0 stored, 8 deflated (data is what deflate gave)
    std::uint64_t size = 0;     ///< unpacked; 0 = that of the data
  };
  std::vector<Entry> entries;

  std::string text() const {
    std::string file, directory;
    for (const Entry& entry : entries) {
      const std::uint64_t size = entry.size == 0 ? entry.data.size() : entry.size;
      const std::string facts = little(20, 2) + little(0, 2) + little(static_cast<unsigned>(entry.method), 2) +
                                little(0, 8) + little(entry.data.size(), 4) + little(size, 4) +
                                little(entry.name.size(), 2) + little(0, 2);
      directory += "PK\x01\x02" + little(20, 2) + facts + little(0, 2) + little(0, 2) + little(0, 2) +
                   little(0, 4) + little(file.size(), 4) + entry.name;
      file += "PK\x03\x04" + facts + entry.name + entry.data;
    }
    return file + directory + "PK\x05\x06" + little(0, 4) + little(entries.size(), 2) +
           little(entries.size(), 2) + little(directory.size(), 4) + little(file.size(), 4) +
           little(0, 2);
  }
};

/// Opcodes of a pickle of protocol 2.
inline std::string pickled_text(const std::string& text) {
  return "X" + little(text.size(), 4) + text;
}
inline std::string pickled_integer(std::int32_t value) {
  return "J" + little(static_cast<std::uint32_t>(value), 4);
}

/// A tensor of `type` in the storage `key` of `count` elements.
inline std::string pickled_tensor(const std::string& type, const std::string& key, int count,
                                  int offset, const std::vector<int>& shape,
                                  const std::vector<int>& strides) {
  std::string code = "ctorch._utils\n_rebuild_tensor_v2\n((" + pickled_text("storage") + "ctorch\n" +
                     type + "\n" + pickled_text(key) + pickled_text("cpu") +
                     pickled_integer(count) + "tQ" + pickled_integer(offset) + "(";
  for (const int dim : shape) code += pickled_integer(dim);
  code += "t(";
  for (const int stride : strides) code += pickled_integer(stride);
  return code + "t\x89" + "ccollections\nOrderedDict\n)RtR";
}

/// A checkpoint of one dictionary: names and what makes their values.
inline ZipFile checkpoint(const std::vector<std::pair<std::string, std::string>>& items,
                          const std::string& storage) {
  std::string code = "\x80\x02}(";
  for (const auto& [name, value] : items) code += pickled_text(name) + value;
  return {{{"m/data.pkl", code + "u."}, {"m/byteorder", "little"}, {"m/data/0", storage}}};
}

}  // namespace foldstream::io::test
