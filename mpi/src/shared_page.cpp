#include "shared_page.hpp"

#include <foldstream/error.hpp>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <string>

namespace foldstream::mpi {
namespace {

// changes, is_cut_off, a beat for each rank, a standing for each rank
constexpr std::size_t changes_at = 0;
constexpr std::size_t cut_off_at = 4;
constexpr std::size_t beats_at = 8;

std::size_t bytes_of(std::size_t ranks) { return beats_at + ranks * 9; }

/// Lock-free, so that it also works between processes.
template <class T>
std::atomic_ref<T> shared(std::byte* at) {
  static_assert(std::atomic_ref<T>::is_always_lock_free);
  return std::atomic_ref<T>(*reinterpret_cast<T*>(at));
}

[[noreturn]] void fail(const std::string& what) {
  throw Error(ErrorKind::Io, what + ": " + std::strerror(errno));
}

}  // namespace

SharedPage::SharedPage(int ranks) : ranks_(static_cast<std::size_t>(ranks)) {
  descriptor_ = memfd_create("foldstream-ranks", MFD_CLOEXEC);
  if (descriptor_ < 0) fail("cannot make memory that the ranks of a node share");
  if (ftruncate(descriptor_, static_cast<off_t>(bytes_of(ranks_))) != 0) {
    const int reason = errno;
    close(descriptor_);
    errno = reason;
    fail("cannot make " + std::to_string(bytes_of(ranks_)) + " bytes that ranks share");
  }
  map();
}

SharedPage::SharedPage(int ranks, pid_t pid, int descriptor)
    : ranks_(static_cast<std::size_t>(ranks)) {
  const std::string path = "/proc/" + std::to_string(pid) + "/fd/" + std::to_string(descriptor);
  descriptor_ = open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (descriptor_ < 0)
    fail("cannot open " + path + ", the memory that the ranks of this node share");
  map();
}

SharedPage::~SharedPage() {
  munmap(memory_, bytes_of(ranks_));
  close(descriptor_);
}

void SharedPage::map() {
  void* mapped =
      mmap(nullptr, bytes_of(ranks_), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor_, 0);
  if (mapped == MAP_FAILED) {
    const int reason = errno;
    close(descriptor_);
    errno = reason;
    fail("cannot map the memory that the ranks of this node share");
  }
  memory_ = static_cast<std::byte*>(mapped);
}

Standing SharedPage::standing(int rank) const {
  const std::size_t offset = beats_at + ranks_ * 8 + static_cast<std::size_t>(rank);
  return static_cast<Standing>(shared<std::uint8_t>(at(offset)).load());
}

bool SharedPage::change(int rank, Standing to) {
  const std::size_t offset = beats_at + ranks_ * 8 + static_cast<std::size_t>(rank);
  auto expected = static_cast<std::uint8_t>(Standing::alive);
  if (!shared<std::uint8_t>(at(offset))
           .compare_exchange_strong(expected, static_cast<std::uint8_t>(to)))
    return false;
  shared<std::uint32_t>(at(changes_at)).fetch_add(1);
  return true;
}

std::uint32_t SharedPage::changes() const { return shared<std::uint32_t>(at(changes_at)).load(); }

void SharedPage::beat(int rank) {
  shared<std::uint64_t>(at(beats_at + static_cast<std::size_t>(rank) * 8)).fetch_add(1);
}

std::uint64_t SharedPage::beats(int rank) const {
  return shared<std::uint64_t>(at(beats_at + static_cast<std::size_t>(rank) * 8)).load();
}

void SharedPage::cut_off() { shared<std::uint32_t>(at(cut_off_at)).store(1); }

bool SharedPage::is_cut_off() const { return shared<std::uint32_t>(at(cut_off_at)).load() != 0; }

}  // namespace foldstream::mpi
