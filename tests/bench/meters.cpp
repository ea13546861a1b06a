#include "meters.hpp"

#include <cctype>
#include <fstream>

namespace foldstream::bench {
namespace {

// "folding 40 %" and "folding 41 %" are one part
std::string part_name(std::string_view what) {
  std::size_t end = 0;
  while (end < what.size() && std::isdigit(static_cast<unsigned char>(what[end])) == 0) ++end;
  while (end > 0 && (what[end - 1] == ' ' || what[end - 1] == ',')) --end;
  return std::string(what.substr(0, end));
}

}  // namespace

std::function<void(double, std::string_view)> PartTimes::listener() {
  return [this](double, std::string_view what) { enter(what); };
}

void PartTimes::enter(std::string_view what) {
  const std::scoped_lock lock(mutex_);
  const auto now = Clock::now();
  if (!part_.empty()) seconds_[part_] += std::chrono::duration<double>(now - since_).count();
  part_ = part_name(what);
  since_ = now;
}

std::map<std::string, double> PartTimes::finish() {
  enter("");
  return seconds_;
}

}  // namespace foldstream::bench
