// Errors: what went wrong, where, and the cure, as one exception type that can travel between ranks.
#pragma once

#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace foldstream {

/// Why something failed. A kind survives a trip between ranks, as a C++ type cannot.
enum class ErrorKind {
  InvalidArgument,
  NotFound,
  Parse,
  Io,
  Unsupported,
  Resources,
  Task,
  Communication,
  Cancelled,
  Internal,
};

/// The name of `kind`, as it is written into files: "invalid_argument", "not_found", ….
std::string_view to_string(ErrorKind kind);

/// The kind that `to_string` calls `name`; Internal if there is none.
ErrorKind error_kind(std::string_view name);

/// A place in a text file. Lines and columns count from 1; 0 means "not known".
struct Place {
  std::string file;
  std::size_t line = 0;
  std::size_t column = 0;
};

/// "file:line:column" as far as the place is known.
std::string to_string(const Place& place);

/// The root of everything Foldstream throws. The message says what, where, and the cure.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& message) : std::runtime_error(message), kind_(kind) {}

  /// An error at a place in a file; the message is prefixed with "file:line:column: ".
  Error(ErrorKind kind, const Place& place, const std::string& message);

  ErrorKind kind() const noexcept { return kind_; }

 private:
  ErrorKind kind_;
};

/// The member of `candidates` that `word` most likely meant (edit distance ≤ 2, or ≤ a third of its
/// length); empty if none is near.
std::string_view near_miss(std::string_view word, std::span<const std::string> candidates);

/// " Did you mean 'x'?" for the near miss of `word`, or nothing: to be appended to a message.
std::string did_you_mean(std::string_view word, std::span<const std::string> candidates);

}  // namespace foldstream
