#include "results_folder.hpp"

#include <foldstream/error.hpp>
#include <foldstream/io/text_file.hpp>

#include <nlohmann/json.hpp>

namespace foldstream::apps {
namespace {

namespace fs = std::filesystem;

void check_is_same_input(const fs::path& mark, const fs::path& folder, const std::string& digest,
                         const fs::path& input) {
  const nlohmann::json known = nlohmann::json::parse(io::read_text_file(mark), nullptr, false);
  if (known.is_discarded() || !known.contains("digest") || !known["digest"].is_string())
    throw Error(ErrorKind::Parse, mark.string() + ": damaged. Remove it to use the folder again.");
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
  fs::create_directories(folder, problem);
  if (problem || !fs::is_directory(folder))
    throw Error(ErrorKind::Io, "--out " + folder.string() + ": cannot make the folder: " +
                                   (problem ? problem.message() : "it is a file") +
                                   ". Choose another with --out.");
  if (fs::exists(mark)) return check_is_same_input(mark, folder, digest, input);
  if (!fs::is_empty(folder, problem) || problem)
    throw Error(ErrorKind::InvalidArgument,
                "--out " + folder.string() +
                    " is not empty and not a results folder. Choose another with --out.");
  const nlohmann::json text = {{"input", input.filename().string()}, {"digest", digest}};
  io::write_file_atomically(mark, text.dump(2) + "\n");
}

}  // namespace foldstream::apps
