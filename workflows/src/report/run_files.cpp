#include "score/json_text.hpp"

#include <foldstream/io/text_file.hpp>
#include <foldstream/workflows/report/run_files.hpp>

#include <string_view>

namespace foldstream::workflows::report {
namespace {

std::string escape_cell(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '\t':
        escaped += "\\t";
        break;
      case '\n':
        escaped += "\\n";
        break;
      case '\r':
        escaped += "\\r";
        break;
      case '\\':
        escaped += "\\\\";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

nlohmann::ordered_json json_of(const RunFact& fact) {
  return std::visit([](const auto& value) { return nlohmann::ordered_json(value); }, fact);
}

}  // namespace

std::string format_failures(std::span<const Failure> failures) {
  std::string text = "target\tstage\tkind\tmessage\n";
  for (const auto& failure : failures) {
    text += escape_cell(failure.target) + '\t' + escape_cell(failure.stage) + '\t';
    text += escape_cell(failure.kind) + '\t' + escape_cell(failure.message) + '\n';
  }
  return text;
}

void write_failures(const std::filesystem::path& path, std::span<const Failure> failures) {
  io::write_file_atomically(path, format_failures(failures));
}

std::string format_run_facts(const RunFacts& facts) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  for (const auto& [name, fact] : facts) json[name] = json_of(fact);
  return score::format_json(json);
}

void write_run_facts(const std::filesystem::path& path, const RunFacts& facts) {
  io::write_file_atomically(path, format_run_facts(facts));
}

}  // namespace foldstream::workflows::report
