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

TEST(MpiTransport, CarriesTensorsFromTheirMemory) {
  const auto world = mpi::wrap(MPI_COMM_WORLD);

  check_tensors(*world_transport(world), tensor_sizes());
}

TEST(MpiTransport, CarriesManyTensorsAtOnce) {
  const auto world = mpi::wrap(MPI_COMM_WORLD);

  check_tensors(*world_transport(world), std::vector<std::size_t>(200, 70'000));
}

TEST(MpiTransport, GoesOnWithoutARankThatWasDropped) {
  // kept: what is never received must not turn up in the next communicator
  static const auto world = mpi::wrap(MPI_COMM_WORLD);
  if (world.size() < 2) GTEST_SKIP() << "needs two ranks";

  check_drop(*world_transport(world));
}

TEST(MpiTransport, TransportsOfOneCommunicatorDoNotMix) {
  const auto world = mpi::wrap(MPI_COMM_WORLD);
  auto first = world_transport(world);
  first->send(world.size() - 1, numbered(1, 10));
  expect_flushed(*first);
  first.reset();

  check_all_to_all(*world_transport(world), {10, 20});
}

TEST(Communicator, KnowsWhatTheRanksAnnounced) {
  const auto world = mpi::wrap(MPI_COMM_WORLD);
  const auto text = [](int rank) { return std::string(static_cast<std::size_t>(rank) * 7, 'a'); };

  world.link().announce(text(world.rank()));
  const auto all = world.link().announced();

  ASSERT_EQ(all.size(), static_cast<std::size_t>(world.size()));
  for (int rank = 0; rank < world.size(); ++rank)
    EXPECT_EQ(all[static_cast<std::size_t>(rank)], text(rank));
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
