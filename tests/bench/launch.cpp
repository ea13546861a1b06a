#include "launch.hpp"

#include <foldstream/error.hpp>
#include <foldstream/mpi/session.hpp>

#include <unistd.h>

#include <cstdlib>
#include <vector>

namespace foldstream::bench {

std::string own_program() {
  std::string path(4096, '\0');
  const auto length = readlink("/proc/self/exe", path.data(), path.size());
  path.resize(length > 0 ? static_cast<std::size_t>(length) : 0);
  return path;
}

void start_on_ranks(const std::string& area, const AreaOptions& options) {
  std::vector<std::string> words = {"sh", FOLDSTREAM_LAUNCHER, "2", own_program(), area};
  if (options.quick) words.emplace_back("--quick");
  if (options.json) words.emplace_back("--json");
  if (!options.only.empty()) words.emplace_back("--only=" + options.only);
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  execv("/bin/sh", arguments.data());
  throw Error(ErrorKind::Io, std::string("cannot start ") + FOLDSTREAM_LAUNCHER +
                                 ". Start it yourself: mpirun -n 2 foldstream-bench " + area);
}

bool is_rank() {
  return mpi::Session::is_launched([](const char* name) { return std::getenv(name); });
}

}  // namespace foldstream::bench
