// Communicator: a group of ranks that can talk to each other.
#pragma once

#include <foldstream/mpi/session.hpp>

#include <memory>
#include <string>
#include <vector>

namespace foldstream::mpi {

class Link;

/// A group of ranks. Copies name the same group. One executor at a time may use it: a second one
/// needs a communicator of its own. Thread-safe.
class Communicator {
 public:
  /// All ranks of the job, apart from other communication among them. Collective.
  /// @throws Error{Communication}.
  static Communicator world(const Session& session);

  /// For those who make links; see `native.hpp` and `rehearsal.hpp`.
  explicit Communicator(std::shared_ptr<Link> link);

  /// From 0 to size() - 1.
  int rank() const;
  int size() const;
  /// How many threads this rank can use when the ranks on its node share their cores fairly; ≥ 1.
  int fair_threads() const;

  /// What each rank says, by rank. Collective; before an executor is made.
  /// @throws Error{Communication} naming those that did not come within 15 minutes.
  std::vector<std::string> gather(const std::string& own) const;

  Link& link() const { return *link_; }

 private:
  std::shared_ptr<Link> link_;
};

}  // namespace foldstream::mpi
