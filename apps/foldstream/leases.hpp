// Leases: several jobs share the targets of one results folder, without talking to each other.
#pragma once

#include "run_status.hpp"

#include <nlohmann/json.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace foldstream::apps {

/// Positions of targets that are leased together, in the order in which a job should take the
/// blocks.
struct LeaseBlock {
  int number = 0;  ///< the same in all jobs
  std::vector<std::size_t> targets;
};

/// How a target ended that is not to be tried again by the job that writes the report.
using FailedTargets = std::map<std::string, TargetOutcome>;

/// One job of several on one results folder. Its ranks agree over the folder alone: which blocks
/// the job has is a log of files, each of which one rank has made (docs/formats.md, "Jobs that
/// share a folder"). Everything rests on a file being made whole and by one process only, which
/// link(2) gives on NFS, Lustre and GPFS too; clocks of hosts are never compared. Thread-safe.
class Leases {
 public:
  using Clock = std::chrono::steady_clock;

  /// Makes the folder of a new job. By one rank of the job. @returns its number.
  static int begin_job(const std::filesystem::path& out, int ranks);

  /// @param silence_seconds  a job without a sign of life for so long has lost its leases
  Leases(std::filesystem::path out, int job, std::vector<LeaseBlock> blocks,
         double silence_seconds);

  /// Of this job.
  std::filesystem::path folder() const;
  /// Position of the next target of this job; nothing when no block is left that is free, or that a
  /// job held which is gone. Waits for what becomes of a job that has fallen silent. `was_held` of
  /// a target whose block another job had.
  struct Next {
    std::size_t target = 0;
    bool was_held = false;
  };
  std::optional<Next> next();
  /// Looks for signs of life of the other jobs; to be called every second or so.
  void watch();
  /// `next` gives nothing any more, and waits for nothing. From any thread.
  void stop() { is_stopped_ = true; }
  /// Positions of all targets of this job, by the order in which `next` gave them.
  std::vector<std::size_t> order();
  /// Whether another job has taken what this one held.
  bool has_lost();

  /// Ends the leases of this job: blocks whose targets have all ended are done, others are free.
  /// @param outcomes  with the positions of targets as their indices
  void settle(const std::vector<TargetOutcome>& outcomes);
  /// Frees the blocks that are done but for targets that failed, to try those again. Only while no
  /// other job works on the folder.
  void reopen_failed();
  /// Whether any other job still works on the folder.
  bool has_company();
  /// Only one job writes the report of all; true for that one, until `end_report`.
  bool begin_report();
  void end_report();
  /// Targets that have failed in any job, by name.
  FailedTargets failed();

 private:
  struct Lease {
    int generation = 0;
    std::string state;  ///< "held", "free", "done"
    int job = -1;
  };
  struct Seen {
    std::string content;
    Clock::time_point changed;
  };

  std::filesystem::path claim_file(std::size_t number) const;
  std::map<int, Lease> latest();
  static Lease of(const std::map<int, Lease>& all, int block);
  bool lease(int block, const Lease& before, const std::string& state, nlohmann::json more = {});
  nlohmann::json record(int block, const Lease& lease) const;
  std::optional<int> lease_some();
  std::optional<std::string> read_claim(std::size_t number) const;
  std::string make_claim();
  bool advance();
  void look();
  bool is_gone(int job);
  double silence_of(int job) const;
  bool may_get_more();

  const std::filesystem::path out_;
  const int job_;
  const std::vector<LeaseBlock> blocks_;
  const double silence_seconds_;
  std::atomic<bool> is_stopped_ = false;
  std::mutex mutex_;
  std::map<int, std::size_t> place_;  ///< of a block in blocks_
  std::vector<int> claimed_;
  std::set<int> taken_over_;  ///< of these, from another job
  std::vector<std::size_t> order_;
  std::size_t given_ = 0;
  bool has_ended_ = false;
  std::map<int, Seen> seen_;    ///< status.json of the other jobs
  std::map<int, Lease> known_;  ///< the latest that was read, by block
};

/// Blocks for `targets`, at most 512: contiguous in the input, but equal sequences together, since
/// no key is to be computed in two jobs. @param order  positions in the order in which they should
/// run
std::vector<LeaseBlock> lease_blocks(const std::vector<std::string>& residues_by_number,
                                     const std::vector<std::size_t>& numbers_in_order);

}  // namespace foldstream::apps
