#include "metrics_server.hpp"

#include <foldstream/error.hpp>

#include <httplib.h>

#include <mutex>
#include <thread>

namespace foldstream::apps {

struct MetricsServer::Impl {
  std::mutex mutex;
  std::string text;
  httplib::Server server;
  std::thread thread;
};

MetricsServer::MetricsServer(int port) : impl_(std::make_unique<Impl>()) {
  Impl& impl = *impl_;
  impl.server.new_task_queue = [] { return new httplib::ThreadPool(1); };  // it takes ownership
  impl.server.set_socket_options([](socket_t socket) {  // its own would share a port that is in use
    const int yes = 1;
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  });
  impl.server.set_keep_alive_max_count(1);  // so that the one thread is never held
  impl.server.Get("/metrics", [&impl](const httplib::Request&, httplib::Response& response) {
    const std::scoped_lock lock(impl.mutex);
    response.set_content(impl.text, "text/plain; version=0.0.4");
  });
  if (!impl.server.bind_to_port("127.0.0.1", port))
    throw Error(ErrorKind::Io, "--metrics-port " + std::to_string(port) +
                                   ": cannot listen there; is it in use? Name another port.");
  impl.thread = std::thread([&impl] { impl.server.listen_after_bind(); });
}

MetricsServer::~MetricsServer() {
  impl_->server.stop();
  impl_->thread.join();
}

void MetricsServer::show(std::string text) {
  const std::scoped_lock lock(impl_->mutex);
  impl_->text = std::move(text);
}

}  // namespace foldstream::apps
