#include "heartbeat.hpp"

namespace foldstream::mpi {
namespace {

// the nonce, the rank in four bytes, the lowest first, then four ranks a byte
constexpr std::size_t rank_bytes = 4;

std::size_t bytes_of(const std::string& nonce, std::size_t ranks) {
  return nonce.size() + rank_bytes + (ranks + 3) / 4;
}

}  // namespace

std::string format_heartbeat(const std::string& nonce, const Heartbeat& heartbeat) {
  std::string bytes = nonce;
  for (std::size_t i = 0; i < rank_bytes; ++i)
    bytes.push_back(static_cast<char>(heartbeat.rank >> (8 * i) & 0xff));
  bytes.resize(bytes_of(nonce, heartbeat.standings.size()), '\0');
  for (std::size_t i = 0; i < heartbeat.standings.size(); ++i)
    bytes[nonce.size() + rank_bytes + i / 4] |=
        static_cast<char>(static_cast<unsigned>(heartbeat.standings[i]) << (i % 4 * 2));
  return bytes;
}

std::optional<Heartbeat> parse_heartbeat(const std::string& nonce, std::size_t ranks,
                                         const std::string& bytes) {
  if (bytes.size() != bytes_of(nonce, ranks) || !bytes.starts_with(nonce)) return std::nullopt;
  const auto byte_at = [&](std::size_t i) {
    return static_cast<unsigned>(static_cast<unsigned char>(bytes[nonce.size() + i]));
  };
  std::size_t rank = 0;
  for (std::size_t i = 0; i < rank_bytes; ++i) rank |= std::size_t{byte_at(i)} << (8 * i);
  if (rank >= ranks) return std::nullopt;
  Heartbeat heartbeat{static_cast<int>(rank), {}};
  for (std::size_t i = 0; i < ranks; ++i) {
    const unsigned standing = byte_at(rank_bytes + i / 4) >> (i % 4 * 2) & 3U;
    if (standing > static_cast<unsigned>(Standing::lost)) return std::nullopt;
    heartbeat.standings.push_back(static_cast<Standing>(standing));
  }
  return heartbeat;
}

}  // namespace foldstream::mpi
