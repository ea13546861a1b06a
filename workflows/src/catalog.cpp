#include <foldstream/workflows/catalog.hpp>

#include <algorithm>

namespace foldstream::workflows {

void Catalog::add(Stage stage) {
  if (std::ranges::any_of(stages_, [&](const Stage& s) { return s.name == stage.name; }))
    throw Error(ErrorKind::InvalidArgument,
                "the catalog already has a stage '" + stage.name + "'. Choose another name.");
  stages_.push_back(std::move(stage));
}

const Stage& Catalog::stage(const std::string& name) const {
  std::vector<std::string> names;
  for (const Stage& stage : stages_) {
    if (stage.name == name) return stage;
    names.push_back(stage.name);
  }
  throw Error(ErrorKind::NotFound, "stage '" + name + "' is not in the catalog." +
                                       did_you_mean(name, names) + " See 'foldstream list'.");
}

}  // namespace foldstream::workflows
