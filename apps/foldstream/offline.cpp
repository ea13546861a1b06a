#include "offline.hpp"

#include <foldstream/error.hpp>

#include <seccomp.h>
#include <sys/socket.h>
#include <ucontext.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <memory>
#include <string>

namespace foldstream::apps {
namespace {

std::atomic<int> refused = 0;

/// The kernel raises SIGSYS in place of the call; the program goes on with an error in its place.
void on_refusal(int, siginfo_t*, void* context) {
  ++refused;
  mcontext_t& machine = static_cast<ucontext_t*>(context)->uc_mcontext;
#if defined(__x86_64__)
  machine.gregs[REG_RAX] = -EACCES;
#elif defined(__aarch64__)
  machine.regs[0] = static_cast<unsigned long long>(-EACCES);
#else
#error "--offline knows x86-64 and 64-bit Arm"
#endif
}

[[noreturn]] void fail(int code) {
  throw Error(ErrorKind::Unsupported, std::string("--offline: this kernel refuses the filter: ") +
                                          std::strerror(-code) + ". Leave the option out.");
}

void check(int code) {
  if (code < 0) fail(code);
}

}  // namespace

void forbid_network(NetworkScope scope) {
  struct sigaction action = {};
  action.sa_sigaction = on_refusal;
  action.sa_flags = SA_SIGINFO;
  sigemptyset(&action.sa_mask);
  sigaction(SIGSYS, &action, nullptr);
  const std::unique_ptr<void, void (*)(scmp_filter_ctx)> filter(seccomp_init(SCMP_ACT_ALLOW),
                                                                seccomp_release);
  if (!filter) fail(-ENOMEM);
  if (scope == NetworkScope::process)
    check(seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_TSYNC, 1));
  check(seccomp_rule_add(filter.get(), SCMP_ACT_TRAP, SCMP_SYS(socket), 1,
                         SCMP_CMP(0, SCMP_CMP_NE, AF_UNIX)));
  check(seccomp_rule_add(filter.get(), SCMP_ACT_TRAP, SCMP_SYS(io_uring_setup), 0));
  check(seccomp_load(filter.get()));
}

int refused_network_calls() noexcept { return refused; }

}  // namespace foldstream::apps
