#include "run_store_index.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cstdio>
#include <tuple>

namespace foldstream::io {

namespace {

std::vector<std::filesystem::path> journals_in(const std::filesystem::path& ranks) {
  std::vector<std::filesystem::path> paths;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(ranks, none)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("r") && name.ends_with(".journal")) paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace

std::string rank_stem(int rank) {
  char stem[16];
  std::snprintf(stem, sizeof stem, "r%04d", rank);
  return stem;
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
  for (const auto& path : journals_in(ranks_)) {
    const std::size_t number = journal_number(path);
    Journal& journal = journals_[number];
    const JournalScan scan =
        scan_journal(journal.file, journal.end, [&](const JournalEntry& entry) {
          add({number, entry});
        });
    journal.end = scan.end;
    if (scan.skipped > 0) damages.push_back({path, scan.skipped});
  }
  return damages;
}

const TaskPlace* RunIndex::find(const Key& key) const {
  const auto found = places_.find(key);
  return found == places_.end() ? nullptr : &found->second;
}

std::vector<TaskPlace> RunIndex::places() const {
  std::vector<TaskPlace> places;
  for (const auto& [key, place] : places_) places.push_back(place);
  std::sort(places.begin(), places.end(), [](const TaskPlace& a, const TaskPlace& b) {
    return std::tie(a.entry.saved_at, a.entry.key) < std::tie(b.entry.saved_at, b.entry.key);
  });
  return places;
}

TaskRecord RunIndex::record(const TaskPlace& place) const {
  return parse_task_record(read_journal_text(journals_.at(place.journal).file, place.entry));
}

void RunIndex::add(const TaskPlace& place) {
  const auto [found, is_new] = places_.try_emplace(place.entry.key, place);
  if (!is_new && found->second.entry.saved_at <= place.entry.saved_at) found->second = place;
}

void RunIndex::advance(std::size_t journal, const JournalEntry& entry) {
  journals_.at(journal).end = entry.offset + entry.length;
}

bool RunIndex::forget(const TaskPlace& place) {
  const auto found = places_.find(place.entry.key);
  if (found == places_.end()) return false;
  const TaskPlace& now = found->second;
  if (now.journal != place.journal || now.entry.offset != place.entry.offset) return false;
  places_.erase(found);
  return true;
}

}  // namespace foldstream::io
