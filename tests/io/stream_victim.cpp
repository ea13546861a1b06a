// The program that stream_fault_test.cpp kills: appends to three streams for ever, and writes to
// <folder>/told which chunks it was told are stored.
#include "io/stream_case.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <iostream>

namespace foldstream::test {
namespace {

[[noreturn]] void run_in(const std::filesystem::path& folder) {
  const int told = ::open((folder / "told").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0666);
  io::RunStore store(folder / "run", 0);
  StreamStore& streams = *store.streams();
  for (std::uint64_t i = 0; i < 3; ++i) streams.open(stream_of(i), models_type, models_label);
  for (std::int64_t chunk = 0;; ++chunk) {
    for (std::uint64_t i = 0; i < 3; ++i) {
      const std::int64_t word = static_cast<std::int64_t>(i << 32) | chunk;
      streams.append(stream_of(i), chunk_of(models_type, chunk, 50),
                     [told, word](std::exception_ptr failure) {
                       if (failure || ::write(told, &word, sizeof word) != sizeof word) _exit(3);
                     });
    }
  }
}

}  // namespace
}  // namespace foldstream::test

int main(int, char** arguments) {
  try {
    foldstream::test::run_in(arguments[1]);
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}
