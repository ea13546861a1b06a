// LoopbackTransport keeps the transport contract.
#include "loopback_transport.hpp"
#include "mpi/transport_contract.hpp"
#include "test_support.hpp"

#include <foldstream/mpi/rehearsal.hpp>

#include <functional>

namespace foldstream::test {
namespace {

void on_ranks(int ranks, const std::function<void(mpi::Transport&)>& check) {
  const auto boxes = std::make_shared<mpi::Mailboxes>(ranks);
  std::vector<std::jthread> threads;
  for (int rank = 0; rank < ranks; ++rank)
    threads.emplace_back([=, &check] {
      mpi::LoopbackTransport transport(boxes, rank);
      check(transport);
    });
}

void run_ranks(int ranks, const std::vector<std::size_t>& sizes) {
  on_ranks(ranks, [&](mpi::Transport& transport) { check_all_to_all(transport, sizes); });
}

TEST(LoopbackTransport, CarriesMixedMessagesBetweenFourRanks) { run_ranks(4, mixed_sizes()); }

TEST(LoopbackTransport, CarriesManySmallMessages) {
  run_ranks(2, std::vector<std::size_t>(2000, 24));
}

TEST(LoopbackTransport, ARankMayBeAlone) { run_ranks(1, mixed_sizes()); }

TEST(LoopbackTransport, CarriesTensors) {
  on_ranks(2, [](mpi::Transport& transport) { check_tensors(transport, tensor_sizes()); });
}

TEST(LoopbackTransport, GoesOnWithoutARankThatWasDropped) { on_ranks(3, check_drop); }

TEST(LoopbackTransport, PretendRanksAnnounceOneAfterTheOther) {
  const auto ranks = mpi::pretend_ranks(3);

  ranks[1].link().announce("here");
  ranks[2].link().announce("there");

  EXPECT_THAT(ranks[0].link().announced(), testing::ElementsAre("", "here", "there"));
}

TEST(LoopbackTransport, RefusesAPeerThatIsNotThere) {
  mpi::LoopbackTransport transport(std::make_shared<mpi::Mailboxes>(2), 1);

  expect_error(ErrorKind::Communication, "rank 1 cannot send to rank 2: there are 2 ranks",
               [&] { transport.send(2, numbered(0, 1)); });
}

}  // namespace
}  // namespace foldstream::test
