// Driver: how HDF5 reaches a file that we write, such that a failing disk cannot confuse it.
#pragma once

#include "../run_store_file.hpp"
#include "calls.hpp"

#include <vector>

namespace foldstream::io::hdf5 {

/// What HDF5 writes to. HDF5 1.10 and 1.14 loop or crash at the end of the process when a write or
/// the closing of a file fails. So they never see a failure here: it is noted, and from then on
/// everything goes to memory, which still reads back, and nothing goes to the disk.
struct Disk {
  struct Patch {
    std::uint64_t offset = 0;
    std::vector<std::byte> bytes;
  };

  File file;
  std::uint64_t end = 0;       ///< behind all that HDF5 has given out, written or not
  std::uint64_t reserved = 0;  ///< up to where OutputFile has made sure of room
  bool is_detached = false;    ///< nothing goes to the disk any more
  int reason = 0;              ///< errno of the write that failed
  std::vector<Patch> patches;  ///< what was written since, in order
  std::uint64_t raw_end = 0;   ///< behind what was written past HDF5
  haddr_t place = HADDR_UNDEF;  ///< where HDF5 last wanted the chunk at `placeholder`
};

/// Stands for the bytes of a chunk that are written, or read, past HDF5: where HDF5 would do it is
/// noted in `Disk::place`, and nothing is read from, or written to, this address.
void* placeholder();

/// H5FDregister of the driver; hold a Lock.
Handle make_driver();

/// H5Fcreate through the driver on an empty file. `disk` must outlive the handle; hold a Lock.
/// @param alignment  of large chunks, bytes
Handle create_file(Disk& disk, const Handle& driver, std::uint64_t alignment);
/// H5Fopen through the driver, for reading.
Handle open_file(Disk& disk, const Handle& driver);

}  // namespace foldstream::io::hdf5
