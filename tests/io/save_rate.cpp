// Prints what saving and finding tasks costs, beside the plain writes it cannot do without.
// io.save_rate FOLDER [COUNT]: works in FOLDER/save_rate, which it removes; COUNT empty tasks
// (200,000), and fewer of the larger ones.
#include <foldstream/io/run_store.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <thread>
#include <vector>

namespace foldstream::io {
namespace {

namespace fs = std::filesystem;

template <class Action>
double seconds_of(Action&& action) {
  const auto began = std::chrono::steady_clock::now();
  action();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

void print(const std::string& what, double seconds, std::uint64_t count, std::uint64_t bytes) {
  const double each = seconds / static_cast<double>(count);
  std::printf("%-44s %10.2f us  %10.0f /s", what.c_str(), each * 1e6, 1 / each);
  if (bytes > 0) std::printf("  %8.1f MB/s", static_cast<double>(bytes) / each / 1e6);
  std::printf("\n");
}

Key key_for(std::uint64_t number) {
  return {number * 0x9E3779B97F4A7C15u, number * 0xC2B2AE3D27D4EB4Fu};
}

/// A task as the engine makes them, with `fields` tensors of `bytes`.
StoredTask task_for(std::uint64_t number, int fields, std::uint64_t bytes) {
  StoredTask task{"target_" + std::to_string(number / 6), "predict", 0.25, {{"model", {}}}, {}};
  task.fields = "predict 2 seed=7\nmsa=" + to_string(key_for(number));
  for (int i = 0; i < fields; ++i) {
    Tensor tensor(DType::f32, {static_cast<std::int64_t>(bytes / 400), 100});
    tensor.mutable_values<float>()[0] = static_cast<float>(number);
    task.outputs["model"]["field_" + std::to_string(i)] = {tensor, "angstrom", {"residue", "bin"}};
  }
  return task;
}

/// Plain appending writes of so many bytes.
void time_writes(const fs::path& path, std::uint64_t count, std::uint64_t bytes) {
  const std::string block(bytes, 'x');
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  bool is_good = true;
  const double seconds = seconds_of([&] {
    for (std::uint64_t i = 0; i < count; ++i)
      is_good &= ::pwrite(file, block.data(), bytes, static_cast<off_t>(i * bytes)) > 0;
  });
  const double sync = seconds_of([&] { is_good &= ::fdatasync(file) == 0; });
  ::close(file);
  fs::remove(path);
  print("write() of " + std::to_string(bytes) + " bytes", seconds, count, bytes);
  print("  with one fdatasync at the end", seconds + sync, count, bytes);
  if (!is_good) std::printf("  but some failed\n");
}

/// Saves `count` tasks from each of so many threads, then flushes.
void time_saves(const fs::path& folder, int threads, std::uint64_t count, int fields,
                std::uint64_t bytes) {
  std::vector<StoredTask> tasks;
  for (std::uint64_t i = 0; i < std::min<std::uint64_t>(count, 64); ++i)
    tasks.push_back(task_for(i, fields, bytes));
  RunStore store(folder, 0);
  const auto save = [&](std::uint64_t first) {
    for (std::uint64_t i = first; i < first + count; ++i)
      store.save(key_for(i), tasks[i % tasks.size()]);
  };
  const double saving = seconds_of([&] {
    std::vector<std::jthread> all;
    for (int t = 0; t < threads; ++t) all.emplace_back(save, count * static_cast<unsigned>(t));
  });
  const double flushing = seconds_of([&] { store.flush(); });
  const auto total = count * static_cast<unsigned>(threads);
  const std::uint64_t size = static_cast<unsigned>(fields) * bytes;
  print("save of " + std::to_string(fields) + " x " + std::to_string(bytes) + " bytes, " +
            std::to_string(threads) + " thread(s)",
        saving, total, size);
  print("  with the last flush", saving + flushing, total, size);
}

void time_saves_and_opening(const fs::path& folder, int threads, std::uint64_t count, int fields,
                            std::uint64_t bytes) {
  time_saves(folder, threads, count, fields, bytes);
  const double opening = seconds_of([&] { RunStore store(folder); });
  print("  opening it, per record", opening, count * static_cast<unsigned>(threads), 0);
  fs::remove_all(folder);
}

void measure(const fs::path& folder, std::uint64_t count) {
  fs::create_directories(folder);
  time_writes(folder / "raw", count, 200);
  time_saves_and_opening(folder / "empty", 1, count, 0, 0);
  time_saves_and_opening(folder / "empty2", 2, count / 2, 0, 0);
  time_writes(folder / "raw", count / 10, 1200);
  time_saves_and_opening(folder / "small", 1, count / 10, 1, 1200);
  time_saves_and_opening(folder / "five", 1, count / 20, 5, 1200);
  time_writes(folder / "raw", 1000, 1'048'400);
  time_saves_and_opening(folder / "large", 1, 1000, 1, 1'048'400);
  fs::remove_all(folder);
}

}  // namespace
}  // namespace foldstream::io

int main(int count, char** arguments) {
  if (count < 2) {
    std::fprintf(stderr, "io.save_rate FOLDER [COUNT]\n");
    return 2;
  }
  const std::uint64_t tasks = count > 2 ? std::stoull(arguments[2]) : 200'000;
  foldstream::io::measure(std::filesystem::path(arguments[1]) / "save_rate", tasks);
  return 0;
}
