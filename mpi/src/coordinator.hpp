// Coordinator: hands pieces of targets out to ranks, as a state machine without threads, clock or
// transport.
#pragma once

#include "parts.hpp"
#include "worker.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace foldstream::mpi {

/// A task that reads a stream of another.
struct StreamEdge {
  int from = 0;
  int to = 0;
  std::string producer;  ///< name of `from`
};

struct CoordinatorOptions {
  bool wants_events = false;   ///< somebody listens at its rank
  double start_seconds = 900;  ///< 0 = for ever, here and below
  double silence_seconds = 120;
  std::vector<Part> parts = {Part{}};    ///< of the graph
  std::vector<StreamEdge> stream_edges = {};
  std::vector<RankFacts> facts = {};     ///< by rank; none: all alike
  int run_ahead = 0;                     ///< most targets in work if they have parts; 0 = no limit
  std::set<int> lost = {};               ///< ranks that are not there any more
  bool takes_over = false;  ///< from a coordinator that was lost: waits until all ranks have greeted
  int rank = 0;             ///< that it is on
};

/// Grants each piece to one rank, the earliest targets first and of these the last parts first, until
/// some rank finds the end of its source. Times are seconds since the run began. What is to be sent
/// collects in the outbox.
///
/// A piece is ready when the parts it needs have ended or begun their streams. Of two ranks that
/// want a piece the one with fewer pieces per thread gets it; a rank waits up to 20 ms for an emptier
/// one of its kind to ask first, so that few targets spread evenly. Of two pieces the one whose inputs
/// are on the rank goes first. When a rank finds nothing while another of its kind has pieces that
/// it did not begin, half of those are called back.
class Coordinator {
 public:
  Coordinator(int ranks, CoordinatorOptions options);

  /// @throws Error{Communication} for a message that does not make sense.
  void on_message(int rank, const Message& message, double now);
  /// The rank is gone: what it held goes to others.
  void on_lost(int rank, double now);
  void tick(double now);
  std::vector<Envelope> take_outbox();

  /// All ranks have left and were told how the run ended.
  bool is_done() const noexcept { return is_done_; }
  /// The targets that have ended, by index.
  const std::map<int, EndedTarget>& ended() const noexcept { return ended_; }
  /// Those that ended since the last call, if the graph is cut.
  std::vector<int> take_just_ended();

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
    double recalled_at = -1;  ///< when pieces were last called back from it
  };
  struct PieceState {
    enum class Is : std::uint8_t { blocked, ready, granted, ended } is = Is::blocked;
    bool is_void = false;  ///< what feeds it was lost: how it ends does not count
    int rank = -1;
    std::vector<OpenedStream> opened;
    std::vector<std::pair<std::int32_t, Outcome>> tasks;
  };
  struct LiveTarget {
    std::string name;
    std::vector<PieceState> pieces;
  };

  // what it hears: coordinator.cpp
  void on_hello(int rank, const Message& message);
  void on_request(int rank, const Message& message, double now);
  void on_returned(int rank, const Message& message);
  void on_counted(int rank, std::int32_t count, const Failure& failure);
  void on_ended(int rank, EndedPiece ended);
  void on_opened(int rank, const Piece& piece, OpenedStream opened);
  void on_failed(const Message& message);
  void cancel();
  void fail(const std::string& why);
  void record(const Failure& failure);
  void check_liveness(double now);
  void lose(int rank, const std::string& why);

  // the targets in work: coordinator_targets.cpp
  LiveTarget& admit(int index);
  PieceState* find(const Piece& piece);
  bool is_fed(const LiveTarget& target, const PartNeed& need) const;
  void make_ready(int index, LiveTarget& target);
  void end_target(int index);
  void skip_readers(std::vector<Outcome>& tasks) const;
  void take_back(const Piece& piece);
  void void_readers(const Piece& piece);
  void absorb(int rank, const Hello& hello);
  void resume();
  void drop_behind(int count);

  // granting: coordinator_grants.cpp
  void serve(double now);
  bool should_wait(const Peer& peer, double now) const;
  Peer* next_in_line();
  std::optional<Piece> choose(int rank);
  std::optional<Piece> choose_of(int part, int rank);
  bool may_run_here(int part, int rank) const;
  bool may_admit(int rank) const;
  bool has_work_for(int rank) const;
  void grant(Peer& peer, double now);
  void grant_over(Peer& peer, double now);
  void send_lease(const Peer& peer, Lease lease, double now);
  LeasedPiece describe(const Piece& piece) const;
  bool can_help(const Peer& idle, const Peer& busy) const;
  void recall_for(const Peer& peer, double now);
  int floor() const;
  bool is_exhausted() const;
  bool is_over() const;

  // the end
  void finish_if_all_left();
  void send_outcomes(int rank);
  int rank_of(const Peer& peer) const { return static_cast<int>(&peer - peers_.data()); }
  void post(int rank, Message message);
  void post_all(MessageKind kind);

  const CoordinatorOptions options_;
  const std::vector<int> part_of_;  ///< by task
  std::vector<Peer> peers_;
  std::vector<Envelope> outbox_;
  std::optional<std::string> digest_;
  std::map<int, LiveTarget> live_;
  std::vector<std::set<int>> ready_;  ///< targets whose piece may be granted, by part
  int next_ = 0;                      ///< target that was never granted
  std::optional<int> total_;
  int counted_by_ = 0;
  std::map<int, EndedTarget> ended_;
  std::vector<int> just_ended_;
  bool is_cancelled_ = false;
  bool is_taking_over_ = false;
  bool is_done_ = false;
  Failure failure_;
  double last_alive_ = 0;
};

}  // namespace foldstream::mpi
