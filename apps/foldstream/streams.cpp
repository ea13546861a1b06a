#include "commands.hpp"
#include "interrupt.hpp"
#include "run_folder.hpp"
#include "stream_table.hpp"

#include <fmt/core.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

namespace foldstream::apps {
namespace {

struct StreamsOptions {
  std::filesystem::path run;
  std::string target;
  bool follow = false;
  bool json = false;
  double interval = 1;  ///< s
};

std::vector<io::StreamInfo> of_target(std::vector<io::StreamInfo> streams,
                                      const std::string& target) {
  if (target.empty()) return streams;
  std::erase_if(streams, [&](const io::StreamInfo& info) { return info.label.target != target; });
  return streams;
}

std::vector<std::string> targets_of(const std::vector<io::StreamInfo>& streams) {
  std::vector<std::string> names;
  for (const io::StreamInfo& info : streams) names.push_back(info.label.target);
  return names;
}

/// Why there is nothing to show, if that is so.
std::string nothing_text(io::RunStore& store) {
  const std::size_t tasks = store.stored().size();
  return fmt::format("{}: no streams are stored ({} task{}). Only ports of type 'stream' make "
                     "them; 'foldstream list STAGE' shows the ports of a stage.",
                     store.folder().string(), tasks, tasks == 1 ? " is" : "s are");
}

int list_once(const StreamsOptions& options) {
  const auto store = open_run(options.run, [](const io::Damage& damage) {
    fmt::print(stderr, "foldstream: warning: {}\n", io::to_string(damage));
  });
  const std::vector<io::StreamInfo> all = store->stored_streams();
  if (all.empty()) {
    fmt::print(stderr, "{}\n", nothing_text(*store));
    return all_done;
  }
  std::vector<StreamRow> rows;
  for (const io::StreamInfo& info : of_target(all, options.target)) rows.push_back(row_of(info));
  if (rows.empty()) {
    const std::vector<std::string> names = targets_of(all);
    throw Error(ErrorKind::NotFound, options.run.string() + " has no stream of target '" +
                                         options.target + "'." +
                                         did_you_mean(options.target, names) +
                                         " There are streams of: " + name_list(names) + ".");
  }
  if (options.json) {
    for (const StreamRow& row : rows) fmt::print("{}\n", json_line(row));
    return all_done;
  }
  for (const std::string& line : table_lines(rows)) fmt::print("{}\n", line);
  fmt::print("{}\n", totals_line(rows));
  return all_done;
}

/// Characters a line and lines of the terminal, less those that would make it scroll.
struct Window {
  std::size_t columns = 79;
  std::size_t lines = 23;
};

Window window() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return {};
  if (size.ws_col < 20 || size.ws_row < 5) return {};
  return {size.ws_col - 1U, size.ws_row - 1U};
}

/// The first `columns` characters of UTF-8.
std::string cut_line(const std::string& line, std::size_t columns) {
  std::size_t at = 0;
  for (std::size_t count = 0; at < line.size(); ++at) {
    const bool begins = (static_cast<unsigned char>(line[at]) & 0xC0) != 0x80;
    if (begins && count++ == columns) break;
  }
  return line.substr(0, at);
}

/// Shows the streams of a run again and again, until all are complete or someone interrupts.
class Follower {
 public:
  explicit Follower(const StreamsOptions& options)
      : options_(options),
        is_terminal_(!options.json && isatty(STDOUT_FILENO) == 1),
        store_(open_run(options.run, [this](const io::Damage& damage) {
          warnings_.push_back(io::to_string(damage));
        })) {}

  int follow() {
    do {
      look();
      show();
    } while (!is_over() && wait());
    if (!options_.json && !is_terminal_ && !rows_.empty()) fmt::print("{}\n", totals_line(rows_));
    return all_done;
  }

 private:
  /// Learns what is stored now.
  void look() {
    store_->refresh();
    const auto now = std::chrono::steady_clock::now();
    const double seconds = std::chrono::duration<double>(now - looked_at_).count();
    looked_at_ = now;
    std::vector<StreamRow> rows;
    for (const io::StreamInfo& info : of_target(store_->stored_streams(), options_.target)) {
      const auto before = std::ranges::find(
          rows_, info.id, [](const StreamRow& row) { return row.info.id; });
      rows.push_back(before == rows_.end() ? row_of(info)
                                           : row_since(info, before->info, seconds));
    }
    before_ = std::exchange(rows_, std::move(rows));
  }

  bool is_over() const {
    return !rows_.empty() && std::ranges::all_of(rows_, [](const StreamRow& row) {
      return row.info.is_complete;
    });
  }

