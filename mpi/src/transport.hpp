// Transport: carries messages between ranks. One thread at a time may use it.
#pragma once

#include "message.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace foldstream::mpi {

/// Messages from one rank to another arrive complete, once, and in the order they were sent; only
/// those with tensors may be overtaken by later ones, though not by each other.
class Transport {
 public:
  virtual ~Transport() = default;

  virtual int rank() const = 0;
  virtual int size() const = 0;
  /// Takes the message over and returns at once; any rank may be the peer, the own one too. It
  /// leaves with a later call of `receive` or `is_flushed`: both must be called often.
  /// @throws Error{Communication} naming rank and peer.
  virtual void send(int peer, Message message) = 0;
  /// The next message that has arrived, if one has. @throws Error{Communication}.
  virtual std::optional<Envelope> receive() = 0;
  /// Whether all that was sent has left, and nothing that others began to send is still on its way,
  /// ranks that were dropped apart. @throws Error{Communication}.
  virtual bool is_flushed() = 0;
  /// The peer was lost: nothing is sent to it any more, what still waits for it is given up, and
  /// nothing comes from it any more.
  virtual void drop(int peer) = 0;
};

/// Tells which ranks are still there, by means of its own: MPI says nothing of a rank that died.
/// Thread-safe.
class Liveness {
 public:
  virtual ~Liveness() = default;
  /// Ranks that were lost since the last call, each once. Cheap; never waits.
  virtual std::vector<int> take_lost() = 0;
  /// This rank ends in order: the others shall not think that it was lost.
  virtual void leave() = 0;
  /// Why this rank must end: others have given it up, and go on without it. Empty: they have not.
  virtual std::string fenced() = 0;
};

/// What a Communicator stands on.
class Link {
 public:
  virtual ~Link() = default;
  virtual int rank() const = 0;
  virtual int size() const = 0;
  virtual int fair_threads() const = 0;
  virtual std::unique_ptr<Transport> make_transport() = 0;
  /// Tells all ranks something. Collective; only while no rank can have been lost.
  virtual void announce(const std::string& own) = 0;
  /// What each rank announced, by rank. Pretend ranks announce one after the other: empty for those
  /// that have not yet.
  virtual std::vector<std::string> announced() const = 0;
  /// Collective, as `announce`. Null: a rank that is lost ends the job (the launcher sees to it).
  virtual std::unique_ptr<Liveness> make_liveness() = 0;
};

}  // namespace foldstream::mpi
