#include "driver.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

namespace foldstream::io::hdf5 {

namespace {

/// HDF5's view of an open file; its own part comes first.
struct Open {
  H5FD_t base;
  Disk* disk;
  haddr_t end_of_addresses;
  haddr_t end_of_file;
};

Open& open_of(H5FD_t* file) { return *reinterpret_cast<Open*>(file); }
const Open& open_of(const H5FD_t* file) { return *reinterpret_cast<const Open*>(file); }

void note_failure(Disk& disk, int reason) {
  if (reason == 0 || disk.is_detached) return;
  disk.reason = reason;
  disk.is_detached = true;
}

H5FD_t* open(const char*, unsigned, hid_t access, haddr_t) {
  const auto* disk = static_cast<Disk* const*>(H5Pget_driver_info(access));
  if (disk == nullptr) return nullptr;
  return &(new Open{{}, *disk, 0, static_cast<haddr_t>((*disk)->file.size())})->base;
}

herr_t close(H5FD_t* file) {
  delete &open_of(file);
  return 0;
}

herr_t query(const H5FD_t*, unsigned long* features) {
  // no H5FD_FEAT_DATA_SIEVE: the bytes of tensors go out at once, not with a later flush
  *features = H5FD_FEAT_AGGREGATE_METADATA | H5FD_FEAT_ACCUMULATE_METADATA |
              H5FD_FEAT_AGGREGATE_SMALLDATA;
  return 0;
}

haddr_t end_of_addresses(const H5FD_t* file, H5FD_mem_t) { return open_of(file).end_of_addresses; }

herr_t set_end_of_addresses(H5FD_t* file, H5FD_mem_t, haddr_t address) {
  Open& open = open_of(file);
  open.end_of_addresses = open.disk->end = address;
  return 0;
}

haddr_t end_of(const Open& open) { return std::max<haddr_t>(open.end_of_file, open.disk->raw_end); }

haddr_t end_of_file(const H5FD_t* file, H5FD_mem_t) { return end_of(open_of(file)); }

/// Lays what was written since the failure over bytes read from the disk.
void apply(const Disk::Patch& patch, std::uint64_t offset, std::span<std::byte> into) {
  const std::uint64_t from = std::max(offset, patch.offset);
  const std::uint64_t to = std::min(offset + into.size(), patch.offset + patch.bytes.size());
  if (from >= to) return;
  std::memcpy(into.data() + (from - offset), patch.bytes.data() + (from - patch.offset), to - from);
}

herr_t read(H5FD_t* file, H5FD_mem_t, hid_t, haddr_t offset, std::size_t size, void* data) try {
  Disk& disk = *open_of(file).disk;
  if (data == placeholder()) {
    disk.place = offset;
    return 0;
  }
  const std::span<std::byte> into(static_cast<std::byte*>(data), size);
  const std::size_t got = disk.file.read(offset, into);
  std::fill(into.begin() + static_cast<std::ptrdiff_t>(got), into.end(), std::byte{0});
  for (const Disk::Patch& patch : disk.patches) apply(patch, offset, into);
  return 0;
} catch (const std::exception&) {
  return -1;
}

herr_t write(H5FD_t* file, H5FD_mem_t, hid_t, haddr_t offset, std::size_t size,
             const void* data) try {
  Open& open = open_of(file);
  Disk& disk = *open.disk;
  if (data == placeholder()) {
    disk.place = offset;
    return 0;
  }
  const std::span<const std::byte> bytes(static_cast<const std::byte*>(data), size);
  if (!disk.is_detached) note_failure(disk, disk.file.try_write(offset, bytes));
  if (disk.is_detached) disk.patches.push_back({offset, {bytes.begin(), bytes.end()}});
  open.end_of_file = std::max<haddr_t>(open.end_of_file, offset + size);
  return 0;
} catch (const std::exception&) {
  return -1;
}

herr_t truncate(H5FD_t* file, hid_t, hbool_t) {
  Open& open = open_of(file);
  if (end_of(open) == open.end_of_addresses) return 0;
  if (!open.disk->is_detached) {
    note_failure(*open.disk, open.disk->file.try_truncate(open.end_of_addresses));
  }
  if (open.end_of_file > open.end_of_addresses) open.disk->reserved = 0;  // it went with the cut
  open.end_of_file = open.end_of_addresses;
  return 0;
}

H5FD_class_t driver_class() {
  H5FD_class_t driver = {};
#if H5_VERSION_GE(1, 13, 0)
  driver.version = H5FD_CLASS_VERSION;
  driver.value = static_cast<H5FD_class_value_t>(600);
#endif
  driver.name = "foldstream";
  driver.maxaddr = static_cast<haddr_t>(std::numeric_limits<std::int64_t>::max());
  driver.fc_degree = H5F_CLOSE_WEAK;
  driver.fapl_size = sizeof(Disk*);
  driver.open = open;
  driver.close = close;
  driver.query = query;
  driver.get_eoa = end_of_addresses;
  driver.set_eoa = set_end_of_addresses;
  driver.get_eof = end_of_file;
  driver.read = read;
  driver.write = write;
  driver.truncate = truncate;
  const H5FD_mem_t map[H5FD_MEM_NTYPES] = H5FD_FLMAP_DICHOTOMY;
  std::copy(std::begin(map), std::end(map), driver.fl_map);
  return driver;
}

}  // namespace

void* placeholder() {
  static std::byte byte{};
  return &byte;
}

Handle make_driver() {
  static const H5FD_class_t driver = driver_class();
  return {check(H5FDregister(&driver), "register", "driver"), H5FDunregister};
}

namespace {

/// Takes little memory for a file that is written and not read: no cache of chunks, and one of up
/// to 4 MiB for HDF5's own structures.
void keep_little(const Handle& file_access) {
  check(H5Pset_cache(file_access.id(), 0, 0, 0, 0), "set", "chunk cache");
  H5AC_cache_config_t config = {};
  config.version = H5AC__CURR_CACHE_CONFIG_VERSION;
  check(H5Pget_mdc_config(file_access.id(), &config), "read", "cache settings");
  config.set_initial_size = true;
  config.initial_size = config.min_size = std::size_t{1} << 20;
  config.max_size = std::size_t{4} << 20;
  check(H5Pset_mdc_config(file_access.id(), &config), "set", "cache settings");
}

/// What takes 512 KiB or more begins at a multiple of `bytes` in the file.
void align_large(const Handle& file_access, std::uint64_t bytes) {
  check(H5Pset_alignment(file_access.id(), 512 << 10, bytes), "set", "alignment");
}

Handle access_through(Disk& disk, const Handle& driver) {
  Handle access = file_access();
  keep_little(access);
  const Disk* const info = &disk;
  check(H5Pset_driver(access.id(), driver.id(), &info), "choose the driver of",
        disk.file.path().string());
  return access;
}

}  // namespace

Handle open_file(Disk& disk, const Handle& driver) {
  const std::string path = disk.file.path().string();
  const Handle access = access_through(disk, driver);
  return {check(H5Fopen(path.c_str(), H5F_ACC_RDONLY, access.id()), "open", path), H5Fclose};
}

Handle create_file(Disk& disk, const Handle& driver, std::uint64_t alignment) {
  const std::string path = disk.file.path().string();
  const Handle creation = file_creation(), access = access_through(disk, driver);
  align_large(access, alignment);
  return {check(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, creation.id(), access.id()), "create", path),
          H5Fclose};
}

}  // namespace foldstream::io::hdf5
