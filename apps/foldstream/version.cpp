#include "commands.hpp"

#include <fmt/core.h>

namespace foldstream::apps {

std::string version_text() { return "foldstream " FOLDSTREAM_VERSION; }

void add_version(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("version", "Print the version");
  command->callback([&action] {
    action = [] {
      fmt::print("{}\n", version_text());
      return all_done;
    };
  });
}

}  // namespace foldstream::apps
