#include "fast_blas.hpp"

#include <dlfcn.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string_view>

namespace foldstream::apps {
namespace {

/// Those that do not would begin twice, half a second each, for nothing.
[[maybe_unused]] bool computes(const char* command) {
  constexpr std::array commands = {"fold", "run", "merge", "sample", "train", "doctor"};
  return command != nullptr &&
         std::ranges::find(commands, std::string_view(command)) != commands.end();
}

}  // namespace

void use_fast_blas([[maybe_unused]] char** argv) {
#ifdef __x86_64__
  using Name = char* (*)();
  if (std::getenv("OPENBLAS_CORETYPE") != nullptr || !computes(argv[1])) return;
  void* symbol = dlsym(RTLD_DEFAULT, "openblas_get_corename");
  if (symbol == nullptr || std::string_view(reinterpret_cast<Name>(symbol)()) != "Prescott") return;
  if (__builtin_cpu_supports("avx2") == 0) return;
  const bool is_wide =
      __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512vl") != 0;
  setenv("OPENBLAS_CORETYPE", is_wide ? "SkylakeX" : "Haswell", 1);
  execv("/proc/self/exe", argv);  // if that cannot be, go on slowly
#endif
}

}  // namespace foldstream::apps
