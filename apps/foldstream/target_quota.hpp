// TargetQuota: the processes of one account share out how many targets may be in work at once.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>

namespace foldstream::apps {

/// A member of a quota folder, which all processes of the account can write to: each has a file
/// there that says how many targets it holds, and whether it waits for more. Takes under a lock of
/// the folder keep the sum within the limit; while others wait for less than their fair share (the
/// limit divided by the members), nobody gets more than that. A member whose file has not changed
/// for a minute is gone, and what it held is free. Thread-safe.
class TargetQuota {
 public:
  using Clock = std::chrono::steady_clock;

  /// Joins. @throws Error{InvalidArgument} for a limit below 1, Error{Io} if the folder cannot be
  /// used.
  TargetQuota(std::filesystem::path folder, int limit);
  /// Gives back all it holds.
  ~TargetQuota();
  TargetQuota(const TargetQuota&) = delete;
  TargetQuota& operator=(const TargetQuota&) = delete;

  /// Whether one more target may begin now; if so it is held until `end`.
  /// @throws Error{Io} if the folder cannot be used any more.
  bool begin();
  void end() noexcept;
  /// Says that this member lives; to be called every second or so.
  void touch() noexcept;
  int held() const;

 private:
  struct Member {
    int held = 0;
    bool waits = false;
  };
  struct Seen {
    std::string content;
    Clock::time_point changed;
  };

  void write();
  void tell() noexcept;
  std::map<std::string, Member> others();

  const std::filesystem::path folder_;
  const int limit_;
  const std::string name_;
  mutable std::mutex mutex_;
  Member own_;
  int count_ = 0;  ///< of writes: so that the file changes
  std::map<std::string, Seen> seen_;
};

}  // namespace foldstream::apps
