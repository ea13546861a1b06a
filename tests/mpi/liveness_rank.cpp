// One rank of liveness_test, in a process of its own: says on stdout what it sees ("lost 2",
// "fenced: …") and leaves when "leave" comes on stdin. Ranks meet through files in a folder.
// usage: liveness_rank FOLDER RANK RANKS SILENCE ENDS_SILENT DEATH NODE NETWORK
#include "liveness.hpp"

#include <foldstream/error.hpp>

#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

namespace foldstream::mpi {
namespace {

namespace fs = std::filesystem;

/// Waits until the file is there: it appears whole.
std::string read_when_there(const fs::path& path) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!fs::exists(path)) {
    if (std::chrono::steady_clock::now() > deadline)
      throw Error(ErrorKind::Communication, "nobody wrote " + path.string());
    poll(nullptr, 0, 2);
  }
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

Gather gather_through(const fs::path& folder, int rank, int ranks) {
  return [folder, rank, ranks, round = 0](const std::string& own) mutable {
    const std::string prefix = std::to_string(round++) + ".";
    const fs::path mine = folder / (prefix + std::to_string(rank));
    std::ofstream(mine.string() + ".part") << own;
    fs::rename(mine.string() + ".part", mine);
    std::vector<std::string> all;
    for (int i = 0; i < ranks; ++i)
      all.push_back(read_when_there(folder / (prefix + std::to_string(i))));
    return all;
  };
}

/// Whether "leave" came; ends the process when whoever started it is gone.
bool is_told_to_leave() {
  pollfd input{STDIN_FILENO, POLLIN, 0};
  if (poll(&input, 1, 5) == 0) return false;
  std::string word;
  if (!(std::cin >> word)) _exit(1);
  return word == "leave";
}

void watch(RankLiveness& liveness) {
  std::cout << "ready" << std::endl;
  bool is_fenced = false;
  while (!is_told_to_leave()) {
    for (const int rank : liveness.take_lost()) std::cout << "lost " << rank << std::endl;
    if (const std::string why = liveness.fenced(); !why.empty() && !is_fenced) {
      std::cout << "fenced: " << why << std::endl;
      is_fenced = true;
    }
  }
  liveness.leave();
}

int run(char** argv) {
  const int rank = std::stoi(argv[2]);
  const int ranks = std::stoi(argv[3]);
  LivenessOptions options;
  options.mates = {std::stod(argv[4]), std::string(argv[5]) == "1"};
  options.times = {std::stod(argv[6]) / 2, std::stod(argv[6])};
  options.node = argv[7];
  options.network = argv[8];
  RankLiveness liveness(rank, ranks, gather_through(argv[1], rank, ranks), options);
  watch(liveness);
  return 0;
}

}  // namespace
}  // namespace foldstream::mpi

int main(int argc, char** argv) {
  try {
    return argc == 9 ? foldstream::mpi::run(argv) : 2;
  } catch (const std::exception& error) {
    std::cout << "error: " << error.what() << std::endl;
    return 1;
  }
}
