// Prints what an empty task costs in StarPU, ns, with tasks that depend on each other by their data:
//   foldstream-bench-starpu chain|fan-out|wavefront TASKS
#include <starpu.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

void nothing(void**, void*) {}

starpu_codelet make_codelet(int buffers) {
  starpu_codelet codelet;
  starpu_codelet_init(&codelet);
  codelet.cpu_funcs[0] = nothing;
  codelet.cpu_funcs_name[0] = "nothing";
  codelet.nbuffers = buffers;
  for (int i = 0; i < buffers; ++i) codelet.modes[i] = STARPU_RW;
  return codelet;
}

/// Submits one task on the given pieces of data.
void submit(starpu_codelet& codelet, const std::vector<starpu_data_handle_t>& handles) {
  starpu_task* task = starpu_task_create();
  task->cl = &codelet;
  for (std::size_t i = 0; i < handles.size(); ++i) task->handles[i] = handles[i];
  if (starpu_task_submit(task) != 0) std::exit(1);
}

int run(const std::string& shape, int tasks, starpu_codelet& one, starpu_codelet& two,
        starpu_codelet& none, const std::vector<starpu_data_handle_t>& handles) {
  if (shape == "chain") {
    for (int i = 0; i < tasks; ++i) submit(one, {handles[0]});
    return tasks;
  }
  if (shape == "fan-out") {
    for (int i = 0; i < tasks; ++i) submit(none, {});
    return tasks;
  }
  const auto side = handles.size() / 2;  // a row and a column are handed on from cell to cell
  for (std::size_t i = 0; i < side; ++i)
    for (std::size_t j = 0; j < side; ++j) submit(two, {handles[i], handles[side + j]});
  return static_cast<int>(side * side);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  if (starpu_init(nullptr) != 0) return 1;
  const std::string shape = argv[1];
  const int tasks = std::atoi(argv[2]);
  const auto side = static_cast<std::size_t>(std::sqrt(tasks));
  std::vector<int> data(2 * side);
  std::vector<starpu_data_handle_t> handles(data.size());
  for (std::size_t i = 0; i < data.size(); ++i)
    starpu_variable_data_register(&handles[i], STARPU_MAIN_RAM,
                                  reinterpret_cast<std::uintptr_t>(&data[i]), sizeof data[i]);
  starpu_codelet none = make_codelet(0), one = make_codelet(1), two = make_codelet(2);
  double best = 0;
  for (int i = 0; i < 3; ++i) {
    const auto began = std::chrono::steady_clock::now();
    const int count = run(shape, tasks, one, two, none, handles);
    starpu_task_wait_for_all();
    const double ns =
        std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - began).count() /
        count;
    if (i == 1 || (i > 1 && ns < best)) best = ns;
  }
  for (starpu_data_handle_t handle : handles) starpu_data_unregister(handle);
  starpu_shutdown();
  std::printf("%f\n", best);
  return 0;
}
