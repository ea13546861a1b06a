#include "stream.hpp"

#include "areas.hpp"
#include "launch.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <stdexcept>

namespace foldstream::bench {
namespace {

/// A folder of its own beneath another one; removed at the end.
class ScratchFolder {
 public:
  explicit ScratchFolder(const std::filesystem::path& parent) {
    std::string path = (parent / "foldstream-bench-XXXXXX").string();
    if (mkdtemp(path.data()) == nullptr)
      throw std::runtime_error("cannot make a folder in " + parent.string() + ".");
    path_ = path;
  }
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

void print(const std::vector<Bar>& bars, const AreaOptions& options) {
  fmt::print("{}\n", options.json ? format_bars_json(bars, "stream") : format_bars(bars, "peer"));
  std::fflush(stdout);
}

void run_alone(const AreaOptions& options, const std::string& parent) {
  const ScratchFolder folder(parent.empty() ? std::filesystem::temp_directory_path()
                                            : std::filesystem::path(parent));
  std::vector<Bar> bars = disk_bars(folder.path(), options.quick);
  std::ranges::move(hub_bars(options.quick), std::back_inserter(bars));
  print(bars, options);
  if (!options.json)
    fmt::print("one file that two ranks share: not measured, the HDF5 in use has no MPI.\n\n");
}

}  // namespace

void add_stream(CLI::App& app, const AreaOptions& shared) {
  CLI::App* command = app.add_subcommand(
      "stream", "Streams on the disk, between threads and between ranks, beside plain means");
  const auto folder = std::make_shared<std::string>();
  command->add_option("--folder", *folder, "write there; default: the folder of temporary files");
  command->callback([&shared, folder] {
#ifdef FOLDSTREAM_BENCH_MPI
    if (is_rank()) {
      if (const auto bars = rank_bars(shared.quick); !bars.empty()) print(bars, shared);
      return;
    }
#endif
    run_alone(shared, *folder);
#ifdef FOLDSTREAM_BENCH_MPI
    std::fflush(stdout);
    start_on_ranks("stream", shared);
#endif
  });
}

}  // namespace foldstream::bench
