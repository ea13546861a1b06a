// Stands in for OpenMM in a build without it.
#include "minimiser.hpp"

#include <foldstream/error.hpp>
#include <foldstream/workflows/refine/refine.hpp>

namespace foldstream::workflows::refine {

void check_minimiser() {
  throw Error(ErrorKind::Unsupported,
              "this build cannot refine: it was made without OpenMM. Install the package "
              "'libopenmm-dev' and configure with -DFOLDSTREAM_WITH_OPENMM=ON.");
}

std::vector<Vec3> minimise(const Topology&, std::vector<Vec3> positions, const MinimiseTask&,
                           const std::function<bool()>&) {
  check_minimiser();
  return positions;
}

std::string openmm_version() { return ""; }

std::vector<std::string> openmm_platforms() { return {}; }

}  // namespace foldstream::workflows::refine
