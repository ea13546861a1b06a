// The area `esmfold`: the language model and the folding trunk at their published size.
#pragma once

#include "bar.hpp"
#include "random_model.hpp"

#include <functional>
#include <string>
#include <vector>

namespace foldstream::bench {

struct EsmfoldOptions {
  bool quick = false;
  std::vector<int> lengths = {64, 128, 256};
  int threads = 2;
  int blocks = 48;              ///< of the trunk
  int repeats = 3;
  std::string device = "cpu";
  std::string language = "650M";  ///< or 3B
  bool is_bf16 = false;
  std::string only = {};        ///< language or trunk; empty: both
  std::string folder = {};      ///< a model is written there, and nothing measured
};

/// Seconds of processor time on the CPU, of wall time on a device, of the matrix products of the
/// language model alone for one protein: `run` does them once.
std::function<void()> language_products(const workflows::predict::esmfold::OpenedModel& model,
                                        int length, const EsmfoldOptions& options);

}  // namespace foldstream::bench