  void show() {
    if (drawn_lines_ > 0) fmt::print("\033[{}A\r\033[J", std::exchange(drawn_lines_, 0));
    std::fflush(stdout);
    for (const std::string& warning : std::exchange(warnings_, {}))
      fmt::print(stderr, "foldstream: warning: {}\n", warning);
    if (rows_.empty())
      tell_waiting();
    else if (is_terminal_)
      draw();
    else
      print_changes();
    std::fflush(stdout);
  }

  void tell_waiting() {
    if (std::exchange(is_waiting_told_, true)) return;
    std::string text = "waiting for the first stream";
    if (!options_.target.empty()) {
      text += " of target '" + options_.target + "'";
      if (const auto names = targets_of(store_->stored_streams()); !names.empty())
        text += "; there are streams of: " + name_list(names);
    }
    fmt::print(stderr, "{}: {}. Ctrl-C ends.\n", options_.run.string(), text);
  }

  /// As many as the terminal has room for, open ones first.
  void draw() {
    const Window window = apps::window();
    std::vector<StreamRow> rows = rows_;
    const std::size_t room = window.lines - 2;  // header and totals
    if (rows.size() > room) {
      std::ranges::stable_partition(rows,
                                    [](const StreamRow& row) { return !row.info.is_complete; });
      rows.resize(room - 1);
    }
    std::vector<std::string> lines = table_lines(rows);
    if (rows.size() < rows_.size())
      lines.push_back(fmt::format("… and {} more", rows_.size() - rows.size()));
    lines.push_back(totals_line(rows_));
    for (const std::string& line : lines) fmt::print("{}\n", cut_line(line, window.columns));
    drawn_lines_ = lines.size();
  }

  void print_changes() {
    for (const StreamRow& row : rows_) {
      const auto before = std::ranges::find(
          before_, row.info.id, [](const StreamRow& other) { return other.info.id; });
      if (before != before_.end() && before->info.chunks == row.info.chunks &&
          before->info.is_complete == row.info.is_complete)
        continue;
      fmt::print("{}\n", options_.json ? json_line(row) : change_line(row));
    }
  }

  /// False if someone interrupted.
  bool wait() const {
    const auto until = looked_at_ + std::chrono::duration<double>(options_.interval);
    while (Interrupt::signal() == 0) {
      const double left =
          std::chrono::duration<double>(until - std::chrono::steady_clock::now()).count();
      if (left <= 0) return true;
      poll(nullptr, 0, static_cast<int>(std::min(100.0, 1000 * left)) + 1);
    }
    return false;
  }

  const StreamsOptions options_;
  const bool is_terminal_;
  std::vector<std::string> warnings_;  ///< not shown yet
  std::vector<StreamRow> rows_;
  std::vector<StreamRow> before_;  ///< those of the look before
  bool is_waiting_told_ = false;
  std::size_t drawn_lines_ = 0;
  std::chrono::steady_clock::time_point looked_at_{};
  const std::unique_ptr<io::RunStore> store_;
};

int streams(const StreamsOptions& options) {
  if (!options.follow) return list_once(options);
  const Interrupt interrupt;
  return Follower(options).follow();
}

}  // namespace

void add_streams(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand(
      "streams", "List the streams of a run, finished or going on, and watch them grow");
  const auto options = std::make_shared<StreamsOptions>();
  command->add_option("RUN", options->run, "folder of a run (its --out)")->required();
  CLI::Option* follow = command->add_flag(
      "-f,--follow", options->follow, "go on until all streams are complete, or Ctrl-C");
  command->add_flag("--json", options->json, "print a JSON object a line for each stream");
  command->add_option("--target", options->target, "only the streams of this sequence");
  command->add_option("--interval", options->interval, "with --follow: look every so many seconds")
      ->check(CLI::Range(0.05, 3600.0))
      ->needs(follow)
      ->capture_default_str();
  command->footer(
      "Only reads, and may run anywhere the folder can be seen, while the run goes on. Chunks\n"
      "show as soon as they are stored, which is when they outlive their process. RATE is that\n"
      "from the beginning of a stream to its last chunk; with --follow, that of the last interval\n"
      "while the stream is open. With --follow, a terminal shows the table in place; otherwise,\n"
      "and with --json, there is a line for each stream that changes. A stream stays open if its\n"
      "run was stopped: run again to go on with it.\n\n"
      "Examples:\n"
      "  foldstream streams results\n"
      "  foldstream streams results --follow --target P12345\n"
      "  foldstream streams results --json | jq 'select(.state == \"open\")'");
  command->callback([&action, options] { action = [options] { return streams(*options); }; });
}

}  // namespace foldstream::apps
