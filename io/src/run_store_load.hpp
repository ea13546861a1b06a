// Reading stored tasks back: by the places the journal recorded, every byte against its checksum.
#pragma once

#include "run_store_record.hpp"

#include <filesystem>

namespace foldstream::io {

/// The task of `record`, read from the folder of the ranks' files.
/// @throws Error{Io} if the file is missing, too short, or differs from its checksums.
StoredTask load_task(const std::filesystem::path& ranks, const TaskRecord& record);

}  // namespace foldstream::io
