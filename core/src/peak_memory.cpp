#include "peak_memory.hpp"

#include <atomic>
#include <fstream>
#include <string>

namespace foldstream {
namespace {

std::atomic<std::uint64_t> bodies_begun = 0;
std::atomic<int> bodies_running = 0;

}  // namespace

bool reset_peak() {
  std::ofstream file("/proc/self/clear_refs");
  file << "5" << std::flush;
  return file.good();
}

std::uint64_t peak_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    std::uint64_t kilobytes = 0;
    if (word == "VmHWM:" && status >> kilobytes) return kilobytes * 1024;
  }
  return 0;
}

PeakMeter::PeakMeter(bool is_wanted) {
  const std::uint64_t number = ++bodies_begun;
  if (++bodies_running != 1 || !is_wanted || !reset_peak()) return;
  begun_ = number;
  resident_ = peak_bytes();  // just reset: what is resident now
}

PeakMeter::~PeakMeter() { --bodies_running; }

std::uint64_t PeakMeter::bytes() const {
  if (begun_ == 0 || bodies_begun != begun_) return 0;
  const std::uint64_t peak = peak_bytes();
  return peak > resident_ ? peak - resident_ : 0;
}

}  // namespace foldstream
