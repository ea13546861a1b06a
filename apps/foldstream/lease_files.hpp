// The files by which jobs share a results folder (docs/formats.md, "Jobs that share a folder").
#pragma once

#include <nlohmann/json.hpp>

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace foldstream::apps {

std::string host_name();
/// Empty if it is not set.
std::string environment(const char* name);
std::optional<int> number_in(std::string_view text);
/// Discarded (not an object) if the text is no JSON.
nlohmann::json parsed(const std::string& text);
/// Nothing if there is no such file.
std::optional<std::string> content_of(const std::filesystem::path& file);
/// Makes a file, whole, that is not there yet; false if it is. @throws Error{Io}.
bool publish_once(const std::filesystem::path& file, const std::string& content);

/// Adds a line to a file that others add to as well, in one piece. @throws Error{Io}.
void append_line(const std::filesystem::path& file, const std::string& line);

std::filesystem::path job_folder(const std::filesystem::path& out, int job);
/// Numbers of the jobs that have worked on the folder, ascending.
std::vector<int> jobs_of(const std::filesystem::path& out);
std::filesystem::path lease_file(const std::filesystem::path& out, int block, int generation);
/// The newest generation of each block that a job has had.
std::map<int, int> newest_leases(const std::filesystem::path& out);
/// @throws Error{Parse} if the file holds no JSON object.
nlohmann::json record_in(const std::filesystem::path& file);

}  // namespace foldstream::apps
