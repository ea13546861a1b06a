// Exchange: the communications thread of a rank; it alone uses the transport.
#pragma once

#include "transport.hpp"

#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace foldstream::mpi {

/// One run's part of the traffic. Called by the communications thread only.
class Endpoint {
 public:
  virtual ~Endpoint() = default;
  virtual void on_message(const Envelope& envelope) = 0;
  /// What is to be sent now.
  virtual std::vector<Envelope> poll() = 0;
  /// Sends and receives nothing any more.
  virtual bool is_done() = 0;
  /// The transport is broken: neither sends nor receives from now on.
  virtual void give_up(const std::string& why) = 0;
  /// A rank was lost: nothing reaches it, and nothing comes from it any more. Called once for each,
  /// also for those lost before this endpoint was added.
  virtual void on_lost(int rank) { static_cast<void>(rank); }
  /// Somebody waits for an answer: then messages are looked for more often.
  virtual bool expects_traffic() { return false; }
};

/// Carries the messages of all runs of an executor. Sleeps while there is no run; while there is
/// one, it looks for messages at least every half millisecond, and while it expects any, at least
/// every tenth, without holding a core. Thread-safe.
class Exchange {
 public:
  /// @param liveness  tells which ranks are lost; null: none ever is.
  explicit Exchange(std::unique_ptr<Transport> transport, std::unique_ptr<Liveness> liveness = {});
  /// Waits until all endpoints are done, and up to 30 s until all that was sent has left; then
  /// tells the liveness that this rank leaves.
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  /// Runs are numbered as they are added: all ranks must add them in the same order.
  void add(std::shared_ptr<Endpoint> endpoint);
  /// An endpoint has something to send.
  void wake();
  /// Ranks that were lost so far.
  std::set<int> lost() const;

 private:
  using Clock = std::chrono::steady_clock;
  using Endpoints = std::map<int, std::shared_ptr<Endpoint>>;

  void loop();
  std::optional<Endpoints> next_endpoints();
  void turn(const Endpoints& endpoints);
  void exchange_once(const Endpoints& endpoints);
  void tell_lost(const Endpoints& endpoints);
  void lose(int rank, const Endpoints& endpoints);
  bool receive_all(const Endpoints& endpoints);
  void deliver(Envelope envelope, const Endpoints& endpoints);
  void deliver_to(Endpoint& endpoint, const Envelope& envelope);
  bool deliver_early(int run, Endpoint& endpoint);
  bool send_all(const Endpoints& endpoints);
  void drop_done(Endpoints endpoints);
  void pause(const Endpoints& endpoints);
  void flush();

  const std::unique_ptr<Transport> transport_;
  const std::unique_ptr<Liveness> liveness_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Endpoints endpoints_;                         ///< by run number
  std::map<int, std::vector<Envelope>> early_;  ///< for runs that are not added yet
  std::set<int> lost_;                          ///< ranks
  int newest_told_ = -1;                        ///< run that was told of all lost ranks
  Clock::time_point last_traffic_ = Clock::now();
  bool is_flushed_ = true;
  int known_runs_ = 0;  ///< added before this turn
  int next_run_ = 0;
  bool was_woken_ = false;
  bool is_closing_ = false;
  std::string broken_;  ///< why the transport is; empty: it is not
  std::thread thread_;
};

}  // namespace foldstream::mpi
