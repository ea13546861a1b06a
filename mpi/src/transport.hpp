// Transport: carries messages between ranks. One thread at a time may use it.
#pragma once

#include "message.hpp"

#include <memory>
#include <optional>

namespace foldstream::mpi {

/// Messages from one rank to another arrive complete, once, and in the order they were sent.
class Transport {
 public:
  virtual ~Transport() = default;

  virtual int rank() const = 0;
  virtual int size() const = 0;
  /// Takes the message over and returns at once; any rank may be the peer, the own one too.
  /// @throws Error{Communication} naming rank and peer.
  virtual void send(int peer, Message message) = 0;
  /// The next message that has arrived, if one has. @throws Error{Communication}.
  virtual std::optional<Envelope> receive() = 0;
  /// Whether all that was sent has left. @throws Error{Communication}.
  virtual bool is_flushed() = 0;
};

/// What a Communicator stands on.
class Link {
 public:
  virtual ~Link() = default;
  virtual int rank() const = 0;
  virtual int size() const = 0;
  virtual int fair_threads() const = 0;
  virtual std::unique_ptr<Transport> make_transport() = 0;
};

}  // namespace foldstream::mpi
