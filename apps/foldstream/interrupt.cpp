#include "interrupt.hpp"

#include <unistd.h>

#include <array>
#include <csignal>

namespace foldstream::apps {
namespace {

volatile std::sig_atomic_t caught = 0;      // all a signal handler may touch
volatile std::sig_atomic_t interrupts = 0;
constexpr std::array<int, 3> signals = {SIGINT, SIGTERM, SIGUSR1};

void on_signal(int number) {
  caught = number;
  if (number != SIGINT) return;
  interrupts = interrupts + 1;
  if (interrupts >= 3) _exit(130);
}

void install(void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  sigemptyset(&action.sa_mask);
  for (const int number : signals) sigaction(number, &action, nullptr);
}

}  // namespace

Interrupt::Interrupt() {
  caught = 0;
  interrupts = 0;
  install(on_signal);
}

Interrupt::~Interrupt() { install(SIG_DFL); }

int Interrupt::signal() noexcept { return caught; }

}  // namespace foldstream::apps
