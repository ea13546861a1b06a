// The packaged stages, linked alone: names those of the catalog, and builds a graph of one.
#include <foldstream/graph.hpp>
#include <foldstream/workflows/catalog.hpp>
#include <foldstream/workflows/stages.hpp>

#include <cstdio>

int main() {
  const auto catalog = foldstream::workflows::Catalog::packaged();
  for (const auto& stage : catalog.stages()) std::printf("stage: %s\n", stage.name.c_str());
  foldstream::Graph graph;
  graph.add(foldstream::workflows::msa_task());
  return catalog.stages().size() >= 5 && graph.task_count() == 1 ? 0 : 1;
}
