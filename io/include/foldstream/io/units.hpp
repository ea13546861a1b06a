// Units: the house uses Å, kJ/mol, ps, K, bytes and seconds. What is in another unit says so in its
// name (`length_nm`) and is converted by these factors, and nowhere else.
#pragma once

#include <string_view>

namespace foldstream::io::units {

// multiply by the factor to go from the first unit to the second
inline constexpr double angstrom_per_nm = 10.0;
inline constexpr double nm_per_angstrom = 0.1;
inline constexpr double kj_per_kcal = 4.184;  ///< thermochemical calorie, exact
inline constexpr double kcal_per_kj = 1.0 / 4.184;
inline constexpr double ps_per_fs = 1e-3;
inline constexpr double ps_per_ns = 1e3;
inline constexpr double radians_per_degree = 0.017453292519943295;
inline constexpr double degrees_per_radian = 57.295779513082323;
/// A force constant of a spring: kJ/mol/nm² per kJ/mol/Å².
inline constexpr double per_nm2_per_angstrom2 = 100.0;
/// The molar gas constant, kJ/mol/K: CODATA 2018, exact to the digits given.
inline constexpr double gas_constant = 8.31446261815324e-3;
inline constexpr double bytes_per_kib = 1024.0;
inline constexpr double bytes_per_mib = 1024.0 * 1024.0;
inline constexpr double bytes_per_gib = 1024.0 * 1024.0 * 1024.0;

// how units are written into files, as the `units` of a Field
inline constexpr std::string_view length = "angstrom";
inline constexpr std::string_view energy = "kJ/mol";
inline constexpr std::string_view time = "ps";
inline constexpr std::string_view temperature = "K";
inline constexpr std::string_view memory = "bytes";
inline constexpr std::string_view wall_time = "s";
inline constexpr std::string_view none = "1";      ///< a plain number
inline constexpr std::string_view text = "utf-8";  ///< text as u8

}  // namespace foldstream::io::units
