// RunIndex: which task lies where, as the journals of all ranks tell.
#pragma once

#include "journal.hpp"
#include "run_store_record.hpp"

#include <deque>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace foldstream::io {

/// "r0007" for rank 7: the stem of the journal and of the files of a rank.
std::string rank_stem(int rank);
/// The files of all ranks in the folder "ranks" whose names end so, ".journal", in their order.
std::vector<std::filesystem::path> files_of_ranks(const std::filesystem::path& ranks,
                                                  std::string_view ending);

/// Where the record of a task is: in which journal, and where in it.
struct TaskPlace {
  std::size_t journal = 0;
  JournalEntry entry;  ///< its length is 0 if the task was forgotten
};

/// Places by key, in some 65 bytes a task. Not thread-safe.
class PlaceTable {
 public:
  /// The place of a key, forgotten or not; null if the key was never seen.
  TaskPlace* find(const Key& key);
  const TaskPlace* find(const Key& key) const;
  /// Makes room for so many more.
  void reserve(std::uint64_t count);
  /// Adds a place whose key is not there yet.
  void insert(const TaskPlace& place);
  const std::deque<TaskPlace>& all() const { return places_; }

 private:
  struct Slot {
    std::uint32_t number = 0;  ///< of the place, from 1; 0 is free
    std::uint32_t tag = 0;  ///< of its key, so that most other keys are told without a look at it
  };

  /// The slot of a key, or the free one where it belongs.
  std::size_t slot_of(const Key& key) const;
  void put(std::uint32_t number);
  void resize(std::size_t slots);

  std::deque<TaskPlace> places_;
  std::vector<Slot> slots_ = std::vector<Slot>(64);
};

/// A damaged stretch of a journal.
struct JournalDamage {
  std::filesystem::path file;
  std::uint64_t bytes = 0;
};

/// The journals of a folder "ranks", read up to where they ended last time. Not thread-safe.
class RunIndex {
 public:
  explicit RunIndex(std::filesystem::path ranks) : ranks_(std::move(ranks)) {}

  /// Reads on in every journal. Torn tails are left for the next time.
  /// @returns damage that was met on the way.
  std::vector<JournalDamage> refresh();

  const TaskPlace* find(const Key& key) const;
  std::vector<TaskPlace> places() const;
  /// Parses the record at a place. @throws Error
  TaskRecord record(const TaskPlace& place) const;

  /// The number under which the journal at `path` is known, and where it ends.
  std::size_t journal_number(const std::filesystem::path& path);
  std::uint64_t end_of(std::size_t journal) const { return journals_.at(journal).end; }
  const std::filesystem::path& path_of(std::size_t journal) const {
    return journals_.at(journal).file.path();
  }

  /// Takes note of a record; of two of a key the one saved later stays.
  void add(const TaskPlace& place);
  /// Notes that `journal` has been read up to behind `entry`.
  void advance(std::size_t journal, const JournalEntry& entry);
  /// Forgets a task; false if it is gone already, or another record of it has come meanwhile.
  bool forget(const TaskPlace& place);

 private:
  struct Journal {
    File file;
    std::uint64_t end = 0;
  };

  std::filesystem::path ranks_;
  std::vector<Journal> journals_;
  PlaceTable places_;
};

}  // namespace foldstream::io
