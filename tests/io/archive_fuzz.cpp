// Damaged and hostile files of weights: whatever the bytes, the readers give tensors or an Error.
// usage: archive_fuzz [SECONDS [SEED]]
#include "io/zip_text.hpp"
#include "test_support.hpp"

#include <foldstream/io/tensor_archive.hpp>
#include <foldstream/store.hpp>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <random>

namespace foldstream::io {
namespace {

using namespace test;
namespace fs = std::filesystem;

std::vector<std::string> seeds() {
  const std::string four(16, '\x3c');
  const std::string header = R"({"__metadata__":{"a":"b"},"x":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}})";
  const std::string array =
      npy("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 2), }\n", four);
  return {checkpoint({{"a", pickled_tensor("FloatStorage", "0", 4, 0, {2, 2}, {1, 2})},
                      {"b", "}(" + pickled_text("c") + pickled_tensor("HalfStorage", "0", 4, 1, {3}, {1}) + "u"}},
                     four)
              .text(),
          little(header.size(), 8) + header + four, ZipFile{{{"scope//w.npy", array}}}.text()};
}

std::string mutated(std::string text, std::mt19937_64& random) {
  const auto pick = [&](std::size_t below) { return static_cast<std::size_t>(random() % below); };
  for (std::size_t changes = 1 + pick(4); changes > 0 && !text.empty(); --changes) {
    const std::size_t at = pick(text.size());
    switch (pick(6)) {
      case 0: text[at] = static_cast<char>(random()); break;
      case 1: text[at] = static_cast<char>(text[at] ^ (1U << pick(8))); break;
      case 2: text.erase(at, 1 + pick(8)); break;
      case 3: text.insert(at, text.substr(pick(text.size()), 1 + pick(16))); break;
      case 4: text.resize(at); break;
      default: text.replace(at, 4, little(pick(2) == 0 ? ~0ULL : random(), 4)); break;
    }
  }
  return text;
}

/// Whether it was read.
bool try_to_read(const fs::path& path) {
  try {
    const TensorArchive archive = TensorArchive::open(path);
    for (const auto& [name, tensor] : archive.all()) static_cast<void>(key_of(std::string_view(
        reinterpret_cast<const char*>(tensor.raw().data()), tensor.bytes())));
    return true;
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::Internal) throw;
    return false;
  }
}

int fuzz(double seconds, std::uint64_t seed) {
  const foldstream::test::TemporaryFolder folder;
  const std::vector<std::string> whole = seeds();
  for (const std::string& text : whole)
    if (!try_to_read(folder.write("whole", text))) return std::cerr << "a whole file is refused\n", 1;
  std::mt19937_64 random(seed);
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  std::uint64_t runs = 0, read = 0;
  for (; std::chrono::steady_clock::now() < end; ++runs)
    read += try_to_read(folder.write("file", mutated(whole[random() % whole.size()], random))) ? 1 : 0;
  std::cout << runs << " files, " << read << " of them read, all others refused\n";
  return 0;
}

}  // namespace
}  // namespace foldstream::io

int main(int argc, char** argv) {
  return foldstream::io::fuzz(argc > 1 ? std::atof(argv[1]) : 2,
                              argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1);
}
