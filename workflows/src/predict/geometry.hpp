// Ideal bond lengths, Å, and angles, radians, of the backbone.
#pragma once

#include <numbers>

namespace foldstream::workflows::predict {

// Engh and Huber (doi:10.1107/S0108767391001071)
inline constexpr double degree = std::numbers::pi / 180;
inline constexpr double n_ca = 1.458;
inline constexpr double ca_c = 1.525;
inline constexpr double c_n = 1.329;
inline constexpr double c_o = 1.231;
inline constexpr double n_h = 1.01;
inline constexpr double angle_n_ca_c = 111.0 * degree;
inline constexpr double angle_ca_c_n = 116.6 * degree;
inline constexpr double angle_c_n_ca = 121.7 * degree;
inline constexpr double angle_ca_c_o = 120.4 * degree;

}  // namespace foldstream::workflows::predict
