// foldstream-bench: measures the library against its goals.
#include "areas.hpp"

#include <foldstream/error.hpp>

#include <cstdio>

int main(int argc, char** argv) {
  CLI::App app{"Measures foldstream: foldstream-bench AREA [--quick] [--json]"};
  foldstream::bench::AreaOptions shared;
  app.add_flag("--quick", shared.quick, "a few seconds, to see that it runs");
  app.add_flag("--json", shared.json, "one JSON object a line");
  app.add_option("--only", shared.only, "of the area mpi: messages, tasks or losses")
      ->check(CLI::IsMember({"messages", "tasks", "losses"}));
  app.require_subcommand(1);
  app.fallthrough();
#ifdef FOLDSTREAM_BENCH_ENGINE
  foldstream::bench::add_engine(app, shared);
  foldstream::bench::add_potts(app, shared);
#endif
#ifdef FOLDSTREAM_BENCH_MPI
  foldstream::bench::add_mpi(app, shared);
#endif
  foldstream::bench::add_stream(app, shared);
#ifdef FOLDSTREAM_BENCH_ESMFOLD
  foldstream::bench::add_esmfold(app, shared);
#endif
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  } catch (const foldstream::Error& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 1;
  }
  return 0;
}
