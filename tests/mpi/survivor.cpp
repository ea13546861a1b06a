// One rank of survival_test: it or others are lost, and the rest go on talking.
// usage: survivor VICTIM|-1 kill|exit|stop SILENCE [NETWORK]
#include "mpi_transport.hpp"

#include <foldstream/error.hpp>
#include <foldstream/mpi/communicator.hpp>

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <map>
#include <set>
#include <sstream>

namespace foldstream::mpi {
namespace {

using Clock = std::chrono::steady_clock;
constexpr double patience = 20;  // seconds

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

constexpr std::size_t mebibyte = std::size_t{1} << 20;

/// Talks in rounds; what comes early is kept for its round.
class Talker {
 public:
  explicit Talker(Transport& transport) : transport_(transport) {}

  void send(const std::set<int>& peers, int round, std::size_t bytes) {
    for (const int peer : peers)
      transport_.send(peer, Message{MessageKind::event, round, std::vector<std::byte>(bytes)});
  }
  /// Waits until that has come from each of `peers`, and all that was sent has left.
  /// @throws Error{Communication} naming whom it waits for.
  void await(const std::set<int>& peers, int round, std::size_t bytes) {
    const auto start = Clock::now();
    std::set<int> missing = peers;
    while (!missing.empty() || !transport_.is_flushed()) {
      if (const auto envelope = transport_.receive())
        sizes_[{envelope->message.run, envelope->peer}] = envelope->message.payload.size();
      std::erase_if(missing, [&](int peer) {
        const auto found = sizes_.find({round, peer});
        return found != sizes_.end() && found->second == bytes;
      });
      if (seconds_since(start) > patience) fail(missing, round);
    }
  }

 private:
  [[noreturn]] void fail(const std::set<int>& missing, int round) const {
    std::ostringstream text;
    text << "rank " << transport_.rank() << " waits in round " << round
         << " for what it sent, and for ranks";
    for (const int peer : missing) text << ' ' << peer;
    throw Error(ErrorKind::Communication, text.str());
  }

  Transport& transport_;
  std::map<std::pair<int, int>, std::size_t> sizes_;  ///< by round and rank
};

void perish(const std::string& how) {
  if (how == "exit") _exit(3);
  raise(how == "stop" ? SIGSTOP : SIGKILL);
  for (;;) pause();
}

/// The first ranks that were lost, or why this rank must end. @throws if it takes too long.
std::string wait_for_loss(Liveness& liveness, std::vector<int>& lost) {
  const auto start = Clock::now();
  while (lost.empty()) {
    lost = liveness.take_lost();
    if (const std::string why = liveness.fenced(); !why.empty()) return why;
    if (seconds_since(start) > patience)
      throw Error(ErrorKind::Communication, "nobody was lost in 20 s");
    poll(nullptr, 0, 1);
  }
  return {};
}

std::string survive(Transport& transport, Talker& talker, Liveness& liveness, std::set<int> peers) {
  const auto start = Clock::now();
  std::vector<int> lost;
  std::ostringstream text;
  text << "rank " << transport.rank();
  if (const std::string why = wait_for_loss(liveness, lost); !why.empty())
    return text.str() + " is fenced: " + why + "\n";
  text << " lost";
  for (const int rank : lost) {
    transport.drop(rank);
    peers.erase(rank);
    text << ' ' << rank;
  }
  text << " after " << seconds_since(start) << " s";
  std::cout << text.str() + "\n" << std::flush;
  talker.send(peers, 2, mebibyte);
  talker.await(peers, 2, mebibyte);
  return "rank " + std::to_string(transport.rank()) + " exchanged 1 MiB with each of " +
         std::to_string(peers.size()) + "\n";
}

int run(const Session& session, int victim, const std::string& how) {
  const auto world = Communicator::world(session);
  const auto transport = world.link().make_transport();
  const auto liveness = world.link().make_liveness(30);
  std::set<int> peers;
  for (int rank = 0; rank < world.size(); ++rank)
    if (rank != world.rank()) peers.insert(rank);
  Talker talker(*transport);
  talker.send(peers, 0, mebibyte);
  talker.await(peers, 0, mebibyte);
  // the victim, or else rank 0, hears that all others are through with this
  const int judge = victim < 0 ? 0 : victim;
  if (world.rank() != judge) talker.send({judge}, 1, 1);
  talker.await(world.rank() == judge ? peers : std::set<int>{}, 1, 1);
  if (world.rank() == judge) std::cout << "all ranks are ready\n" << std::flush;
  if (world.rank() == victim) perish(how);
  std::cout << survive(*transport, talker, *liveness, peers) << std::flush;
  liveness->leave();
  return 0;
}

}  // namespace
}  // namespace foldstream::mpi

int main(int argc, char** argv) {
  using namespace foldstream::mpi;
  if (argc < 4) return 2;
  SurvivalOptions survival;
  survival.survive_losses = Session::survives_losses([](const char* name) { return getenv(name); });
  survival.silence_seconds = std::stod(argv[3]);
  if (argc > 4) survival.network = argv[4];
  Session session(survival);
  if (!session.needs_leave()) {
    std::cout << "the launcher ends the job when a rank is lost\n";
    return 4;
  }
  int code = 1;
  try {
    code = run(session, std::stoi(argv[1]), argv[2]);
  } catch (const std::exception& error) {
    std::cout << "error: " + std::string(error.what()) + "\n";
  }
  session.leave(code);
}
