#include "backbone.hpp"
#include "folding_group.hpp"
#include "trajectory_store.hpp"

namespace foldstream::workflows::predict {
namespace {

using Group = std::vector<Trajectory>;

std::string part_of_group(int group) { return "group-" + std::to_string(group); }

Record encode(const Group& group) {
  std::vector<double> torsions, scores;
  for (const Trajectory& own : group) {
    torsions.insert(torsions.end(), own.torsions.begin(), own.torsions.end());
    scores.insert(scores.end(), {own.energy, own.hand, own.selection});
  }
  const auto count = static_cast<std::int64_t>(group.size());
  const auto length = static_cast<std::int64_t>(group.front().torsions.size() / 2);
  return {{"torsions",
           {Tensor::of<double>(std::span<const double>(torsions), {count, length, 2}),
            "radian",
            {"trajectory", "residue", "angle"}}},
          {"scores",
           {Tensor::of<double>(std::span<const double>(scores), {count, 3}),
            "1",
            {"trajectory", "energy_hand_selection"}}}};
}

/// Nothing if the record is not one of `length` residues.
std::optional<Group> decode(const Record& record, std::size_t length) {
  const Tensor& torsions = field(record, "torsions").tensor;
  const Tensor& scores = field(record, "scores").tensor;
  const auto residues = static_cast<std::int64_t>(length);
  if (torsions.shape() != Shape{group_size, residues, 2} ||
      scores.shape() != Shape{group_size, 3}) {
    return std::nullopt;
  }
  Group group(group_size);
  std::vector<BackboneResidue> chain(length);
  for (std::size_t k = 0; k < group_size; ++k) {
    const auto angles = torsions.values<double>().subspan(k * 2 * length, 2 * length);
    const auto own = scores.values<double>().subspan(3 * k, 3);
    group[k].torsions.assign(angles.begin(), angles.end());
    build_backbone(angles, chain);
    for (const BackboneResidue& residue : chain) group[k].ca.push_back(residue.ca);
    group[k].energy = own[0];
    group[k].hand = own[1];
    group[k].selection = own[2];
  }
  return group;
}

}  // namespace

struct TrajectoryStore::State {
  const Context& context;
  std::size_t length;
  Group ended;  // of the group that is being told
};

TrajectoryStore::TrajectoryStore(const Context& context, std::size_t length)
    : state_(std::make_unique<State>(State{context, length, {}})) {}

TrajectoryStore::~TrajectoryStore() = default;

void TrajectoryStore::connect(FoldingOptions& options) const {
  State* state = state_.get();
  if (!state->context.keep || !state->context.earlier) return;
  options.on_trajectory = [state](const Trajectory& trajectory, int index) {
    state->ended.push_back(trajectory);
    if (state->ended.size() < group_size) return;
    state->context.keep(part_of_group(index / group_size), encode(state->ended));
    state->ended.clear();
  };
  options.finished = [state](int group) -> std::optional<Group> {
    const auto record = state->context.earlier(part_of_group(group));
    return record ? decode(*record, state->length) : std::nullopt;
  };
}

}  // namespace foldstream::workflows::predict
