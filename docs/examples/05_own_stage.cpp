// A stage of your own, written as the packaged ones are, on several targets.
//
//   chain ─> [hydropathy] ─> profile
//
// What makes a stage: options with defaults, a function that makes its Task from them, ports with
// types of its own (a Codec each, so that results can be stored and sent), an identity of all that
// changes the result, an estimate of its cost, and reports while it runs. Prints the progress of
// three targets (lines mixed: they run at the same time), where each is most hydrophobic, and
// "first 3 computed, then 3 reused": run again with the same store, nothing is computed.
#include <foldstream/graph.hpp>
#include <foldstream/thread_executor.hpp>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <exception>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct Chain {
  std::string residues;
};

/// The mean hydropathy around each residue.
struct Profile {
  std::vector<float> values;
};

template <>
struct foldstream::Codec<Chain> {
  static constexpr std::string_view name = "chain";
  static Record encode(const Chain& chain) { return {{"residues", text_field(chain.residues)}}; }
  static Chain decode(const Record& record) { return {field_text(record, "residues")}; }
};

template <>
struct foldstream::Codec<Profile> {
  static constexpr std::string_view name = "hydropathy profile";
  static Record encode(const Profile& profile) {
    return {{"values", {Tensor::of(profile.values), "1", {"residue"}}}};
  }
  static Profile decode(const Record& record) {
    const auto values = field(record, "values").tensor.values<float>();
    return {{values.begin(), values.end()}};
  }
};

