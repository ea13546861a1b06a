// Catalog: the stages that definitions may name, the packaged ones and an embedder's own.
#pragma once

#include <foldstream/workflows/stage.hpp>

#include <string>
#include <vector>

namespace foldstream::workflows {

/// Stages by name. Not thread-safe while stages are added.
class Catalog {
 public:
  /// The packaged stages: search, msa, predict, refine, write.
  static Catalog packaged();

  /// @throws Error{InvalidArgument} if there is one of that name.
  void add(Stage stage);
  /// @throws Error{NotFound} with the near miss.
  const Stage& stage(const std::string& name) const;
  const std::vector<Stage>& stages() const noexcept { return stages_; }

 private:
  std::vector<Stage> stages_;
};

}  // namespace foldstream::workflows
