// Where model folders are kept.
#pragma once

#include <filesystem>

namespace foldstream::apps {

/// `asked` if it is not empty; else $FOLDSTREAM_MODELS_DIR; else foldstream/models below $XDG_DATA_HOME
/// or ~/.local/share.
std::filesystem::path models_dir(const std::filesystem::path& asked);

}  // namespace foldstream::apps
