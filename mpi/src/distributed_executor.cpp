#include "distributed_run.hpp"

#include <foldstream/mpi/distributed_executor.hpp>

namespace foldstream::mpi {
namespace {

void check_options(const DistributedExecutorOptions& options) {
  if (options.lease_depth < 1)
    throw Error(ErrorKind::InvalidArgument,
                "lease_depth must be 1 or more, not " + std::to_string(options.lease_depth) + ".");
  if (options.silence_seconds < 0 || options.start_seconds < 0)
    throw Error(ErrorKind::InvalidArgument,
                "silence_seconds and start_seconds must be 0 (for ever) or more.");
}

}  // namespace

/// What its runs share. A run may outlive it, but not its own traffic: that ends in the destructor.
class DistributedExecutor::Parts {
 public:
  Parts(const Communicator& communicator, const DistributedExecutorOptions& options)
      : worker{1, options.lease_depth, options.start_seconds, options.silence_seconds},
        threads(std::make_shared<ThreadExecutor>(ThreadExecutorOptions{
            options.threads == 0 ? communicator.fair_threads() : options.threads,
            options.memory_bytes})),
        exchange(communicator.link().make_transport()) {}

  WorkerOptions worker;
  std::shared_ptr<ThreadExecutor> threads;
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

Run DistributedExecutor::run_source(const Graph& graph, TargetSource source, RunOptions options) {
  const auto run = std::make_shared<DistributedRun>(
      graph, std::move(source), std::move(options),
      RunParts{communicator_.rank(), communicator_.size(), parts_->worker, parts_->threads,
               &parts_->exchange});
  parts_->exchange.add(run);
  run->start();
  // the handle's own count: the exchange holds the run as well
  return Run(std::shared_ptr<RunState>(run.get(), [run](RunState*) { run->end(); }));
}

}  // namespace foldstream::mpi
