#include "hand_turns.hpp"

namespace foldstream::workflows::predict {

std::vector<int> structure_classes(const LocalPrediction& local) {
  std::vector<int> classes;
  for (int i = 0; i < local.length; ++i) {
    const float helix = local.helix(i);
    const float strand = local.strand(i);
    const float other = 1 - helix - strand;
    classes.push_back(helix >= strand && helix >= other ? 0 : (strand >= other ? 1 : 2));
  }
  return classes;
}

double hand_score(std::span<const Vec3> ca, std::span<const int> structure,
                  const HandTables& tables) {
  double sum = 0;
  HandTrace(ca, structure).each_turn([&](const HandTurn& turn) {
    sum += tables.packing[static_cast<std::size_t>(turn.packing)];
    if (turn.crossover >= 0) sum += tables.crossover[static_cast<std::size_t>(turn.crossover)];
  });
  return sum / static_cast<double>(ca.size());
}

}  // namespace foldstream::workflows::predict
