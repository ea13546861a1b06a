// Heartbeat: the datagram by which a node tells the others how the ranks stand.
#pragma once

#include "shared_page.hpp"

#include <optional>
#include <string>
#include <vector>

namespace foldstream::mpi {

struct Heartbeat {
  int rank = 0;                     ///< who sends it, for its whole node
  std::vector<Standing> standings;  ///< of all ranks, as that node knows them
};

/// `nonce` names the job, so that what strangers send is not taken for a heartbeat.
std::string format_heartbeat(const std::string& nonce, const Heartbeat& heartbeat);
/// Nothing if `bytes` are no heartbeat of a job of so many ranks.
std::optional<Heartbeat> parse_heartbeat(const std::string& nonce, std::size_t ranks,
                                         const std::string& bytes);

}  // namespace foldstream::mpi
