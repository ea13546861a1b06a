// UdpSocket: datagrams that are sent and taken without waiting.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace foldstream::mpi {

struct UdpEndpoint {
  std::uint32_t ip = 0;  ///< IPv4, in the byte order of this machine
  std::uint16_t port = 0;
};

struct Datagram {
  UdpEndpoint from;
  std::string bytes;
};

/// One thread at a time may use it.
class UdpSocket {
 public:
  /// On a port of the system's choice, on all addresses of this node. @throws Error{Io}.
  UdpSocket();
  ~UdpSocket();
  UdpSocket(const UdpSocket&) = delete;
  UdpSocket& operator=(const UdpSocket&) = delete;

  int descriptor() const noexcept { return descriptor_; }
  std::uint16_t port() const noexcept { return port_; }

  /// What cannot leave now is dropped.
  void send(const UdpEndpoint& to, const std::string& bytes);
  std::optional<Datagram> receive();
  /// Where datagrams went to whose machine answered that nobody takes them. To be emptied before
  /// `receive`.
  std::vector<UdpEndpoint> take_refused();

 private:
  int descriptor_ = -1;
  std::uint16_t port_ = 0;
  std::string buffer_;
};

}  // namespace foldstream::mpi
