#include "results_folder.hpp"

#include <foldstream/error.hpp>
#include <foldstream/io/text_file.hpp>

#include <nlohmann/json.hpp>

#include <chrono>
#include <thread>

namespace foldstream::apps {
namespace {

namespace fs = std::filesystem;

nlohmann::json read_json(const fs::path& out, const char* name, const char* key) {
  const fs::path file = out / name;
  if (!fs::exists(file))
    throw Error(ErrorKind::NotFound,
                out.string() + ": has no " + name + ". Name the folder that '--out' of a run named.");
  nlohmann::json json = nlohmann::json::parse(io::read_text_file(file), nullptr, false);
  if (json.is_object() && json.contains(key)) return json;
  throw Error(ErrorKind::Parse, file.string() + ": damaged. Remove it to use the folder again.");
}

/// Names what a campaign was given, and its content.
nlohmann::json read_mark(const fs::path& folder) {
  nlohmann::json mark = read_json(folder, "input.json", "digest");
  if (mark["digest"].is_string()) return mark;
  throw Error(ErrorKind::Parse,
              (folder / "input.json").string() + ": damaged. Remove it to use the folder again.");
}

void check_is_same_input(const fs::path& folder, const std::string& digest,
                         const fs::path& input) {
  const nlohmann::json known = read_mark(folder);
  if (known["digest"] == digest) return;
  throw Error(ErrorKind::InvalidArgument,
              "--out " + folder.string() + " belongs to another input, '" +
                  known.value("input", "?") + "' (its content differs from '" +
                  input.filename().string() + "'). Choose another folder with --out.");
}

}  // namespace

void claim_results_folder(const fs::path& folder, const fs::path& input) {
  const std::string digest = to_string(key_of(io::read_text_file(input)));
  const fs::path mark = folder / "input.json";
  std::error_code problem;
  const bool is_new = fs::create_directories(folder, problem);
  if (is_new) fs::permissions(folder, fs::perms::owner_all, problem);  // others are let in by chmod
  if (problem || !fs::is_directory(folder))
    throw Error(ErrorKind::Io, "--out " + folder.string() + ": cannot make the folder: " +
                                   (problem ? problem.message() : "it is a file") +
                                   ". Choose another with --out.");
  // another job may be making it just now
  for (int tries = 0; tries < 20 && !fs::is_empty(folder, problem) && !fs::exists(mark); ++tries)
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  if (fs::exists(mark)) return check_is_same_input(folder, digest, input);
  if (!fs::is_empty(folder, problem) || problem)
    throw Error(ErrorKind::InvalidArgument,
                "--out " + folder.string() +
                    " is not empty and not a results folder. Choose another with --out.");
  const nlohmann::json text = {{"input", input.filename().string()}, {"digest", digest}};
  io::write_file_atomically(mark, text.dump(2) + "\n");
}

void write_command(const fs::path& out, const CampaignCommand& command) {
  const nlohmann::json json = {{"folder", command.folder.string()}, {"command", command.words}};
  io::write_file_atomically(out / "campaign.json", json.dump(2) + "\n");
}

CampaignCommand read_command(const fs::path& out) {
  const nlohmann::json json = read_json(out, "campaign.json", "command");
  return {json.value("folder", ""), json.value("command", std::vector<std::string>())};
}

std::string input_digest(const fs::path& out) { return read_mark(out)["digest"]; }

}  // namespace foldstream::apps
