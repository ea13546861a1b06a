// Commands of the system: what they print and how they end.
#pragma once

#include <string>

namespace foldstream::apps {

struct Output {
  int code = 0;
  std::string text;
};

/// What a shell command printed on both channels, without the last line breaks. @throws Error{Io}
/// if no shell could be begun.
Output output_of(const std::string& command);

bool has_program(const std::string& name);

}  // namespace foldstream::apps
