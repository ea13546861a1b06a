// Offline: no use of the network, seen to by the kernel.
#pragma once

namespace foldstream::apps {

enum class NetworkScope {
  thread,   ///< this thread, and those that it begins from now on
  process,  ///< all threads there are
};

/// From now on `socket` fails with EACCES for every family but that of the host's own files
/// (AF_UNIX), and so does io_uring, by which it could be gone round (seccomp). Cannot be taken
/// back.
/// @throws Error{Unsupported} if the kernel does not let it.
void forbid_network(NetworkScope scope);

/// How many calls of this process were refused so.
int refused_network_calls() noexcept;

}  // namespace foldstream::apps
