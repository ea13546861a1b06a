#include "rank_files.hpp"

#include "lease_files.hpp"
#include "offline.hpp"

#include <foldstream/error.hpp>
#include <foldstream/io/text_file.hpp>

#include <fmt/core.h>
#include <sys/resource.h>

#include <algorithm>
#include <exception>
#include <numeric>
#include <system_error>

namespace foldstream::apps {

namespace fs = std::filesystem;

RankFiles::RankFiles(const CampaignOptions& options, int rank, const Seat& seat)
    : out_(options.out), rank_(rank), is_offline_(options.is_offline), metrics_(options.metrics) {
  if (seat.number == 0) meter_.emplace();
  std::error_code problem;
  if (!metrics_.empty() && !fs::is_directory(metrics_) &&
      !fs::create_directories(metrics_, problem))
    throw Error(ErrorKind::Io, "--metrics " + metrics_.string() +
                                   ": cannot make the folder: " + problem.message() + ".");
  if (options.metrics_port == 0) return;
  if (is_offline_)
    throw Error(ErrorKind::InvalidArgument,
                "--metrics-port needs the network, which --offline forbids. Use --metrics FOLDER.");
  server_.emplace(options.metrics_port + seat.number);
}

fs::path RankFiles::file(const char* ending) const {
  return out_ / "ranks" / fmt::format("r{:04}{}", rank_, ending);
}

void RankFiles::write(const RunStatus* status) {
  io::write_file_atomically(file(".memory"), fmt::format("{}\n", own_peak_bytes()));
  if (is_offline_)
    io::write_file_atomically(file(".refused"), fmt::format("{}\n", refused_network_calls()));
  if (const auto joules = meter_ ? meter_->joules() : std::nullopt)
    io::write_file_atomically(file(".joules"), fmt::format("{:.3f}\n", *joules));
  if (const auto joules = device_meter_ ? device_meter_->joules() : std::nullopt)
    io::write_file_atomically(file(".device_joules"), fmt::format("{:.3f}\n", *joules));
  if (server_) server_->show(metrics(status));
  // the collector reads *.prom, and nothing that is half written
  if (!metrics_.empty())
    io::write_file_atomically(
        metrics_ / fmt::format("foldstream-{}-r{:04}.prom", io::safe_file_name(host_name()), rank_),
        metrics(status));
}

/// In Prometheus' text format, version 0.0.4.
std::string RankFiles::metrics(const RunStatus* status) const {
  std::string text;
  const std::string labels =
      fmt::format("run=\"{}\",rank=\"{}\"", io::safe_file_name(out_.filename().string()), rank_);
  const auto family = [&](const char* name, const char* type, const char* help) {
    text += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
  };
  const auto value = [&](const char* name, const std::string& more, double number) {
    text += fmt::format("{}{{{}{}}} {}\n", name, labels, more, number);
  };
  family("foldstream_memory_peak_bytes", "gauge", "Most memory that the rank has had resident.");
  value("foldstream_memory_peak_bytes", "", static_cast<double>(own_peak_bytes()));
  if (status == nullptr) return text;
  family("foldstream_targets", "gauge", "Targets of the campaign by state.");
  for (const auto& [state, count] :
       {std::pair("done", status->targets_done), std::pair("failed", status->targets_failed),
        std::pair("running", status->targets_running), std::pair("all", status->targets)})
    value("foldstream_targets", fmt::format(",state=\"{}\"", state), count);
  family("foldstream_tasks", "gauge", "Tasks of this attempt by state.");
  for (const auto& [name, task] : status->tasks)
    for (const auto& [state, count] :
         {std::pair("running", task.running), std::pair("done", task.done),
          std::pair("reused", task.reused), std::pair("failed", task.failed)})
      value("foldstream_tasks",
            fmt::format(",task=\"{}\",state=\"{}\"", io::safe_file_name(name), state), count);
  family("foldstream_busy_thread_seconds_total", "counter",
         "Thread-seconds of tasks in this attempt.");
  value("foldstream_busy_thread_seconds_total", "", status->busy_seconds);
  family("foldstream_threads", "gauge", "Threads of all ranks.");
  value("foldstream_threads", "", status->threads);
  if (status->devices > 0) {
    family("foldstream_busy_device_seconds_total", "counter",
           "Seconds that tasks of this attempt had a device.");
    value("foldstream_busy_device_seconds_total", "", status->device_seconds);
    family("foldstream_devices", "gauge", "Devices of all ranks.");
    value("foldstream_devices", "", status->devices);
  }
  family("foldstream_fraction_done", "gauge", "Of the estimated work, 0 to 1.");
  value("foldstream_fraction_done", "", status->fraction);
  family("foldstream_updated_seconds", "gauge", "When this was written, seconds since 1970.");
  value("foldstream_updated_seconds", "", static_cast<double>(status->updated_at));
  return text;
}

void remove_rank_files(const fs::path& ranks) {
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(ranks, none)) {
    const std::string ending = entry.path().extension();
    for (const char* own : {".memory", ".refused", ".joules", ".device_joules"})
      if (ending == own) fs::remove(entry.path(), none);
  }
}

std::uint64_t own_peak_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

namespace {

/// The numbers in the files with this ending that ranks have written.
std::vector<double> numbers_of_ranks(const fs::path& ranks, const char* ending) {
  std::vector<double> numbers;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(ranks, none)) {
    if (entry.path().extension() != ending) continue;
    try {
      numbers.push_back(std::stod(io::read_text_file(entry.path())));
    } catch (const std::exception&) {  // being replaced, or damaged: the others still tell
      continue;
    }
  }
  return numbers;
}

std::optional<double> sum_of_ranks(const fs::path& ranks, const char* ending) {
  const auto all = numbers_of_ranks(ranks, ending);
  if (all.empty()) return std::nullopt;
  return std::accumulate(all.begin(), all.end(), 0.0);
}

}  // namespace

std::uint64_t largest_memory(const fs::path& ranks) {
  const auto all = numbers_of_ranks(ranks, ".memory");
  return all.empty() ? 0 : static_cast<std::uint64_t>(std::ranges::max(all));
}

std::optional<std::int64_t> refused_calls(const fs::path& ranks) {
  const auto sum = sum_of_ranks(ranks, ".refused");
  return sum ? std::optional(static_cast<std::int64_t>(*sum)) : std::nullopt;
}

MeasuredEnergy measured_energy(const fs::path& ranks) {
  return {sum_of_ranks(ranks, ".joules"), sum_of_ranks(ranks, ".device_joules")};
}

}  // namespace foldstream::apps
