#include "transport.hpp"

#include <foldstream/mpi/communicator.hpp>

namespace foldstream::mpi {

Communicator::Communicator(std::shared_ptr<Link> link) : link_(std::move(link)) {}

int Communicator::rank() const { return link_->rank(); }
int Communicator::size() const { return link_->size(); }
int Communicator::fair_threads() const { return link_->fair_threads(); }

std::vector<std::string> Communicator::gather(const std::string& own) const {
  constexpr double patience_seconds = 900;
  link_->announce(own, patience_seconds);
  return link_->announced();
}

}  // namespace foldstream::mpi
