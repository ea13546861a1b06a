#include "shell.hpp"

#include <foldstream/error.hpp>

#include <sys/wait.h>

#include <array>
#include <cstdio>

namespace foldstream::apps {

Output output_of(const std::string& command) {
  Output output;
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) throw Error(ErrorKind::Io, "cannot run '" + command + "'.");
  std::array<char, 4096> buffer{};
  while (const std::size_t read = std::fread(buffer.data(), 1, buffer.size(), pipe))
    output.text.append(buffer.data(), read);
  const int status = pclose(pipe);
  output.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
  while (!output.text.empty() && output.text.back() == '\n') output.text.pop_back();
  return output;
}

bool has_program(const std::string& name) { return output_of("command -v " + name).code == 0; }

}  // namespace foldstream::apps
