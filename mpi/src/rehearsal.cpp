#include "distributed_run.hpp"
#include "loopback_transport.hpp"

#include <foldstream/mpi/rehearsal.hpp>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <span>

namespace foldstream::mpi {
namespace {

class LoopbackLink final : public Link {
 public:
  LoopbackLink(std::shared_ptr<Mailboxes> boxes, int rank)
      : boxes_(std::move(boxes)), rank_(rank) {}

  int rank() const override { return rank_; }
  int size() const override { return boxes_->size(); }
  int fair_threads() const override { return 1; }
  std::unique_ptr<Transport> make_transport() override {
    return std::make_unique<LoopbackTransport>(boxes_, rank_);
  }
  void announce(const std::string& own) override { boxes_->announce(rank_, own); }
  std::vector<std::string> announced() const override { return boxes_->announced(); }
  std::unique_ptr<Liveness> make_liveness() override { return nullptr; }

 private:
  std::shared_ptr<Mailboxes> boxes_;
  int rank_;
};

/// One source that every rank reads through.
class SharedSource {
 public:
  SharedSource(TargetSource source, int ranks)
      : source_(std::move(source)), positions_(static_cast<std::size_t>(ranks)) {}

  /// A source that blocks holds up nobody who asks for a target before.
  std::optional<Target> next(int rank) {
    std::unique_lock lock(mutex_);
    std::size_t& position = positions_[static_cast<std::size_t>(rank)];
    while (position == targets_.size() && !is_at_end_) {
      if (is_reading_)
        changed_.wait(lock);
      else
        read(lock);
    }
    if (position == targets_.size()) return std::nullopt;
    return targets_[position++];
  }

 private:
  void read(std::unique_lock<std::mutex>& lock) {
    is_reading_ = true;
    lock.unlock();
    std::optional<Target> target;
    std::exception_ptr failure;
    try {
      target = source_();
    } catch (...) {
      failure = std::current_exception();
    }
    lock.lock();
    is_reading_ = false;
    if (target)
      targets_.push_back(std::move(*target));
    else
      is_at_end_ = failure == nullptr;
    changed_.notify_all();
    if (failure) std::rethrow_exception(failure);
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  TargetSource source_;
  std::deque<Target> targets_;
  std::vector<std::size_t> positions_;
  bool is_reading_ = false;
  bool is_at_end_ = false;
};

/// The runs of all ranks as one.
class RehearsedRun final : public RunState {
 public:
  explicit RehearsedRun(std::vector<Run> runs) : runs_(std::move(runs)) {}
  ~RehearsedRun() override { runs_.front().cancel(); }

  void wait() override {
    for (Run& run : runs_) run.wait();
  }
  bool is_finished() const override {
    for (const Run& run : runs_)
      if (!run.is_finished()) return false;
    return true;
  }
  void cancel() override { runs_.front().cancel(); }
  std::vector<TargetOutcome> outcomes() const override { return runs_.front().outcomes(); }
  Value value(const std::string& task, const std::string& port, int target_index) override {
    for (Run& run : std::span(runs_).subspan(1)) {
      try {
        return run.value(untyped_output(task, port), target_index);
      } catch (const Error& error) {
        if (error.kind() != ErrorKind::NotFound) throw;  // the next rank may have it
      }
    }
    return runs_.front().value(untyped_output(task, port), target_index);
  }

 private:
  std::vector<Run> runs_;
};

}  // namespace

std::vector<Communicator> pretend_ranks(int ranks) {
  if (ranks < 1)
    throw Error(ErrorKind::InvalidArgument,
                "a rehearsal needs 1 rank or more, not " + std::to_string(ranks) + ".");
  const auto boxes = std::make_shared<Mailboxes>(ranks);
  std::vector<Communicator> communicators;
  for (int rank = 0; rank < ranks; ++rank)
    communicators.emplace_back(std::make_shared<LoopbackLink>(boxes, rank));
  return communicators;
}

RehearsalExecutor::RehearsalExecutor(int ranks, DistributedExecutorOptions options)
    : RehearsalExecutor(std::vector<DistributedExecutorOptions>(
          static_cast<std::size_t>(std::max(0, ranks)), std::move(options))) {}

RehearsalExecutor::RehearsalExecutor(const std::vector<DistributedExecutorOptions>& options) {
  auto communicators = pretend_ranks(static_cast<int>(options.size()));
  for (std::size_t rank = 0; rank < options.size(); ++rank)
    executors_.push_back(
        std::make_unique<DistributedExecutor>(std::move(communicators[rank]), options[rank]));
}

RehearsalExecutor::~RehearsalExecutor() = default;

Run RehearsalExecutor::run_source(const Graph& graph, TargetSource source, RunOptions options) {
  const auto shared =
      std::make_shared<SharedSource>(std::move(source), static_cast<int>(executors_.size()));
  std::vector<Run> runs;
  for (std::size_t rank = 0; rank < executors_.size(); ++rank)
    runs.push_back(executors_[rank]->run_source(
        graph, [shared, rank] { return shared->next(static_cast<int>(rank)); }, options));
  return Run(std::make_shared<RehearsedRun>(std::move(runs)));
}

}  // namespace foldstream::mpi
