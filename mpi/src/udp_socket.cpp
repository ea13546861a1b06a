#include "udp_socket.hpp"

#include <foldstream/error.hpp>

#include <linux/errqueue.h>  // after the types it needs
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace foldstream::mpi {
namespace {

constexpr std::size_t longest_datagram = 65536;

sockaddr_in address_of(const UdpEndpoint& endpoint) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(endpoint.ip);
  address.sin_port = htons(endpoint.port);
  return address;
}

UdpEndpoint endpoint_of(const sockaddr_in& address) {
  return {ntohl(address.sin_addr.s_addr), ntohs(address.sin_port)};
}

/// Whether the message tells that the port of the peer is closed.
bool tells_refusal(msghdr& message) {
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
       part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != IPPROTO_IP || part->cmsg_type != IP_RECVERR) continue;
    sock_extended_err error{};
    std::memcpy(&error, CMSG_DATA(part), sizeof error);
    if (error.ee_errno == ECONNREFUSED && error.ee_origin == SO_EE_ORIGIN_ICMP) return true;
  }
  return false;
}

}  // namespace

UdpSocket::UdpSocket() : buffer_(longest_datagram, '\0') {
  descriptor_ = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  sockaddr_in address = address_of({INADDR_ANY, 0});
  socklen_t length = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (descriptor_ < 0 || setsockopt(descriptor_, IPPROTO_IP, IP_RECVERR, &on, sizeof on) != 0 ||
      bind(descriptor_, generic, length) != 0 || getsockname(descriptor_, generic, &length) != 0) {
    const std::string reason = std::strerror(errno);
    if (descriptor_ >= 0) close(descriptor_);
    throw Error(ErrorKind::Io, "cannot open a UDP socket for heartbeats: " + reason);
  }
  port_ = endpoint_of(address).port;
}

UdpSocket::~UdpSocket() { close(descriptor_); }

void UdpSocket::send(const UdpEndpoint& to, const std::string& bytes) {
  const sockaddr_in address = address_of(to);
  // an error that waits in the socket is told by the first try, in place of sending
  for (int i = 0; i < 3; ++i)
    if (sendto(descriptor_, bytes.data(), bytes.size(), 0,
               reinterpret_cast<const sockaddr*>(&address), sizeof address) >= 0)
      return;
}

std::optional<Datagram> UdpSocket::receive() {
  sockaddr_in from{};
  socklen_t length = sizeof from;
  for (int i = 0; i < 3; ++i) {  // an error that waits in the socket comes first
    const ssize_t got = recvfrom(descriptor_, buffer_.data(), buffer_.size(), 0,
                                 reinterpret_cast<sockaddr*>(&from), &length);
    if (got < 0) continue;
    return Datagram{endpoint_of(from), buffer_.substr(0, static_cast<std::size_t>(got))};
  }
  return std::nullopt;
}

std::vector<UdpEndpoint> UdpSocket::take_refused() {
  std::vector<UdpEndpoint> refused;
  for (;;) {
    sockaddr_in to{};
    alignas(cmsghdr) char control[512];
    char payload[64];
    iovec part{payload, sizeof payload};
    msghdr message{};
    message.msg_name = &to;
    message.msg_namelen = sizeof to;
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    if (recvmsg(descriptor_, &message, MSG_ERRQUEUE) < 0) return refused;
    if (tells_refusal(message)) refused.push_back(endpoint_of(to));
  }
}

}  // namespace foldstream::mpi
