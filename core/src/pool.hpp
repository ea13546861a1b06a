// Pool: what starts granted work and keeps time for it, on threads or on a virtual clock.
#pragma once

#include "ledger.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace foldstream {

/// Knows how to do work. No call may throw.
class Job {
 public:
  virtual ~Job() = default;
  /// Does what was granted.
  virtual void perform(const Work& work, const Grant& grant) = 0;
  /// Ends it, at once or, on a virtual clock, `pretended_seconds` later.
  /// @param may_follow  whether work that needs no more than one thread may go on with the grant
  /// @returns  such work
  virtual std::optional<Work> conclude(const Work& work, const Grant& grant, bool may_follow) = 0;
  /// How long the work takes on a virtual clock.
  virtual double pretended_seconds(const Work& work, const Grant& grant) const = 0;
  /// A time that was asked for by `Pool::after` has come.
  virtual void on_time(const Work& work, int purpose) = 0;
  /// The work waits for something scarce, "memory".
  virtual void on_waiting(const Work& work, const std::string& what) = 0;

  int held = 0;  ///< its works that wait or run; guarded by its pool
};

/// Work and what it needs.
struct Submission {
  Work work;
  Priority priority;
  Request request;
};

/// Thread-safe.
class Pool {
 public:
  virtual ~Pool() = default;
  /// Seconds since some fixed time.
  virtual double now() const = 0;
  virtual const Ledger& ledger() const = 0;  ///< for what is thread-safe of it only
  /// Host memory that the run keeps, until it is dropped.
  virtual void hold(std::uint64_t bytes) = 0;
  virtual void drop(std::uint64_t bytes) = 0;
  virtual void submit(std::span<const Submission> submissions) = 0;
  /// Calls `on_time` of the work's job after so long.
  virtual void after(double seconds, const Work& work, int purpose) = 0;
  /// Lets all such times of a job come now.
  virtual void hurry(const Job& job) = 0;
};

}  // namespace foldstream
