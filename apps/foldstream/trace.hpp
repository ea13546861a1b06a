// Trace: when each task ran, as Chrome trace events (opens in Perfetto and chrome://tracing).
#pragma once

#include <foldstream/observer.hpp>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace foldstream::apps {

class Trace {
 public:
  void notify(const Event& event);
  /// The trace file's text (Trace Event Format, complete events; µs).
  std::string json() const;

 private:
  struct Span {
    std::string name;
    std::string target;
    int rank = 0;
    int lane = 0;
    int threads = 0;
    double begin = 0;
    double end = 0;
    std::string state;
  };
  int free_lane(int rank) const;

  std::map<std::pair<int, std::string>, Span> running_;
  std::vector<Span> ended_;
  std::map<std::pair<int, std::string>, Span> waiting_;
  std::vector<Span> waits_;  ///< `name` is what was waited for, `state` the task
};

}  // namespace foldstream::apps
