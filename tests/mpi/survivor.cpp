// One rank of survival_test: it or others are lost, and the rest go on talking.
// usage: survivor VICTIM kill|exit|stop SILENCE [NETWORK]
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
#include <set>
#include <sstream>

namespace foldstream::mpi {
namespace {

using Clock = std::chrono::steady_clock;
constexpr double patience = 20;  // seconds

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// A MiB to and from each of `peers`. @throws Error{Communication} naming whom it waits for.
void exchange(Transport& transport, const std::set<int>& peers, int run) {
  for (const int peer : peers)
    transport.send(peer, Message{MessageKind::event, run, std::vector<std::byte>(1 << 20)});
  std::set<int> missing = peers;
  const auto start = Clock::now();
  while (!missing.empty() || !transport.is_flushed()) {
    if (const auto envelope = transport.receive())
      if (envelope->message.run == run && envelope->message.payload.size() == 1 << 20)
        missing.erase(envelope->peer);
    if (seconds_since(start) < patience) continue;
    std::ostringstream text;
    text << "rank " << transport.rank() << " waits for what it sent, and for ranks";
    for (const int peer : missing) text << ' ' << peer;
    throw Error(ErrorKind::Communication, text.str());
  }
}

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

std::string survive(Transport& transport, Liveness& liveness, std::set<int> peers) {
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
  exchange(transport, peers, 1);
  return "rank " + std::to_string(transport.rank()) + " exchanged 1 MiB with each of " +
         std::to_string(peers.size()) + "\n";
}

int run(const Session& session, int victim, const std::string& how) {
  const auto world = Communicator::world(session);
  const auto transport = world.link().make_transport();
  const auto liveness = world.link().make_liveness();
  std::set<int> peers;
  for (int rank = 0; rank < world.size(); ++rank)
    if (rank != world.rank()) peers.insert(rank);
  exchange(*transport, peers, 0);
  std::cout << "rank " + std::to_string(world.rank()) + " is ready\n" << std::flush;
  if (world.rank() == victim) perish(how);
  std::cout << survive(*transport, *liveness, peers) << std::flush;
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
