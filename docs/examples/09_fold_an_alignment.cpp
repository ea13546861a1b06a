// Folds an alignment inside a program of your own.
//
//   alignment ─> [msa] ─> [predict] ─> prediction
//   sequence  ────────────────┘
//
// usage: 09_fold_an_alignment FAMILY.a3m MODEL.pdb
#include <foldstream/graph.hpp>
#include <foldstream/io/a3m.hpp>
#include <foldstream/io/prediction.hpp>
#include <foldstream/io/structure_file.hpp>
#include <foldstream/thread_executor.hpp>
#include <foldstream/workflows/stages.hpp>

#include <cstdio>
#include <exception>

namespace {

void fold(const char* alignment_file, const char* model_file) {
  const foldstream::io::Msa alignment = foldstream::io::read_a3m(alignment_file);
  const foldstream::io::Sequence sequence{alignment.rows.front().name, "",
                                          alignment.rows.front().a3m};

  foldstream::Graph graph;
  const auto msa = graph.add(foldstream::workflows::msa_task());
  const auto predict = graph.add(foldstream::workflows::predict_task({.models = 3, .seed = 7}));
  graph.connect(msa.output("msa"), predict.input("msa"));

  foldstream::ThreadExecutor executor({.threads = 2});
  auto run = executor.run(
      graph, {{msa.input("msa"), alignment}, {predict.input("sequence"), sequence}});
  run.wait();
  const auto& best =
      run.get<foldstream::io::Prediction>(predict.output("prediction")).models.front();

  foldstream::io::write_structure(model_file, best.structure);
  std::printf("%s: estimated TM-score %.2f\n", model_file, best.predicted_tm);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: 09_fold_an_alignment FAMILY.a3m MODEL.pdb\n");
    return 2;
  }
  try {
    fold(argv[1], argv[2]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
