// Resources: what a machine has, and what of it a task was granted.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace foldstream {

/// Which threads a task runs on. Each arena has a width of its own, so that waiting for a disk or a
/// device takes no thread from those that compute.
enum class Arena : std::uint8_t {
  work,   ///< computes on the processor
  model,  ///< drives a device
  io,     ///< mostly waits for files
};

inline constexpr int arena_count = 3;

/// An accelerator, known by its name.
struct Device {
  std::string kind;         ///< "cuda"
  std::string name;         ///< "cuda:0"; no two of a machine are called the same
  std::uint64_t bytes = 0;  ///< of its memory
};

/// What the tasks of an executor may hold together at any time.
struct Capacity {
  int threads = 1;                  ///< of Arena::work; ≥ 1
  std::uint64_t memory_bytes = 0;   ///< 0 = no limit
  std::uint64_t scratch_bytes = 0;  ///< of temporary files; 0 = no limit
  std::vector<Device> devices = {};
  std::map<std::string, int> tokens = {};  ///< anything else that is scarce, by name: {"licence", 2}
  int model_threads = 1;
  int io_threads = 2;
};

/// What a task needs of such things besides threads and what its Cost says.
struct Needs {
  Arena arena = Arena::work;
  std::string device = {};  ///< a kind of device, or "any"; its memory is in the Cost; empty = none
  std::map<std::string, int> tokens = {};  ///< how many of each
};

}  // namespace foldstream
