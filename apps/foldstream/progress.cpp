#include "progress.hpp"

#include <fmt/core.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

namespace foldstream::apps {
namespace {

std::size_t terminal_width() {
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20) return size.ws_col - 1U;
  return 79;
}

std::string outcome_text(const Outcome& outcome) {
  std::string text(to_string(outcome.state));
  if (outcome.state == State::done) text = fmt::format("{:.1f} s", outcome.seconds);
  if (!outcome.message.empty()) text += ": " + outcome.message;
  return text;
}

}  // namespace

std::string clock_text(double seconds) {
  const auto whole = static_cast<long>(std::max(0.0, seconds) + 0.5);
  if (whole >= 3600)
    return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

Progress::Progress(const Plan& plan, bool is_terminal)
    : is_terminal_(is_terminal), target_count_(plan.targets.size()) {
  int index = 0;
  for (const PlannedTarget& target : plan.targets) {
    for (const PlannedTask& task : target.tasks)
      estimates_[{index, task.task}] = std::max(0.01, task.cost.seconds);
    ++index;
  }
  for (const auto& [id, seconds] : estimates_) total_seconds_ += seconds;
}

void Progress::notify(const Event& event) {
  count(event);
  const std::string name = event.target.empty() ? "target" : event.target;
  if (event.what == Event::What::warning)
    print_line(fmt::format("{} {}: warning: {}", name, event.task, event.text));
  if (event.what == Event::What::task_ended && event.outcome.state == State::failed)
    print_line(fmt::format("{} {}: failed: {}", name, event.task, event.outcome.message));
  else if (event.what == Event::What::task_ended && event.outcome.state == State::done && !is_terminal_)
    print_line(fmt::format("{} {}: {}", name, event.task, outcome_text(event.outcome)));
  if (event.what == Event::What::target_ended)
    print_line(fmt::format("[{}/{}] {}: {}", ended_, target_count_, name,
                           event.outcome.is_good() ? "done" : to_string(event.outcome.state)));
  if (is_terminal_) draw(event);
}

void Progress::count(const Event& event) {
  const TaskId id{event.target_index, event.task};
  if (event.what == Event::What::target_ended) ++ended_;
  if (event.what == Event::What::task_started) running_[id] = 0;
  if (event.what == Event::What::task_progress) running_[id] = event.fraction;
  if (event.what != Event::What::task_ended) return;
  running_.erase(id);
  const auto estimate = estimates_.find(id);
  if (estimate == estimates_.end()) return;
  ended_seconds_ += estimate->second;
  if (event.outcome.state != State::done) reused_seconds_ += estimate->second;
}

double Progress::fraction() const {
  double sum = ended_seconds_ - reused_seconds_;
  for (const auto& [id, part] : running_)
    if (const auto estimate = estimates_.find(id); estimate != estimates_.end())
      sum += part * estimate->second;
  return sum / std::max(1e-9, total_seconds_ - reused_seconds_);
}

void Progress::draw(const Event& event) {
  const auto now = std::chrono::steady_clock::now();
  const bool is_step = event.what == Event::What::task_progress;
  if (is_step && now - drawn_ < std::chrono::milliseconds(100)) return;
  drawn_ = now;
  const double elapsed = std::chrono::duration<double>(now - began_).count();
  const double part = std::clamp(fraction(), 0.0, 1.0);
  std::string line = fmt::format("[{}/{}] {:3.0f} %  {}", ended_, target_count_, 100 * part,
                                 clock_text(elapsed));
  if (part > 0.02) line += "  ETA " + clock_text(elapsed * (1 - part) / part);
  line += fmt::format("  {} {}{}", event.target, event.task,
                      event.text.empty() || !is_step ? "" : ": " + event.text);
  fmt::print(stderr, "\r\033[K{}", line.substr(0, terminal_width()));
  std::fflush(stderr);
}

void Progress::print_line(const std::string& text) {
  if (is_terminal_) fmt::print(stderr, "\r\033[K");
  fmt::print(stderr, "{}\n", text);
  std::fflush(stderr);
}

void Progress::finish() {
  if (is_terminal_) fmt::print(stderr, "\r\033[K");
  std::fflush(stderr);
}

}  // namespace foldstream::apps
