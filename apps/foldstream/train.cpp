#include "commands.hpp"
#include "interrupt.hpp"
#include "progress.hpp"

#include <foldstream/error.hpp>
#include <foldstream/thread_executor.hpp>
#include <foldstream/workflows/train/train.hpp>

#include <fmt/core.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <mutex>
#include <thread>

namespace foldstream::apps {
namespace {

namespace fs = std::filesystem;
namespace train = workflows::train;

struct TrainArguments {
  std::string what;
  train::TrainOptions options;
  train::DistanceTraining inputs;
  int threads = 0;
};

/// Prints epochs on standard output and one live line on a terminal.
class TrainingLog {
 public:
  TrainingLog() : is_terminal_(isatty(STDERR_FILENO) != 0) {}

  void epoch(const train::Epoch& epoch) {
    const std::lock_guard lock(mutex_);
    wipe();
    fmt::print("{} epoch {}/{}  loss {:.4f}  held out: {}  {}\n", epoch.phase, epoch.number,
               epoch.count, epoch.training, epoch.held_out, clock_text(epoch.seconds));
    std::fflush(stdout);
  }
  void progress(double fraction, std::string_view what) {
    const std::lock_guard lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    if (!is_terminal_ || now - drawn_ < std::chrono::milliseconds(200)) return;
    drawn_ = now;
    fmt::print(stderr, "\r\x1b[K{:3.0f} %  {}", 100 * fraction, what);
    std::fflush(stderr);
  }
  void wipe() const {
    if (is_terminal_) fmt::print(stderr, "\r\x1b[K");
  }

 private:
  const bool is_terminal_;
  std::mutex mutex_;
  std::chrono::steady_clock::time_point drawn_{};
};

/// Passes a signal on as a request to stop for as long as it lives.
class StopOnSignal {
 public:
  explicit StopOnSignal(std::stop_source& stop)
      : watcher_([this, &stop](const std::stop_token& end) {
          while (!end.stop_requested()) {
            if (interrupt_.signal() != 0) stop.request_stop();
            std::this_thread::sleep_for(std::chrono::milliseconds(100));
          }
        }) {}

 private:
  Interrupt interrupt_;
  std::jthread watcher_;
};

fs::path run_training(const TrainArguments& arguments, const Context& context) {
  if (arguments.what == "local") return train::train_local(arguments.options, context);
  if (arguments.what == "mirror") return train::train_mirror(arguments.options, context);
  if (arguments.what == "noise") {
    return train::measure_noise(arguments.inputs.pairs, arguments.options, context);
  }
  return train::train_distance(arguments.options, arguments.inputs, context);
}

int run(TrainArguments arguments) {
  TrainingLog log;
  std::stop_source stop;
  const StopOnSignal watch(stop);
  Context context;
  context.threads = arguments.threads > 0 ? arguments.threads : usable_threads();
  context.stop = stop.get_token();
  context.progress = [&](double fraction, std::string_view what) { log.progress(fraction, what); };
  arguments.options.on_epoch = [&](const train::Epoch& epoch) { log.epoch(epoch); };
  try {
    const fs::path file = run_training(arguments, context);
    log.wipe();
    fmt::print("{}\n", file.string());
    return all_done;
  } catch (const Error& error) {
    log.wipe();
    if (error.kind() != ErrorKind::Cancelled) throw;
    fmt::print(stderr, "foldstream: stopped; the same command goes on from the checkpoint in {}\n",
               arguments.options.out.string());
    return drained;
  }
}

CLI::App* add_kind(CLI::App& parent, Action& action, const std::string& name,
                   const std::string& about, const std::string& example,
                   const std::shared_ptr<TrainArguments>& arguments) {
  CLI::App* command = parent.add_subcommand(name, about);
  command->add_option("-o,--out", arguments->options.out, "folder of the weights and checkpoints")
      ->required();
  command->add_option("--threads", arguments->threads, "0 = all that are open to this process")
      ->capture_default_str()
      ->check(CLI::Range(0, 4096));
  command->footer("Example:\n  " + example);
  command->callback([&action, arguments, name] {
    action = [arguments, name] {
      arguments->what = name;
      return run(*arguments);
    };
  });
  return command;
}

void add_structures(CLI::App* command, TrainArguments& arguments) {
  command->add_option("--structures", arguments.options.structures, "chain library (HDF5)")
      ->required()
      ->check(CLI::ExistingFile);
}

void add_schedule(CLI::App* command, TrainArguments& arguments) {
  command
      ->add_option("--seed", arguments.options.seed, "the same seed and data give the same weights")
      ->capture_default_str();
  command
      ->add_option("--length", arguments.options.length,
                   "of the training, as a multiple of the default")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
}

}  // namespace

void add_train(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand(
      "train", "Make the weights of the built-in predictor anew, from solved structures");
  command->require_subcommand(1);
  const auto arguments = std::make_shared<TrainArguments>();
  CLI::App* local = add_kind(*command, action, "local",
                             "The network for secondary structure and torsions",
                             "foldstream train local --structures structures.h5 -o weights", arguments);
  add_structures(local, *arguments);
  add_schedule(local, *arguments);
  CLI::App* noise = add_kind(*command, action, "noise",
                             "How couplings scatter about the truth, from known pairs",
                             "foldstream train noise --pairs pairs -o weights", arguments);
  noise->add_option("--pairs", arguments->inputs.pairs, "folder of alignments with structures")
      ->required()
      ->check(CLI::ExistingDirectory);
  CLI::App* distance =
      add_kind(*command, action, "distance", "The network from couplings to distances",
                                "foldstream train distance --structures structures.h5 -o weights",
                                arguments);
  add_structures(distance, *arguments);
  add_schedule(distance, *arguments);
  distance->add_option("--local", arguments->inputs.local, "weights of the local network; default: built in")
      ->check(CLI::ExistingFile);
  distance->add_option("--noise", arguments->inputs.noise, "what 'train noise' wrote; default: built in")
      ->check(CLI::ExistingFile);
  distance
      ->add_option("--pairs", arguments->inputs.pairs,
                   "folder of alignments with structures, only judged")
      ->check(CLI::ExistingDirectory);
  CLI::App* mirror =
      add_kind(*command, action, "mirror", "Tables that tell folds from mirror images",
               "foldstream train mirror --structures structures.h5 -o weights", arguments);
  add_structures(mirror, *arguments);
  command->footer(
      "Each can be stopped and goes on when run again. The order is local, noise, distance;\n"
      "'data/models/README.md' in the sources has the commands behind the built-in weights.");
}

}  // namespace foldstream::apps
