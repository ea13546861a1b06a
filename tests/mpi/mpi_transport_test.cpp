// MpiTransport keeps the transport contract.
#include "mpi/rank_main.hpp"
#include "mpi/transport_contract.hpp"
#include "mpi_transport.hpp"
#include "test_support.hpp"

namespace foldstream::test {
namespace {

std::unique_ptr<mpi::Transport> world_transport(const mpi::Communicator& world) {
  return world.link().make_transport();
}

TEST(MpiTransport, CarriesMixedMessages) {
  const auto world = mpi::wrap(MPI_COMM_WORLD);

  check_all_to_all(*world_transport(world), mixed_sizes());
}

TEST(MpiTransport, CarriesManySmallMessages) {
  const auto world = mpi::wrap(MPI_COMM_WORLD);

  check_all_to_all(*world_transport(world), std::vector<std::size_t>(2000, 24));
}

TEST(MpiTransport, TwoCommunicatorsDoNotMix) {
  const auto first = mpi::wrap(MPI_COMM_WORLD);
  const auto second = mpi::wrap(MPI_COMM_WORLD);
  const auto one = world_transport(first);
  const auto two = world_transport(second);

  one->send(one->rank(), numbered(1, 10));

  EXPECT_FALSE(two->receive());
  const auto envelope = await(*one);
  ASSERT_TRUE(envelope);
  EXPECT_EQ(envelope->message.run, 1);
  expect_flushed(*one);
}

TEST(MpiTransport, NamesRankAndPeerOfAFailure) {
  const auto world = mpi::wrap(MPI_COMM_WORLD);
  const auto transport = world_transport(world);

  expect_error(ErrorKind::Communication,
               "rank " + std::to_string(world.rank()) + " cannot send to rank 1000: ", [&] {
                 transport->send(1000, numbered(0, 1));
               });
}

TEST(Communicator, KnowsItsRanks) {
  const mpi::Session session;
  const auto world = mpi::Communicator::world(session);
  int size = 0;
  MPI_Comm_size(MPI_COMM_WORLD, &size);

  EXPECT_EQ(world.size(), size);
  EXPECT_FALSE(session.is_owner());
}

TEST(Communicator, SharesTheCoresOfANodeFairly) {
  const auto world = mpi::wrap(MPI_COMM_WORLD);

  EXPECT_GE(world.fair_threads(), 1);
  EXPECT_LE(world.fair_threads(), std::max(1U, std::thread::hardware_concurrency()));
}

}  // namespace
}  // namespace foldstream::test
