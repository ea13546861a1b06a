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

/// The outcome of a target and the ranks that it ran on, by part.
struct EndedTarget {
  std::vector<std::int32_t> ranks;
  TargetOutcome outcome;
};

/// Asks the coordinator for pieces as they are taken, tells it how they end, and hears how the run
/// ends. Times are seconds since the run began. What is to be sent collects in the outbox; all of it
/// goes to the coordinator.
///
/// The size of a lease follows the pace of the rank: about 10 ms of work, so that quick targets do
/// not wait for messages, and slow ones are not hoarded. A lease that was not begun within 50 ms is
/// given back, since the targets before it were slower than it seemed.
class Worker {
 public:
  enum class Turn { run, wait, end };
  struct Take {
    Turn turn = Turn::wait;
    LeasedPiece leased = {};
  };

  Worker(int rank, WorkerOptions options, const std::string& graph_digest);

  // what the rank tells

  /// The next piece to run; `wait`: ask again after a message or the end of a piece.
  Take take(double now);
  /// The source ended after `count` targets, by `failure` if it has one; the piece last taken is of
  /// a target that does not exist.
  void count_targets(int count, const Failure& failure, const Piece& taken);
  void open_stream(const Piece& piece, OpenedStream opened);
  void end_piece(EndedPiece ended, double now);
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
  /// The coordinator was lost and another rank has its place: greets it with all that is known here.
  void greet_anew(int coordinator, double now);

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
  /// Whether somebody listens at the coordinator's rank, as far as is known.
  bool wants_events() const noexcept { return wants_events_; }
  int floor() const noexcept { return floor_; }
  /// Ranks that were lost before the last lease.
  int losses() const noexcept { return losses_; }
  /// Of all ranks, once finished.
  const std::map<int, EndedTarget>& ended() const noexcept { return ended_; }
  /// Targets that no rank will ask values of any more, since the last call.
  std::vector<std::int32_t> take_released();

 private:
  void post(Message message);
  void post_hello();
  void request();
  void give_back(std::size_t count);
  void on_lease(const Message& message, double now);
  void on_outcomes(const Message& message);
  void on_finish(const Message& message);

  const int rank_;
  const WorkerOptions options_;
  int coordinator_ = 0;
  std::vector<Message> outbox_;
  std::deque<LeasedPiece> leased_;
  double lease_began_ = 0;
  int lease_size_ = 1;
  double last_end_ = 0;
  double pace_ = 1;  ///< seconds from one end of a piece to the next
  int live_ = 0;     ///< taken and not ended
  int floor_ = 0;
  int losses_ = 0;
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
  Hello known_;  ///< what a new coordinator is told
  std::map<Piece, std::vector<OpenedStream>> running_;  ///< taken and not ended
  std::map<int, EndedTarget> ended_;
  std::vector<std::int32_t> released_;
};

}  // namespace foldstream::mpi
