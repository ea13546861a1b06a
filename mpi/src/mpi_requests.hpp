// Requests: what MPI still sends or receives, and what has to stay until it is done.
#pragma once

#include <mpi.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace foldstream::mpi {

/// A transport uses tags of its own: one for frames, the others for what travels apart. Few enough
/// for 63 transports below the 32767 that every MPI has.
inline constexpr int tags_of_a_transport = 512;
inline constexpr int distinct_transports = 63;

/// A communicator as one transport uses it.
struct Channel {
  MPI_Comm comm = MPI_COMM_NULL;
  int rank = 0;
  int size = 1;
  int frame_tag = 0;
  int tag_of(std::uint32_t transfer) const noexcept;  ///< of its parts
  /// "rank 0 cannot send to rank 3"
  std::string cannot(const char* what, int peer) const;
};

/// Requests under way. What MPI may still touch when nobody waits for it any more is kept until the
/// process ends: MPI does not let go of a request to a rank that is dead.
class Requests {
 public:
  Requests() = default;
  ~Requests();
  Requests(const Requests&) = delete;
  Requests& operator=(const Requests&) = delete;

  enum class Direction { to, from };

  /// Calls `done`, which owns the memory of the request, when it is complete.
  void add(Direction direction, int peer, MPI_Request request, std::function<void()> done);
  /// Looks after all of them, and calls those `done` whose requests are complete.
  /// @throws Error{Communication} naming the peer.
  void test(const Channel& channel);
  /// Nobody waits for what goes to, or comes from, `peer` any more.
  void drop(Direction direction, int peer);

 private:
  struct Pending {
    Direction direction = Direction::to;
    int peer = 0;
    std::function<void()> done;
  };

  void set_aside(std::size_t index);
  void remove(std::size_t index);

  // side by side, since MPI wants the requests in a row
  std::vector<MPI_Request> requests_;
  std::vector<Pending> pending_;
  std::vector<int> indices_;
  std::vector<MPI_Status> statuses_;
};

}  // namespace foldstream::mpi
