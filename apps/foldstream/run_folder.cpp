#include "run_folder.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>

namespace foldstream::apps {

std::unique_ptr<io::RunStore> open_run(const std::filesystem::path& folder,
                                       io::ReportDamage report) {
  const std::string cure = " Name the folder that '--out' of the run named.";
  if (!std::filesystem::exists(folder))
    throw Error(ErrorKind::NotFound, folder.string() + ": there is no such run folder." + cure);
  if (!std::filesystem::is_directory(folder / "ranks"))
    throw Error(ErrorKind::NotFound,
                folder.string() + ": not a run folder, it has no folder 'ranks'." + cure);
  return std::make_unique<io::RunStore>(folder, std::move(report));
}

std::string bytes_text(double bytes) {
  constexpr std::array units = {"kB", "MB", "GB", "TB", "PB"};
  if (bytes < 1000) return fmt::format("{:.0f} B", bytes);
  std::size_t unit = 0;
  for (bytes /= 1000; bytes >= 999.95 && unit + 1 < units.size(); ++unit) bytes /= 1000;
  return fmt::format("{:.1f} {}", bytes, units[unit]);
}

std::string type_text(const StreamType& type) {
  std::string row;
  for (const std::int64_t axis : type.row) row += (row.empty() ? "" : ",") + std::to_string(axis);
  return std::string(to_string(type.dtype)) + (row.empty() ? "" : "[" + row + "]");
}

std::string name_list(std::vector<std::string> names) {
  constexpr std::size_t most = 10;
  std::ranges::sort(names);
  names.erase(std::ranges::unique(names).begin(), names.end());
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), most); ++i)
    text += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > most) text += fmt::format(" and {} more", names.size() - most);
  return text.empty() ? "none" : text;
}

}  // namespace foldstream::apps
