// The ranks of the job that a test runs in, and a folder that they share.
#pragma once

#include "test_support.hpp"

#include <mpi.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace foldstream::test {

inline int world_rank() {
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  return rank;
}

inline int world_size() {
  int size = 0;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  return size;
}

/// A new folder that rank 0 has made; it goes with the case.
inline std::filesystem::path shared_test_folder() {
  static std::vector<std::unique_ptr<TemporaryFolder>> folders;
  std::string path(4096, '\0');
  if (world_rank() == 0) {
    folders.push_back(std::make_unique<TemporaryFolder>());
    path.replace(0, folders.back()->path().string().size(), folders.back()->path().string());
  }
  MPI_Bcast(path.data(), static_cast<int>(path.size()), MPI_CHAR, 0, MPI_COMM_WORLD);
  return path.c_str();
}

}  // namespace foldstream::test
