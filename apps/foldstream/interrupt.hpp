// Interrupt: Ctrl-C and SIGTERM as something the main thread can ask about.
#pragma once

namespace foldstream::apps {

/// Catches SIGINT, SIGTERM and SIGUSR1 for as long as it lives; one at a time. A third SIGINT ends
/// the process at once: what was finished is durable anyway.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  /// The signal that came last; 0 if none did.
  static int signal() noexcept;
};

}  // namespace foldstream::apps
