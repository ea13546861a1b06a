// Run files: what is left in a run folder for the run as a whole.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace foldstream::workflows::report {

/// Why a target has no result.
struct Failure {
  std::string target;
  std::string stage;
  std::string kind;  ///< as `to_string(ErrorKind)` writes it
  std::string message;
};

/// A header and a line a failure, tab-separated: target, stage, kind, message. Tabs, line breaks
/// and backslashes inside are written \t, \n, \r and \\.
std::string format_failures(std::span<const Failure> failures);
/// Writes it atomically. @throws Error{Io}.
void write_failures(const std::filesystem::path& path, std::span<const Failure> failures);

/// A fact about a run.
using RunFact = std::variant<std::string, std::int64_t, double, bool, std::vector<std::string>,
                             std::map<std::string, std::string>>;
/// Facts by name: "versions", "seed", "hashes", "devices", "command_line", ….
using RunFacts = std::map<std::string, RunFact>;

/// One JSON object, in name order. Numbers that are not finite become null.
std::string format_run_facts(const RunFacts& facts);
/// Writes it atomically. @throws Error{Io}.
void write_run_facts(const std::filesystem::path& path, const RunFacts& facts);

}  // namespace foldstream::workflows::report
