// RankLiveness: tells lost ranks by the process table of each node and by heartbeats between nodes.
#pragma once

#include "losses.hpp"
#include "mate_watch.hpp"
#include "node_beacon.hpp"
#include "transport.hpp"
#include "wake_event.hpp"

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace foldstream::mpi {

struct LivenessOptions {
  MateWatchOptions mates;
  MeshTimes times;
  std::string network;        ///< of heartbeats: an interface or "10.0.0.0/16"; empty: any
  double start_seconds = 10;  ///< how long the first heartbeats may take
  std::shared_ptr<Losses> losses = nullptr;  ///< where losses are entered, if anywhere
  std::string node;  ///< tells nodes apart too: tests pretend to have several
};

/// What each rank says, by rank. Collective.
using Gather = std::function<std::vector<std::string>(const std::string&)>;

/// On the same node, a rank is lost as soon as its process is gone, or when it stood still for
/// `mates.silence_seconds`. Another node is lost when it was silent for `times.death`; a rank of it
/// as soon as its node says so. A thread of its own wakes five times a second.
class RankLiveness final : public Liveness {
 public:
  /// Collective: calls `gather` four times. @throws Error{Communication} on all ranks, naming the
  /// rank where it cannot work and why.
  RankLiveness(int rank, int ranks, const Gather& gather, const LivenessOptions& options);
  /// Without `leave` before it, the others think that this rank was lost, sooner or later. After
  /// it, waits up to a second until other nodes know.
  ~RankLiveness() override;
  RankLiveness(const RankLiveness&) = delete;
  RankLiveness& operator=(const RankLiveness&) = delete;

  std::vector<int> take_lost() override;
  void leave() override;
  std::string fenced() override;

 private:
  void offer(int ranks, const LivenessOptions& options);
  void join_mates();
  void start(const LivenessOptions& options);
  std::string wait_for_heartbeats(double seconds);
  void stop();
  void loop();
  void sleep();
  void step(double now);
  void speak(double now);
  double interval() const;

  void report();

  const int rank_;
  const std::shared_ptr<Losses> losses_;
  WakeEvent wake_;
  PeerFacts own_;
  std::unique_ptr<UdpSocket> socket_;
  std::unique_ptr<SharedPage> page_;  ///< of the first rank of the node, once the ranks have met
  std::unique_ptr<Peers> peers_;
  std::unique_ptr<MateWatch> mates_;
  std::unique_ptr<NodeBeacon> beacon_;  ///< null while there is one node only

  // of the thread
  double last_step_ = 0;
  double next_beat_ = 0;
  std::uint32_t sent_changes_ = 0;
  bool was_speaker_ = false;

  enum class Phase { start, watch, leave, end };
  std::atomic<Phase> phase_ = Phase::start;

  std::mutex mutex_;  ///< guards what follows
  std::condition_variable changed_;
  std::optional<int> unheard_;  ///< a node that is waited for at the start
  bool has_spoken_ = false;
  bool is_farewell_heard_ = false;
  std::uint32_t told_changes_ = 0;
  std::vector<bool> was_told_;  ///< by rank
  std::thread thread_;
};

}  // namespace foldstream::mpi
