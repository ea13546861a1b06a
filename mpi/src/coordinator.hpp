// Coordinator: hands targets out to ranks, as a state machine without threads, clock or transport.
#pragma once

#include "worker.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace foldstream::mpi {

struct CoordinatorOptions {
  bool wants_events = false;   ///< somebody listens at rank 0
  double start_seconds = 900;  ///< 0 = for ever, here and below
  double silence_seconds = 120;
};

/// Grants each target to one rank, the earliest first, until some rank finds the end of its source.
/// Times are seconds since the run began. What is to be sent collects in the outbox.
///
/// Of two ranks that want a target the one with fewer targets per thread gets it; a rank waits up
/// to 20 ms for an emptier one to ask first, so that few targets spread evenly.
class Coordinator {
 public:
  Coordinator(int ranks, CoordinatorOptions options);

  /// @throws Error{Communication} for a message that does not make sense.
  void on_message(int rank, const Message& message, double now);
  void tick(double now);
  std::vector<Envelope> take_outbox();

  /// All ranks have left and were told how the run ended.
  bool is_done() const noexcept { return is_done_; }
  /// The targets that have ended, by index.
  const std::map<int, EndedTarget>& ended() const noexcept { return ended_; }

 private:
  struct Peer {
    bool has_greeted = false;
    bool has_left = false;
    bool is_lost = false;
    int threads = 1;
    int held = 0;  ///< granted and not ended
    double last_heard = 0;
    int wanted = 0;          ///< 0: no request waits
    double asked_since = 0;  ///< of the request that waits
  };

  void on_hello(int rank, const Message& message);
  void on_request(int rank, const Message& message, double now);
  void on_returned(int rank, const Message& message);
  void on_counted(int rank, const Message& message);
  void on_ended(int rank, const Message& message);
  void cancel();
  void fail(const std::string& why);
  void record(const Failure& failure);
  void on_failed(const Message& message);
  void check_liveness(double now);
  void lose(int rank, const std::string& why);
  void serve(double now);
  bool should_wait(const Peer& peer, double now) const;
  Peer* next_in_line();
  void grant(Peer& peer, double now);
  int floor() const;
  bool is_exhausted() const;
  bool is_over() const;
  void release(int index);
  void finish_if_all_left();
  void send_outcomes(int rank);
  int rank_of(const Peer& peer) const { return static_cast<int>(&peer - peers_.data()); }
  void post(int rank, Message message);
  void post_all(MessageKind kind);

  const CoordinatorOptions options_;
  std::vector<Peer> peers_;
  std::vector<Envelope> outbox_;
  std::optional<std::string> digest_;
  std::map<int, int> granted_;  ///< target that has not ended → rank
  std::set<int> returned_;
  int next_ = 0;
  std::optional<int> total_;
  int counted_by_ = 0;
  std::map<int, EndedTarget> ended_;
  bool is_cancelled_ = false;
  bool is_done_ = false;
  Failure failure_;
  double last_alive_ = 0;
};

}  // namespace foldstream::mpi
