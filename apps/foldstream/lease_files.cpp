#include "lease_files.hpp"

#include <foldstream/error.hpp>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <system_error>

namespace foldstream::apps {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

/// "b00012.3" → 12, 3.
std::optional<std::pair<int, int>> parse_lease_name(const std::string& name) {
  const std::size_t dot = name.find('.');
  if (name.empty() || name[0] != 'b' || dot == std::string::npos) return std::nullopt;
  const std::string_view text = name;
  const auto block = number_in(text.substr(1, dot - 1)),
             generation = number_in(text.substr(dot + 1));
  if (!block || !generation) return std::nullopt;
  return std::pair(*block, *generation);
}

}  // namespace

std::string host_name() {
  std::array<char, 256> name{};
  gethostname(name.data(), name.size() - 1);
  return name.data();
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::optional<int> number_in(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

Json parsed(const std::string& text) { return Json::parse(text, nullptr, false); }

std::optional<std::string> content_of(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(stream), {});
}

bool publish_once(const fs::path& file, const std::string& content) {
  static std::atomic<int> count = 0;
  const fs::path own =
      file.parent_path() / fmt::format(".{}-{}-{}", host_name(), getpid(), count++);
  {
    std::ofstream stream(own, std::ios::binary);
    stream << content;
    if (!stream.flush())
      throw Error(ErrorKind::Io,
                  own.string() + ": cannot be written: " + std::strerror(errno) + ".");
  }
  int failed = link(own.c_str(), file.c_str()) == 0 ? 0 : errno;
  // over NFS the answer to a first try may be lost, and a second one find the file
  struct stat told = {};
  if (failed == EEXIST && stat(own.c_str(), &told) == 0 && told.st_nlink == 2) failed = 0;
  unlink(own.c_str());
  if (failed == 0) return true;
  if (failed == EEXIST) return false;
  throw Error(ErrorKind::Io, file.string() + ": cannot be made: " + std::strerror(failed) +
                                 ". Jobs share a folder only on a file system with hard links.");
}

void append_line(const fs::path& file, const std::string& line) {
  const std::string text = line + "\n";
  const int descriptor = open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  const bool is_written = descriptor >= 0 && write(descriptor, text.data(), text.size()) ==
                                                 static_cast<ssize_t>(text.size());
  const std::string reason = std::strerror(errno);
  if (descriptor >= 0) close(descriptor);
  if (!is_written) throw Error(ErrorKind::Io, file.string() + ": " + reason + ".");
}

fs::path job_folder(const fs::path& out, int job) {
  return out / "jobs" / fmt::format("{:04}", job);
}

std::vector<int> jobs_of(const fs::path& out) {
  std::vector<int> numbers;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(out / "jobs", none))
    if (const auto number = number_in(entry.path().filename().string())) numbers.push_back(*number);
  std::ranges::sort(numbers);
  return numbers;
}

fs::path lease_file(const fs::path& out, int block, int generation) {
  return out / "leases" / fmt::format("b{:05}.{}", block, generation);
}

Json record_in(const fs::path& file) {
  const Json json = parsed(content_of(file).value_or(""));
  if (json.is_object()) return json;
  throw Error(ErrorKind::Parse,
              file.string() + ": damaged. Stop the jobs on this folder, and remove it.");
}

std::map<int, int> newest_leases(const fs::path& out) {
  std::map<int, int> generations;
  for (const auto& entry : fs::directory_iterator(out / "leases"))
    if (const auto name = parse_lease_name(entry.path().filename().string())) {
      int& newest = generations.emplace(name->first, name->second).first->second;
      newest = std::max(newest, name->second);
    }
  return generations;
}

}  // namespace foldstream::apps
