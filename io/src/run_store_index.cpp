#include "run_store_index.hpp"

#include <fcntl.h>

#include <algorithm>
#include <bit>
#include <cstdio>
#include <tuple>

namespace foldstream::io {

namespace {

/// Keys are hashes, but not those of tests: the middle of a product depends on all their bits.
std::uint64_t hash_of(const Key& key) {
  const std::uint64_t hash = (key.low ^ (key.high << 32 | key.high >> 32)) * 0x9E3779B97F4A7C15u;
  return hash ^ hash >> 29;
}

}  // namespace

std::vector<std::filesystem::path> files_of_ranks(const std::filesystem::path& ranks,
                                                  std::string_view ending) {
  std::vector<std::filesystem::path> paths;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(ranks, none)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("r") && name.ends_with(ending)) paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

std::string rank_stem(int rank) {
  char stem[16];
  std::snprintf(stem, sizeof stem, "r%04d", rank);
  return stem;
}

TaskPlace* PlaceTable::find(const Key& key) {
  const std::uint32_t number = slots_[slot_of(key)].number;
  return number == 0 ? nullptr : &places_[number - 1];
}

const TaskPlace* PlaceTable::find(const Key& key) const {
  const std::uint32_t number = slots_[slot_of(key)].number;
  return number == 0 ? nullptr : &places_[number - 1];
}

void PlaceTable::insert(const TaskPlace& place) {
  places_.push_back(place);
  if (places_.size() * 2 > slots_.size()) return resize(slots_.size() * 2);
  put(static_cast<std::uint32_t>(places_.size()));
}

std::size_t PlaceTable::slot_of(const Key& key) const {
  const std::size_t mask = slots_.size() - 1;
  const std::uint64_t hash = hash_of(key);
  for (std::size_t at = (hash >> 32) & mask;; at = (at + 1) & mask) {
    const Slot& slot = slots_[at];
    if (slot.number == 0) return at;
    const bool is_likely = slot.tag == static_cast<std::uint32_t>(hash);
    if (is_likely && places_[slot.number - 1].entry.key == key) return at;
  }
}

void PlaceTable::put(std::uint32_t number) {
  const Key& key = places_[number - 1].entry.key;
  slots_[slot_of(key)] = {number, static_cast<std::uint32_t>(hash_of(key))};
}

void PlaceTable::reserve(std::uint64_t count) {
  const std::size_t wanted = std::bit_ceil((places_.size() + count) * 2);
  if (wanted > slots_.size()) resize(wanted);
}

void PlaceTable::resize(std::size_t slots) {
  slots_.assign(slots, {});
  for (std::uint32_t number = 1; number <= places_.size(); ++number) put(number);
}

std::size_t RunIndex::journal_number(const std::filesystem::path& path) {
  const auto known = std::find_if(journals_.begin(), journals_.end(), [&](const Journal& journal) {
    return journal.file.path() == path;
  });
  if (known == journals_.end()) {
    journals_.push_back({File(path, O_RDONLY), 0});
    return journals_.size() - 1;
  }
  return static_cast<std::size_t>(known - journals_.begin());
}

std::vector<JournalDamage> RunIndex::refresh() {
  std::vector<JournalDamage> damages;
  for (const auto& path : files_of_ranks(ranks_, ".journal")) {
    const std::size_t number = journal_number(path);
    Journal& journal = journals_[number];
    constexpr std::uint64_t record = 256;  // bytes: about what one takes
    places_.reserve((journal.file.size() - std::min(journal.end, journal.file.size())) / record);
    const FrameScan scan =
        scan_journal(journal.file, journal.end, [&](const JournalEntry& entry) {
          add({number, entry});
        });
    journal.end = scan.end;
    if (scan.skipped > 0) damages.push_back({path, scan.skipped});
  }
  return damages;
}

const TaskPlace* RunIndex::find(const Key& key) const {
  const TaskPlace* place = places_.find(key);
  return place == nullptr || place->entry.length == 0 ? nullptr : place;
}

std::vector<TaskPlace> RunIndex::places() const {
  std::vector<TaskPlace> places;
  std::copy_if(places_.all().begin(), places_.all().end(), std::back_inserter(places),
               [](const TaskPlace& place) { return place.entry.length > 0; });
  std::sort(places.begin(), places.end(), [](const TaskPlace& a, const TaskPlace& b) {
    return std::tie(a.entry.saved_at, a.entry.key) < std::tie(b.entry.saved_at, b.entry.key);
  });
  return places;
}

TaskRecord RunIndex::record(const TaskPlace& place) const {
  return parse_task_record(read_journal_text(journals_.at(place.journal).file, place.entry));
}

void RunIndex::add(const TaskPlace& place) {
  TaskPlace* known = places_.find(place.entry.key);
  if (known == nullptr) return places_.insert(place);
  const bool is_newer = known->entry.saved_at <= place.entry.saved_at;
  if (is_newer || known->entry.length == 0) *known = place;
}

void RunIndex::advance(std::size_t journal, const JournalEntry& entry) {
  std::uint64_t& end = journals_.at(journal).end;
  end = std::max(end, entry.offset + entry.length);
}

bool RunIndex::forget(const TaskPlace& place) {
  TaskPlace* now = places_.find(place.entry.key);
  if (now == nullptr || now->entry.length == 0) return false;
  if (now->journal != place.journal || now->entry.offset != place.entry.offset) return false;
  now->entry.length = 0;
  return true;
}

}  // namespace foldstream::io
