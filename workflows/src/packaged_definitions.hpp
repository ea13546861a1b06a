// The packaged workflow definitions, built in from workflows/definitions/*.yaml.
#pragma once

#include <string>
#include <vector>

namespace foldstream::workflows {

struct PackagedDefinition {
  std::string name;
  std::string yaml;
};

const std::vector<PackagedDefinition>& packaged_definitions();

}  // namespace foldstream::workflows
