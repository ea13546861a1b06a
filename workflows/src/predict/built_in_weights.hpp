// The bytes of the weight files that are part of the library.
#pragma once

#include <cstddef>
#include <string_view>

namespace foldstream::workflows::predict {

/// 0 local, 1 distance, 2 mirror; 3 the noise tables, which only training reads.
std::string_view built_in_weights(std::size_t file);

}  // namespace foldstream::workflows::predict
