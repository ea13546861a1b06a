#define XXH_INLINE_ALL
#include "image.hpp"

#include <xxhash.h>

namespace foldstream::workflows::search {

std::uint64_t ImageHead::computed_checksum() const {
  return XXH3_64bits(this, sizeof(ImageHead) - sizeof(checksum));
}

DatabaseInfo ImageHead::info(bool packed) const {
  DatabaseInfo info;
  info.sequences = sequences;
  info.residues = residues;
  info.longest = longest;
  info.bytes = file_bytes;
  info.composition = composition;
  info.digest = {.high = digest_high, .low = digest_low};
  info.packed = packed;
  return info;
}

struct ContentDigest::State {
  XXH3_state_t* hash = XXH3_createState();
  State() { XXH3_128bits_reset(hash); }
  ~State() { XXH3_freeState(hash); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
};

ContentDigest::ContentDigest() : state_(std::make_unique<State>()) {}
ContentDigest::~ContentDigest() = default;

void ContentDigest::add(std::string_view header, std::span<const std::uint8_t> tokens) {
  const std::uint64_t lengths[2] = {header.size(), tokens.size()};
  XXH3_128bits_update(state_->hash, lengths, sizeof(lengths));
  XXH3_128bits_update(state_->hash, header.data(), header.size());
  XXH3_128bits_update(state_->hash, tokens.data(), tokens.size());
}

Key ContentDigest::key() const {
  const XXH128_hash_t hash = XXH3_128bits_digest(state_->hash);
  return {.high = hash.high64, .low = hash.low64};
}

}  // namespace foldstream::workflows::search