namespace {

using foldstream::Context;
using foldstream::Event;
using foldstream::PortType;
using foldstream::State;
using foldstream::Value;
using foldstream::Values;

/// How to average hydropathy along a chain.
struct HydropathyOptions {
  int window = 9;  ///< residues, centred; odd, ≥ 1
  // speed only
  int block = 100;  ///< residues that one thread does at a time; ≥ 1
};

/// Kyte and Doolittle's scale; 0 for what is no amino acid.
float hydropathy(char residue) {
  static const std::map<char, float> scale = {
      {'A', 1.8F},  {'R', -4.5F}, {'N', -3.5F}, {'D', -3.5F}, {'C', 2.5F},
      {'Q', -3.5F}, {'E', -3.5F}, {'G', -0.4F}, {'H', -3.2F}, {'I', 4.5F},
      {'L', 3.8F},  {'K', -3.9F}, {'M', 1.9F},  {'F', 2.8F},  {'P', -1.6F},
      {'S', -0.8F}, {'T', -0.7F}, {'W', -0.9F}, {'Y', -1.3F}, {'V', 4.2F}};
  const auto found = scale.find(residue);
  return found == scale.end() ? 0.0F : found->second;
}

float mean_around(const std::string& residues, int centre, int window) {
  const int begin = std::max(0, centre - window / 2);
  const int end = std::min(static_cast<int>(residues.size()), centre + window / 2 + 1);
  float sum = 0;
  for (int i = begin; i < end; ++i) sum += hydropathy(residues[static_cast<std::size_t>(i)]);
  return sum / static_cast<float>(end - begin);
}

/// The same for any number of threads: each block is computed by one.
Profile make_profile(const std::string& residues, const HydropathyOptions& options,
                     const Context& context) {
  const int length = static_cast<int>(residues.size());
  const int blocks = (length + options.block - 1) / options.block;
  Profile profile{std::vector<float>(residues.size())};
  std::atomic<int> finished = 0;
  foldstream::parallel_for(context, blocks, [&](int block) {  // ends early if it is cancelled
    const int end = std::min(length, (block + 1) * options.block);
    for (int i = block * options.block; i < end; ++i)
      profile.values[static_cast<std::size_t>(i)] = mean_around(residues, i, options.window);
    context.report(static_cast<double>(++finished) / blocks, "averaging");
  });
  return profile;
}

/// Input "chain", output "profile".
/// @throws Error{InvalidArgument} for an option out of range.
foldstream::Task hydropathy_task(const HydropathyOptions& options = {},
                                 std::string name = "hydropathy") {
  if (options.window < 1 || options.window % 2 == 0 || options.block < 1)
    throw foldstream::Error(foldstream::ErrorKind::InvalidArgument,
                            "hydropathy needs an odd window and a block of 1 residue or more.");
  foldstream::Task task;
  task.name = std::move(name);
  task.inputs = {{"chain", PortType::of<Chain>(), "what to look at"}};
  task.outputs = {{"profile", PortType::of<Profile>(), "a value for each residue"}};
  task.identity = "hydropathy 1\nwindow=" + std::to_string(options.window);  // not of the block
  task.max_threads = 8;
  task.cost = [window = options.window](const foldstream::Magnitudes& size) {
    const auto length = size.find("length");
    const double residues = length == size.end() ? 300 : length->second;
    return foldstream::Cost{20e-9 * window * residues, static_cast<std::uint64_t>(5 * residues)};
  };
  task.body = [options](const Values& inputs, const Context& context) -> Values {
    const std::string& residues = inputs.at("chain").as<Chain>().residues;
    return {{"profile", Value::of(make_profile(residues, options, context))}};
  };
  return task;
}

/// Prints progress, and counts how tasks ended.
class Printer final : public foldstream::Observer {
 public:
  void notify(const Event& event) override {
    if (event.what == Event::What::task_ended) ++ended[event.outcome.state];
    if (event.what != Event::What::task_progress) return;
    ++reports;
    std::printf("%s: %s %3.0f %%\n", event.target.c_str(), event.text.c_str(),
                100 * event.fraction);
  }
  int reports = 0;
  std::map<State, int> ended;
};

std::vector<foldstream::Target> make_targets(const foldstream::TaskRef& task) {
  std::vector<foldstream::Target> targets;
  for (const int length : {120, 350, 990}) {
    Chain chain;
    for (int i = 0; i < length; ++i) chain.residues += "MKTDEGSNQR"[i % 10];
    chain.residues.replace(static_cast<std::size_t>(length / 2), 9, "LIVAFILVI");
    targets.push_back({"P" + std::to_string(targets.size() + 1),
                       {{task.input("chain"), chain}},
                       {},
                       {{"length", length}}});
  }
  return targets;
}

/// The residue of each target around which it is most hydrophobic, counted from 1.
std::vector<int> find_peaks(const std::shared_ptr<foldstream::Store>& store,
                            const std::shared_ptr<Printer>& printer) {
  foldstream::Graph graph;
  const auto task = graph.add(hydropathy_task({.window = 9}));
  foldstream::ThreadExecutor executor({.threads = 2});
  auto run = executor.run_targets(graph, make_targets(task), {.store = store, .observer = printer});
  run.wait();
  std::vector<int> peaks;
  for (const foldstream::TargetOutcome& target : run.outcomes()) {
    const auto& values = run.get<Profile>(task.output("profile"), target.index).values;
    peaks.push_back(static_cast<int>(std::ranges::max_element(values) - values.begin()) + 1);
  }
  return peaks;
}

bool run_twice() {
  const auto store = std::make_shared<foldstream::MemoryStore>();
  const auto first = std::make_shared<Printer>();
  const auto second = std::make_shared<Printer>();
  const std::vector<int> peaks = find_peaks(store, first);
  const std::vector<int> again = find_peaks(store, second);

  for (std::size_t i = 0; i < peaks.size(); ++i)
    std::printf("P%zu: most hydrophobic around residue %d\n", i + 1, peaks[i]);
  std::printf("first %d computed, then %d reused\n", first->ended[State::done],
              second->ended[State::reused]);
  return peaks == std::vector<int>{65, 180, 500} && again == peaks &&
         first->reports == 2 + 4 + 10 && second->reports == 0 && first->ended[State::done] == 3 &&
         second->ended[State::reused] == 3;
}

}  // namespace

int main() {
  try {
    return run_twice() ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
