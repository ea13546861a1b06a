// Costs file: what earlier runs of a results folder taught about the needs of tasks.
#pragma once

#include <foldstream/cost.hpp>

#include <filesystem>
#include <memory>

namespace foldstream::apps {

/// FOLDER/costs.json; an empty book if there is none, or it cannot be read.
std::shared_ptr<CostBook> read_costs(const std::filesystem::path& folder);

/// @throws Error{Io}
void write_costs(const std::filesystem::path& folder, const CostBook& costs);

}  // namespace foldstream::apps
