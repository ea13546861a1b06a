// Metrics over HTTP, for a Prometheus on the same node.
#pragma once

#include <memory>
#include <string>

namespace foldstream::apps {

/// Answers GET /metrics on 127.0.0.1 with the newest text. Thread-safe.
class MetricsServer {
 public:
  /// @throws Error{Io} if the port cannot be had.
  explicit MetricsServer(int port);
  ~MetricsServer();
  MetricsServer(const MetricsServer&) = delete;
  MetricsServer& operator=(const MetricsServer&) = delete;

  /// @param text  in Prometheus' text format
  void show(std::string text);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace foldstream::apps
