// Run folder: what the commands that look into the folder of a run share.
#pragma once

#include <foldstream/io/run_store.hpp>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace foldstream::apps {

/// Opens the folder of a run for reading, whether or not the run goes on; writes nothing.
/// @throws Error{NotFound} if it is not one.
std::unique_ptr<io::RunStore> open_run(const std::filesystem::path& folder,
                                       io::ReportDamage report);

/// "512 B", "9.2 kB", "1.5 GB"; powers of 1000.
std::string bytes_text(double bytes);

/// "f32[5,3]": dtype and row of a stream.
std::string type_text(const StreamType& type);

/// "P1, P2, P3": sorted, each once, and no more than ten of them.
std::string name_list(std::vector<std::string> names);

}  // namespace foldstream::apps
