// Which LibTorch this is: FOLDSTREAM_TORCH_IS(2, 1) is true from 2.1 on.
#pragma once

#include <torch/version.h>

#define FOLDSTREAM_TORCH_IS(major, minor) \
  (TORCH_VERSION_MAJOR > (major) ||       \
   (TORCH_VERSION_MAJOR == (major) && TORCH_VERSION_MINOR >= (minor)))
