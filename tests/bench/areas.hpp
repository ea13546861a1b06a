// Areas: the subcommands of foldstream-bench.
#pragma once

#include <CLI/CLI.hpp>

#include <string>

namespace foldstream::bench {

/// What every area is asked for.
struct AreaOptions {
  bool quick = false;  ///< a few seconds, to see that it runs
  bool json = false;   ///< one object a line in place of tables
  std::string only = {};  ///< a part of the area `mpi`: messages, tasks or losses; empty: all
};

/// `engine`: what a task costs, and how well campaigns fill a machine. `shared` must outlive `app`.
/// Only with FOLDSTREAM_BENCH_ENGINE, as `potts`.
void add_engine(CLI::App& app, const AreaOptions& shared);

/// `esmfold`: the language model and the trunk of ESMFold with random weights. `shared` must outlive
/// `app`. Only with FOLDSTREAM_BENCH_ESMFOLD.
void add_esmfold(CLI::App& app, const AreaOptions& shared);

/// `mpi`: messages between two ranks beside raw MPI, empty tasks that are handed out to them, and the
/// loss of a rank; starts itself on two and three ranks if it must. `shared`
/// must outlive `app`. Only with FOLDSTREAM_BENCH_MPI.
void add_mpi(CLI::App& app, const AreaOptions& shared);

/// `potts`: folds proteins of known structure from their alignments. `shared` must outlive `app`.
void add_potts(CLI::App& app, const AreaOptions& shared);

/// `stream`: streams on the disk and between threads, beside plain writes. `shared` must outlive
/// `app`.
void add_stream(CLI::App& app, const AreaOptions& shared);

}  // namespace foldstream::bench
