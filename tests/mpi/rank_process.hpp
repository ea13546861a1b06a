// RankProcess: a program that plays one rank, told what to do and heard through pipes.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <optional>
#include <string>
#include <vector>

namespace foldstream::test {

/// Killed, if it still runs, when this goes.
class RankProcess {
 public:
  /// The first word is the program.
  explicit RankProcess(std::vector<std::string> words) {
    int in[2] = {-1, -1};
    int out[2] = {-1, -1};
    if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0) return;
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    pid_ = fork();
    if (pid_ == 0) {
      dup2(in[0], STDIN_FILENO);
      dup2(out[1], STDOUT_FILENO);
      execv(argv[0], argv.data());
      _exit(127);
    }
    close(in[0]);
    close(out[1]);
    input_ = in[1];
    output_ = out[0];
  }
  ~RankProcess() {
    signal(SIGKILL);
    wait_status();
    close(input_);
    close(output_);
  }
  RankProcess(const RankProcess&) = delete;
  RankProcess& operator=(const RankProcess&) = delete;

  void signal(int number) const {
    if (!status_) kill(pid_, number);
  }
  void tell(const std::string& line) const {
    [[maybe_unused]] const ssize_t put = write(input_, (line + "\n").data(), line.size() + 1);
  }
  /// How it ended, once it has; see waitpid.
  int wait_status() {
    if (!status_) {
      int status = 0;
      waitpid(pid_, &status, 0);
      status_ = status;
    }
    return *status_;
  }
  /// The next line that it says; empty if none comes in time, or it has ended.
  std::string line_within(double seconds) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
    while (buffer_.find('\n') == std::string::npos) {
      const std::chrono::duration<double> left = deadline - std::chrono::steady_clock::now();
      pollfd output{output_, POLLIN, 0};
      if (left.count() <= 0 || poll(&output, 1, static_cast<int>(left.count() * 1000) + 1) != 1)
        return {};
      char bytes[512];
      const ssize_t got = read(output_, bytes, sizeof bytes);
      if (got <= 0) return {};
      buffer_.append(bytes, static_cast<std::size_t>(got));
    }
    const std::string line = buffer_.substr(0, buffer_.find('\n'));
    buffer_.erase(0, line.size() + 1);
    return line;
  }

 private:
  pid_t pid_ = -1;
  int input_ = -1;
  int output_ = -1;
  std::optional<int> status_;
  std::string buffer_;
};

}  // namespace foldstream::test
