#include "distributed_run.hpp"

#include <foldstream/mpi/distributed_executor.hpp>

#include <algorithm>

namespace foldstream::mpi {
namespace {

constexpr int targets_per_thread = 4;  // in work at once, if a target's parts run on several ranks

void check_options(const DistributedExecutorOptions& options) {
  if (options.lease_depth < 1)
    throw Error(ErrorKind::InvalidArgument,
                "lease_depth must be 1 or more, not " + std::to_string(options.lease_depth) + ".");
  if (options.silence_seconds < 0 || options.start_seconds < 0)
    throw Error(ErrorKind::InvalidArgument,
                "silence_seconds and start_seconds must be 0 (for ever) or more.");
  if (options.run_ahead < 0)
    throw Error(ErrorKind::InvalidArgument,
                "run_ahead must be 0 (chosen) or more, not " + std::to_string(options.run_ahead) +
                    ".");
}

ThreadExecutorOptions thread_options(const Communicator& communicator,
                                     const DistributedExecutorOptions& options) {
  ThreadExecutorOptions threads;
  threads.threads = options.threads == 0 ? communicator.fair_threads() : options.threads;
  threads.memory_bytes = options.memory_bytes;
  threads.devices = options.devices;
  threads.on_thread = options.on_thread;
  return threads;
}

void announce(const Communicator& communicator, const DistributedExecutorOptions& options,
              int threads) {
  RankFacts own{options.roles, {}, threads};
  for (const Device& device : options.devices) own.device_kinds.push_back(device.kind);
  communicator.link().announce(encode(own), options.start_seconds);
}

std::vector<RankFacts> announced_facts(const Communicator& communicator) {
  std::vector<RankFacts> facts;
  for (const std::string& text : communicator.link().announced())
    facts.push_back(text.empty() ? RankFacts() : decode_facts(text));
  return facts;
}

/// How many targets may be in work.
int chosen_run_ahead(int wanted, const std::vector<RankFacts>& facts) {
  if (wanted > 0) return wanted;
  for (const RankFacts& rank : facts) wanted += targets_per_thread * rank.threads;
  return wanted;
}

}  // namespace

/// What its runs share. A run may outlive it, but not its own traffic: that ends in the destructor.
class DistributedExecutor::Parts {
 public:
  Parts(const Communicator& communicator, const DistributedExecutorOptions& options)
      : worker{1, options.lease_depth, options.start_seconds, options.silence_seconds},
        run_ahead(options.run_ahead),
        window_bytes(options.window_bytes),
        threads(std::make_shared<ThreadExecutor>(thread_options(communicator, options))),
        liveness(communicator.link().make_liveness(options.start_seconds)),
        survives(liveness != nullptr),
        exchange(communicator.link().make_transport(), std::move(liveness)) {
    announce(communicator, options, threads->threads());
  }

  WorkerOptions worker;
  int run_ahead;
  std::uint64_t window_bytes;
  std::shared_ptr<ThreadExecutor> threads;
  std::unique_ptr<Liveness> liveness;
  bool survives;
  Exchange exchange;
};

DistributedExecutor::DistributedExecutor(Communicator communicator,
                                         DistributedExecutorOptions options)
    : communicator_(std::move(communicator)) {
  check_options(options);
  parts_ = std::make_unique<Parts>(communicator_, options);
}

DistributedExecutor::~DistributedExecutor() = default;

int DistributedExecutor::threads() const noexcept { return parts_->threads->threads(); }

std::vector<int> DistributedExecutor::lost() const {
  const std::set<int> lost = parts_->exchange.lost();
  return {lost.begin(), lost.end()};
}

int DistributedExecutor::leader() const {
  const std::set<int> lost = parts_->exchange.lost();
  int leader = 0;
  while (lost.contains(leader)) ++leader;
  return leader;
}

Run DistributedExecutor::run_source(const Graph& graph, TargetSource source, RunOptions options) {
  RunParts parts;
  parts.rank = communicator_.rank();
  parts.worker = parts_->worker;
  parts.facts = announced_facts(communicator_);
  parts.lost = parts_->exchange.lost();
  parts.survives = parts_->survives;
  parts.run_ahead = chosen_run_ahead(parts_->run_ahead, parts.facts);
  parts.window_bytes = parts_->window_bytes;
  parts.threads = parts_->threads;
  parts.exchange = &parts_->exchange;
  const auto run = std::make_shared<DistributedRun>(graph, std::move(source), std::move(options),
                                                    std::move(parts));
  parts_->exchange.add(run);
  run->start();
  // the handle's own count: the exchange holds the run as well
  return Run(std::shared_ptr<RunState>(run.get(), [run](RunState*) { run->end(); }));
}

}  // namespace foldstream::mpi
