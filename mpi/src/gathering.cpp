#include "gathering.hpp"

#include "message.hpp"
#include "mpi_calls.hpp"

#include <chrono>
#include <cmath>
#include <memory>
#include <optional>
#include <set>
#include <thread>

namespace foldstream::mpi {
namespace {

constexpr int tag = 0;  // transports have those above
constexpr const char* what = "cannot gather what the ranks say";

using Clock = std::chrono::steady_clock;

/// A message from `source`, if one has come; `source` becomes its rank.
std::optional<std::string> try_receive(MPI_Comm comm, int& source) {
  int is_there = 0;
  MPI_Message handle = MPI_MESSAGE_NULL;
  MPI_Status status;
  check_mpi(MPI_Improbe(source, tag, comm, &is_there, &handle, &status), what);
  if (is_there == 0) return std::nullopt;
  int bytes = 0;
  check_mpi(MPI_Get_count(&status, MPI_CHAR, &bytes), what);
  std::string text(static_cast<std::size_t>(bytes), '\0');
  check_mpi(MPI_Mrecv(text.data(), bytes, MPI_CHAR, &handle, MPI_STATUS_IGNORE), what);
  source = status.MPI_SOURCE;
  return text;
}

std::string names_of(const std::set<int>& ranks) {
  std::string text;
  for (const int rank : ranks) text += (text.empty() ? "" : ", ") + std::to_string(rank);
  return (ranks.size() == 1 ? "rank " : "ranks ") + text;
}

/// Takes a message of each of `awaited`. @throws Error{Communication} naming those that are late.
template <class Take>
void receive_from(MPI_Comm comm, std::set<int> awaited, double patience, Take&& take) {
  const auto began = Clock::now();
  while (!awaited.empty()) {
    int source = awaited.size() == 1 ? *awaited.begin() : MPI_ANY_SOURCE;
    if (auto text = try_receive(comm, source)) {
      awaited.erase(source);
      take(source, std::move(*text));
      continue;
    }
    if (patience > 0 && Clock::now() - began > std::chrono::duration<double>(patience))
      throw Error(ErrorKind::Communication,
                  names_of(awaited) + " did not come to the beginning within " +
                      std::to_string(std::lround(patience)) +
                      " s. Look at the logs of these ranks, then start the job again.");
    std::this_thread::sleep_for(std::chrono::microseconds(50));
  }
}

std::string pack(const std::vector<std::string>& texts) {
  ByteWriter writer;
  for (const std::string& text : texts) writer.text(text);
  const std::vector<std::byte> bytes = writer.take();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::vector<std::string> unpack(const std::string& packed, int ranks) {
  const auto* first = reinterpret_cast<const std::byte*>(packed.data());
  const std::vector<std::byte> bytes(first, first + packed.size());
  ByteReader reader(bytes);
  std::vector<std::string> texts;
  for (int rank = 0; rank < ranks; ++rank) texts.push_back(reader.text());
  return texts;
}

/// Texts on their way; MPI reads them until they have left. A rank that is gone never takes its text:
/// then that stays until the process ends.
void send_all(MPI_Comm comm, const std::string& text, int from, int to, double patience) {
  auto kept = std::make_unique<std::string>(text);
  std::vector<MPI_Request> requests;
  for (int peer = from; peer < to; ++peer)
    check_mpi(MPI_Isend(kept->data(), static_cast<int>(kept->size()), MPI_CHAR, peer, tag, comm,
                        &requests.emplace_back(MPI_REQUEST_NULL)),
              what);
  const auto began = Clock::now();
  for (int are_done = 0; are_done == 0;) {
    check_mpi(MPI_Testall(static_cast<int>(requests.size()), requests.data(), &are_done,
                          MPI_STATUSES_IGNORE),
              what);
    if (are_done != 0) return;
    if (patience > 0 && Clock::now() - began > std::chrono::duration<double>(patience)) break;
    std::this_thread::sleep_for(std::chrono::microseconds(50));
  }
  static_cast<void>(kept.release());
}

}  // namespace

std::vector<std::string> gather_texts(MPI_Comm comm, const std::string& own, double patience) {
  int rank = 0, ranks = 1;
  check_mpi(MPI_Comm_rank(comm, &rank), what);
  check_mpi(MPI_Comm_size(comm, &ranks), what);
  std::vector<std::string> texts(static_cast<std::size_t>(ranks));
  if (rank != 0) {
    send_all(comm, own, 0, 1, patience);
    receive_from(comm, {0}, patience,
                 [&](int, const std::string& text) { texts = unpack(text, ranks); });
    return texts;
  }
  texts[0] = own;
  std::set<int> others;
  for (int peer = 1; peer < ranks; ++peer) others.insert(peer);
  receive_from(comm, others, patience, [&](int peer, std::string text) {
    texts[static_cast<std::size_t>(peer)] = std::move(text);
  });
  send_all(comm, pack(texts), 1, ranks, patience);
  return texts;
}

}  // namespace foldstream::mpi
