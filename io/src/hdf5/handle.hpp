// Handle: an owned HDF5 identifier, with the lock and the errors of every HDF5 call. Only this file
// includes hdf5.h.
#pragma once

#include <foldstream/error.hpp>

#include <hdf5.h>
#if H5_VERSION_GE(1, 13, 0)
#include <H5FDdevelop.h>
#endif

#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace foldstream::io::hdf5 {

/// HDF5 is not thread-safe: hold a Lock around every use of this file, destruction of handles
/// included. While it is held the library prints no errors; the caller's setting is put back.
class Lock {
 public:
  Lock() : guard_(process_mutex()) {
    H5Eget_auto2(H5E_DEFAULT, &print_, &client_);
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  }
  ~Lock() { H5Eset_auto2(H5E_DEFAULT, print_, client_); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  static std::recursive_mutex& process_mutex() {
    static std::recursive_mutex mutex;
    return mutex;
  }

  std::lock_guard<std::recursive_mutex> guard_;
  H5E_auto2_t print_ = nullptr;
  void* client_ = nullptr;
};

/// The innermost message of HDF5's error stack.
inline std::string innermost_error() {
  std::string text;
  const H5E_walk2_t first = [](unsigned depth, const H5E_error2_t* error, void* out) -> herr_t {
    if (depth == 0 && error->desc != nullptr) *static_cast<std::string*>(out) = error->desc;
    return 0;
  };
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, first, &text);
  return text.empty() ? "no reason given" : text;
}

/// @throws Error{Io} "cannot <what> '<name>': <HDF5's innermost message>" if `result` is negative.
template <class Result>
Result check(Result result, std::string_view what, std::string_view name) {
  if (result >= 0) return result;
  throw Error(ErrorKind::Io, "HDF5 cannot " + std::string(what) + " '" + std::string(name) +
                                 "': " + innermost_error());
}

/// Owns one identifier. Errors on closing are lost: where they matter, call `close`.
class Handle {
 public:
  using Close = herr_t (*)(hid_t);

  Handle() = default;
  Handle(hid_t id, Close close) noexcept : id_(id), close_(close) {}
  Handle(Handle&& other) noexcept
      : id_(std::exchange(other.id_, -1)), close_(std::exchange(other.close_, nullptr)) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(id_, other.id_);
    std::swap(close_, other.close_);
    return *this;
  }
  ~Handle() { release(); }

  hid_t id() const noexcept { return id_; }
  explicit operator bool() const noexcept { return id_ >= 0; }
  /// Closes now; false if HDF5 could not.
  bool release() noexcept {
    const hid_t id = std::exchange(id_, -1);
    return id < 0 || close_(id) >= 0;
  }

 private:
  hid_t id_ = -1;
  Close close_ = nullptr;
};

/// Closes `handle`. @throws Error{Io}
inline void close(Handle& handle, std::string_view name) {
  check(handle.release() ? 0 : -1, "close", name);
}

}  // namespace foldstream::io::hdf5
