#include "loss.hpp"

#include "launch.hpp"

#include <foldstream/mpi/distributed_executor.hpp>
#include <foldstream/mpi/session.hpp>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <thread>

namespace foldstream::bench {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr int ranks = 3;
constexpr int targets = 150;
constexpr auto task_time = std::chrono::milliseconds(20);
constexpr int fatal_task = 20;  // of the victim's

double now() { return std::chrono::duration<double>(Clock::now().time_since_epoch()).count(); }

/// What happened on a rank, a line each, for those who read it when the rank is gone.
class Diary {
 public:
  explicit Diary(const fs::path& path)
      : file_(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666)) {}
  void note(const char* what, int number) const {
    const std::string line = fmt::format("{} {} {:.6f}\n", what, number, now());
    if (::write(file_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) std::abort();
  }

 private:
  const int file_;
};

Graph make_graph(const Diary& diary, bool is_victim) {
  Task task;
  task.name = "work";
  task.inputs = {{"number", PortType::of<std::int64_t>()}};
  task.body = [&diary, is_victim](const Values& inputs, const Context&) -> Values {
    static std::atomic<int> count = 0;
    const int number = static_cast<int>(inputs.at("number").as<std::int64_t>());
    diary.note("begin", number);
    if (is_victim && ++count == fatal_task) {
      diary.note("kill", number);
      std::raise(SIGKILL);
    }
    std::this_thread::sleep_for(task_time);
    diary.note("end", number);
    return {};
  };
  Graph graph;
  graph.add(std::move(task));
  return graph;
}

void run(const mpi::Communicator& world, int victim, const Diary& diary) {
  const Graph graph = make_graph(diary, world.rank() == victim);
  mpi::DistributedExecutor executor(world, {.threads = 1});
  std::vector<Target> list;
  for (std::int64_t i = 0; i < targets; ++i)
    list.push_back({.inputs = {{graph.task("work").input("number"), i}}});
  Run run = executor.run_targets(graph, std::move(list));
  bool has_told = false;
  while (!run.is_finished()) {
    if (!has_told && !executor.lost().empty()) diary.note("lost", executor.lost().front());
    has_told = !executor.lost().empty();
    usleep(500);
  }
  run.wait();
  diary.note("finished", static_cast<int>(run.outcomes().size()));
}

struct Entry {
  int rank;
  std::string what;
  int number;
  double time;
};

std::vector<Entry> read_diaries(const fs::path& folder) {
  std::vector<Entry> entries;
  for (int rank = 0; rank < ranks; ++rank) {
    std::ifstream file(folder / std::to_string(rank));
    Entry entry{rank, "", 0, 0};
    while (file >> entry.what >> entry.number >> entry.time) entries.push_back(entry);
  }
  std::ranges::sort(entries, {}, &Entry::time);
  return entries;
}

/// Seconds from the kill until all have noticed, and from then until the task that was lost is begun
/// again.
struct Delays {
  double noticed = 0;
  double begun_again = 0;
};

Delays delays(const std::vector<Entry>& entries, int victim) {
  const auto killed = std::ranges::find(entries, "kill", &Entry::what);
  if (killed == entries.end()) throw std::runtime_error("no rank was killed.");
  Delays delays;
  double again = -1;
  int finished = 0, noticed = 0;
  for (const Entry& entry : entries) {
    if (entry.what == "finished" && entry.number == targets) ++finished;
    if (entry.what == "lost" && entry.number == victim && ++noticed > 0)
      delays.noticed = std::max(delays.noticed, entry.time - killed->time);
    if (entry.what == "begin" && entry.number == killed->number && entry.rank != victim)
      again = entry.time - killed->time;
  }
  if (finished != ranks - 1 || noticed != ranks - 1 || again < 0)
    throw std::runtime_error("the ranks that were left did not finish the run.");
  delays.begun_again = std::max(0.0, again - delays.noticed);
  return delays;
}

/// Nothing if the launcher lets no rank survive.
std::optional<Delays> lose(int victim) {
  std::string path = (fs::temp_directory_path() / "foldstream-bench-XXXXXX").string();
  if (mkdtemp(path.data()) == nullptr) throw std::runtime_error("cannot make a temporary folder.");
  const std::string command =
      fmt::format("FOLDSTREAM_SURVIVE=1 timeout 60 sh '{}' {} '{}' mpi --lose {} --folder '{}' "
                  ">/dev/null 2>&1",
                  FOLDSTREAM_LAUNCHER, ranks, own_program(), victim, path);
  const int status = std::system(command.c_str());  // else the diaries tell how it went
  const std::vector<Entry> entries = read_diaries(path);
  fs::remove_all(path);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 2) return std::nullopt;
  return delays(entries, victim);
}

}  // namespace

std::vector<Bar> loss_bars(bool quick) {
  std::vector<Bar> bars;
  for (const int victim : {ranks - 1, 0}) {
    Delays worst;
    for (int trial = 0; trial < (quick ? 1 : 5); ++trial) {
      const auto one = lose(victim);
      if (!one) return {};
      worst.noticed = std::max(worst.noticed, one->noticed);
      worst.begun_again = std::max(worst.begun_again, one->begun_again);
    }
    const std::string who = victim == 0 ? "coordinating rank" : "rank";
    bars.push_back({"lost " + who + " noticed by all, at worst", worst.noticed, "s", 5.0, 5.0, true});
    bars.push_back({"its task begun again after that, at worst", worst.begun_again, "s", 1.0, 1.0,
                    true});
  }
  return bars;
}

void be_lost_or_survive(int victim, const fs::path& folder) {
  mpi::SurvivalOptions survival;
  survival.survive_losses =
      mpi::Session::survives_losses([](const char* name) { return std::getenv(name); });
  mpi::Session session(survival);
  {
    const auto world = mpi::Communicator::world(session);
    const Diary diary(folder / std::to_string(world.rank()));
    run(world, victim, diary);
  }
  if (session.needs_leave()) session.leave(0);
  std::exit(0);
}

}  // namespace foldstream::bench
