// Worker: a rank's side of the protocol, as a state machine without threads, clock or transport.
#pragma once

#include "message.hpp"

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace foldstream::mpi {

struct WorkerOptions {
  int threads = 1;
  int lease_depth = 16;
  double start_seconds = 900;  ///< 0 = for ever, here and below
  double silence_seconds = 120;
};

/// The outcome of a target and the rank that it ran on.
struct EndedTarget {
  int rank = 0;
  TargetOutcome outcome;
};

/// Asks the coordinator for targets as they are taken, tells it how they end, and hears how the run
/// ends. Times are seconds since the run began. What is to be sent collects in the outbox.
///
/// The size of a lease follows the pace of the rank: about 10 ms of work, so that quick targets do
/// not wait for messages, and slow ones are not hoarded. A lease that was not begun within 50 ms is
/// given back, since the targets before it were slower than it seemed.
class Worker {
 public:
  enum class Turn { run, wait, end };
  struct Take {
    Turn turn = Turn::wait;
    int index = 0;
  };

  Worker(int rank, WorkerOptions options, const std::string& graph_digest);

  // what the rank tells

  /// The next target to run; `wait`: ask again after a message or the end of a target.
  Take take(double now);
  /// The source ended after `count` targets, by `failure` if it has one; the target last taken does
  /// not exist.
  void count_targets(int count, const Failure& failure);
  void end_target(TargetOutcome outcome, double now);
  /// Forwards what happened here, unless nobody listens.
  void tell(Event event);
  /// Asks for the end of the run on all ranks.
  void cancel();
  /// This rank cannot go on: ends the run on all ranks.
  void fail(const Failure& failure);
  /// No target runs here any more, and none will: call once, when `is_closed`.
  void finish();
  /// The other ranks cannot be reached: ends without them.
  void give_up(const std::string& why);

  // what it hears

  /// @throws Error{Communication} for a message that does not make sense.
  void on_message(const Message& message, double now);
  void tick(double now);
  std::vector<Message> take_outbox();

  // what it knows

  bool is_cancelled() const noexcept { return is_cancelled_; }
  bool is_closed() const noexcept { return is_cancelled_ || is_over_; }  ///< `take` says end
  bool has_left() const noexcept { return has_left_; }                   ///< `finish` was called
  bool is_finished() const noexcept { return is_finished_; }  ///< on all ranks, all is known
  const Failure& failure() const noexcept { return failure_; }
  int floor() const noexcept { return floor_; }
  /// Of this rank; once finished, of all ranks.
  const std::map<int, EndedTarget>& ended() const noexcept { return ended_; }

 private:
  void post(Message message);
  void request();
  void return_lease();
  void on_lease(const Message& message, double now);
  void on_outcomes(const Message& message);
  void on_finish(const Message& message);

  const int rank_;
  const WorkerOptions options_;
  std::vector<Message> outbox_;
  std::deque<int> leased_;
  double lease_began_ = 0;
  int lease_size_ = 1;
  double last_end_ = 0;
  double pace_ = 1;  ///< seconds from one end of a target to the next
  int live_ = 0;     ///< taken and not ended
  int floor_ = 0;
  bool has_asked_ = false;
  bool wants_events_ = true;
  bool is_over_ = false;
  bool is_cancelled_ = false;
  bool has_left_ = false;
  bool is_finished_ = false;
  std::optional<double> clock_offset_;  ///< coordinator's time - ours
  std::optional<double> last_heard_;
  double last_alive_ = 0;
  Failure failure_;
  std::map<int, EndedTarget> ended_;
};

}  // namespace foldstream::mpi
