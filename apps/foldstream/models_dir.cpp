#include "models_dir.hpp"

#include "site.hpp"

#include <cstdlib>

namespace foldstream::apps {

std::filesystem::path models_dir(const std::filesystem::path& asked) {
  if (!asked.empty()) return asked;
  if (const char* given = std::getenv("FOLDSTREAM_MODELS_DIR"); given != nullptr && *given != '\0')
    return given;
  if (!site_profile().models_dir.empty()) return site_profile().models_dir;
  if (const char* data = std::getenv("XDG_DATA_HOME"); data != nullptr && *data != '\0')
    return std::filesystem::path(data) / "foldstream" / "models";
  const char* home = std::getenv("HOME");
  return std::filesystem::path(home == nullptr ? "." : home) / ".local/share/foldstream/models";
}

}  // namespace foldstream::apps
