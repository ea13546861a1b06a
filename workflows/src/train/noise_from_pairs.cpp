#include "noise.hpp"
#include "pairs.hpp"

#include <foldstream/workflows/train/train.hpp>

namespace foldstream::workflows::train {

std::filesystem::path measure_noise(const std::filesystem::path& folder,
                                    const TrainOptions& options, const Context& context) {
  const std::vector<KnownPair> pairs = read_pairs(folder);
  std::vector<KnownMap> maps;
  for (const KnownPair& pair : pairs) {
    context.report(static_cast<double>(maps.size()) / static_cast<double>(4 * pairs.size()),
                   "couplings of " + pair.name);
    for (predict::PairMap& z : maps_of(pair, context)) maps.push_back({&pair.chain, std::move(z)});
  }
  io::Safetensors file = NoiseTables::measure(maps).file();
  file.metadata = {{"model", "scatter of couplings"}, {"pairs", std::to_string(pairs.size())}};
  std::filesystem::create_directories(options.out);
  const auto path = options.out / "potts-noise.safetensors";
  io::write_safetensors(path, file);
  return path;
}

}  // namespace foldstream::workflows::train
