// Progress: what a person sees while a campaign runs, on standard error.
#pragma once

#include <foldstream/observer.hpp>
#include <foldstream/plan.hpp>

#include <chrono>
#include <cstdio>
#include <map>
#include <string>
#include <utility>

namespace foldstream::apps {

/// One live line on a terminal; a line for each task that ends otherwise.
class Progress {
 public:
  /// @param plan  whose estimates weigh the tasks for the ETA.
  Progress(const Plan& plan, bool is_terminal);

  void notify(const Event& event);
  /// Wipes the live line.
  void finish();
  /// Of the estimated work that was not stored when it was reached, 0–1.
  double fraction() const;

 private:
  using TaskId = std::pair<int, std::string>;

  void print_line(const std::string& text);
  void draw(const Event& event);
  void count(const Event& event);

  const bool is_terminal_;
  std::size_t target_count_;
  std::size_t ended_ = 0;
  double total_seconds_ = 0;
  double ended_seconds_ = 0;
  double reused_seconds_ = 0;
  std::map<TaskId, double> estimates_;
  std::map<TaskId, double> running_;  ///< fraction done
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point drawn_{};
};

/// "1:05", "2:03:04".
std::string clock_text(double seconds);

}  // namespace foldstream::apps
