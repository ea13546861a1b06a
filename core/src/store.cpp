#include "memory_streams.hpp"

#include <foldstream/error.hpp>
#include <foldstream/store.hpp>

#include <charconv>
#include <cstdio>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace foldstream {
namespace {

Key from_hash(XXH128_hash_t hash) { return {hash.high64, hash.low64}; }

void feed(std::string& bytes, std::string_view part) {
  bytes += std::to_string(part.size());
  bytes += ':';
  bytes += part;
}

}  // namespace

std::string to_string(const Key& key) {
  char text[33];
  std::snprintf(text, sizeof text, "%016llx%016llx", static_cast<unsigned long long>(key.high),
                static_cast<unsigned long long>(key.low));
  return text;
}

Key parse_key(std::string_view text) {
  Key key;
  const auto digits = [&](std::size_t from, std::uint64_t& into) {
    const char* end = text.data() + from + 16;
    return std::from_chars(text.data() + from, end, into, 16).ptr == end;
  };
  if (text.size() != 32 || !digits(0, key.high) || !digits(16, key.low) || to_string(key) != text)
    throw Error(ErrorKind::Parse,
                "'" + std::string(text) + "' is not a key of 32 hexadecimal digits.");
  return key;
}

Key key_of(std::string_view bytes) { return from_hash(XXH3_128bits(bytes.data(), bytes.size())); }

Key key_of(const Record& record) {
  std::string summary;
  for (const auto& [name, field] : record) {
    feed(summary, name);
    feed(summary, to_string(field.tensor.dtype()));
    feed(summary, std::to_string(field.tensor.shape().size()));
    for (const std::int64_t dimension : field.tensor.shape())
      feed(summary, std::to_string(dimension));
    feed(summary, field.units);
    for (const std::string& axis : field.axes) feed(summary, axis);
    const auto raw = field.tensor.raw();
    feed(summary, to_string(from_hash(XXH3_128bits(raw.data(), raw.size()))));
  }
  return key_of(summary);
}

bool operator==(const StoredTask& a, const StoredTask& b) {
  return a.target == b.target && a.task == b.task && a.seconds == b.seconds &&
         a.outputs == b.outputs && a.fields == b.fields;
}

MemoryStore::MemoryStore() : streams_(std::make_shared<MemoryStreams>()) {}

bool MemoryStore::contains(const Key& key) const {
  const std::scoped_lock lock(mutex_);
  return tasks_.contains(key);
}

std::optional<StoredTask> MemoryStore::load(const Key& key) {
  const std::scoped_lock lock(mutex_);
  const auto found = tasks_.find(key);
  if (found == tasks_.end()) return std::nullopt;
  return found->second;
}

void MemoryStore::save(const Key& key, const StoredTask& task) {
  const std::scoped_lock lock(mutex_);
  tasks_[key] = task;
}

}  // namespace foldstream
