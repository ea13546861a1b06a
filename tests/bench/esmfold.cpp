#include "esmfold.hpp"

#include "areas.hpp"
#include "peak_memory.hpp"
#include "predict/esmfold/folding_model.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <ctime>

namespace foldstream::bench {
namespace {

using namespace workflows::predict::esmfold;

double wall_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

struct Measured {
  double wall = 1e300, cpu = 1e300;  ///< the least
  std::uint64_t growth = 0;          ///< of resident memory at its highest, bytes
};

/// Once more than `repeats`: the first warms up.
void measure(Measured& measured, bool counts, const std::function<void()>& body) {
  reset_peak();
  const std::uint64_t before = peak_bytes();  // just reset: what is resident now
  const double wall = wall_seconds(), cpu = cpu_seconds();
  body();
  if (!counts) return;
  measured.wall = std::min(measured.wall, wall_seconds() - wall);
  measured.cpu = std::min(measured.cpu, cpu_seconds() - cpu);
  measured.growth = std::max(measured.growth, peak_bytes() - before);
}

FoldInput protein(int length) {
  std::string residues;
  for (int i = 0; i < length; ++i) residues += "ARNDCQEGHILKMFPSTWYV"[(7 * i + i / 20) % 20];
  return encode_chains({residues});
}

RunOptions run_options(const EsmfoldOptions& options) { return {.threads = options.threads}; }

Placement place_of(const EsmfoldOptions& options) { return {options.device, options.is_bf16}; }

void add(std::vector<Bar>& bars, const std::string& name, const Measured& own, double operations,
         const EsmfoldOptions& options) {
  const bool is_cpu = options.device == "cpu";
  bars.push_back({name + ": wall", own.wall, "s"});
  if (is_cpu) bars.push_back({name + ": processor time", own.cpu, "s"});
  bars.push_back({name + ": operations", operations / own.wall * 1e-9, "GFLOP/s"});
  if (is_cpu) bars.push_back({name + ": memory", static_cast<double>(own.growth) * 1e-6, "MB"});
}

void language_bars(std::vector<Bar>& bars, const EsmfoldOptions& options) {
  ModelConfig config = published_esmfold();
  config.language = options.language == "3B" ? esm2_3b() : esm2_650m();
  if (options.quick) config.language.layers = 2;
  config.folding->trunk.blocks = 1;
  const OpenedModel model = random_model(config);
  const auto part = load_language_part(model, place_of(options));
  for (const int length : options.lengths) {
    const auto products = language_products(model, length, options);
    Measured own, peer;
    for (int i = 0; i <= options.repeats; ++i) {
      measure(own, i > 0, [&] { part->embed(protein(length), run_options(options)); });
      measure(peer, i > 0, products);
    }
    const std::string name = fmt::format("language model {}, L = {}", options.language, length);
    add(bars, name, own, embed_operations(config.language, length), options);
    const bool is_cpu = options.device == "cpu";
    bars.push_back({name + ": speed beside its products alone",
                    is_cpu ? peer.cpu / own.cpu : peer.wall / own.wall, "1", {}, 0.9, false,
                    "products, s", is_cpu ? peer.cpu : peer.wall});
  }
}

void trunk_bars(std::vector<Bar>& bars, const EsmfoldOptions& options) {
  ModelConfig config = published_esmfold();
  config.language.layers = 1;
  config.folding->trunk.blocks = options.quick ? 1 : options.blocks;
  const OpenedModel model = random_model(config);
  const auto part = load_folding_part(model, place_of(options));
  for (const int length : options.lengths) {
    const FoldInput input = protein(length);
    const Tensor representation(DType::f32, {length, config.folding->trunk.sequence_dim});
    Measured own;
    for (int i = 0; i <= options.repeats; ++i)
      measure(own, i > 0 || options.repeats == 1, [&] {
        part->begin(input, representation)->pass(run_options(options));
      });
    add(bars, fmt::format("trunk and structure module, {} blocks, L = {}", config.folding->trunk.blocks, length),
        own, pass_operations(*config.folding, length), options);
  }
}

void write_model(const EsmfoldOptions& options) {
  ModelConfig config = published_esmfold();
  config.language = options.language == "3B" ? esm2_3b() : esm2_650m();
  config.folding->trunk.blocks = options.blocks;
  write_random_model(options.folder, config);
  fmt::print("{}: {:.2f} billion random weights\n", options.folder,
             1e-9 * static_cast<double>(parameter_count(config)));
}

int run(const EsmfoldOptions& options, const AreaOptions& shared) {
  if (!options.folder.empty()) return write_model(options), 0;
  std::vector<Bar> bars;
  if (options.only != "trunk") language_bars(bars, options);
  if (options.only != "language") trunk_bars(bars, options);
  if (shared.json)
    fmt::print("{}", format_bars_json(bars, "esmfold"));
  else
    fmt::print("{}", format_bars(bars, "products"));
  return 0;
}

}  // namespace

void add_esmfold(CLI::App& app, const AreaOptions& shared) {
  CLI::App* area = app.add_subcommand("esmfold", "ESMFold's parts at their published size, random weights");
  const auto options = std::make_shared<EsmfoldOptions>();
  area->add_option("--lengths", options->lengths, "residues")->delimiter(',');
  area->add_option("--threads", options->threads, "on the CPU")->capture_default_str();
  area->add_option("--blocks", options->blocks, "of the trunk")->capture_default_str();
  area->add_option("--repeats", options->repeats, "the least counts")->capture_default_str();
  area->add_option("--device", options->device, "cpu, cuda:0")->capture_default_str();
  area->add_option("--language", options->language, "650M or 3B")->capture_default_str();
  area->add_flag("--bf16", options->is_bf16, "weights and inputs of products in bf16");
  area->add_option("--write-model", options->folder,
                   "write a model of --language and --blocks into this folder, to run the command on");
  area->add_option("--part", options->only, "language or trunk");
  area->callback([&shared, options] {
    options->quick = shared.quick;
    if (shared.quick) options->lengths = {48}, options->repeats = 1;
    run(*options, shared);
  });
}

}  // namespace foldstream::bench
