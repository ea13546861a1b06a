// The header of a safetensors file: where each tensor is.
#pragma once

#include <foldstream/tensor.hpp>

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace foldstream::io {

/// Where a tensor lies in the data.
struct SafetensorsPlace {
  std::string name;
  DType dtype = DType::u8;
  Shape shape;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

struct SafetensorsHeader {
  std::vector<SafetensorsPlace> places;  ///< in the order of the data, without overlap or hole
  std::map<std::string, std::string> metadata;
  std::size_t data = 0;  ///< where the data begins in the file
};

/// @throws what `parse_safetensors` throws.
SafetensorsHeader parse_safetensors_header(std::span<const std::byte> bytes,
                                           const std::string& name);

}  // namespace foldstream::io
