// Matrix products at the speed of the processor.
#pragma once

namespace foldstream::apps {

/// OpenBLAS before 0.3.23 does not know newer Intel processors and runs code for a Pentium 4, five
/// times slower. It chooses when it is loaded, so the program starts itself again with
/// OPENBLAS_CORETYPE set, unless the user has set it. Returns where there is nothing to do.
void use_fast_blas(char** argv);

}  // namespace foldstream::apps
