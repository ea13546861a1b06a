#include "atoms_torch.hpp"

#include "residue_geometry.hpp"

namespace foldstream::workflows::predict::esmfold {
namespace {

/// Rows of a table by residue type: [21, ..] and [B, L] → [B, L, ..].
at::Tensor by_type(const at::Tensor& table, const at::Tensor& types) {
  return table.index_select(0, types.flatten()).unflatten(0, types.sizes());
}

/// Rotations about x by angles given as (sine, cosine), [.., 2] → [.., 3, 3].
at::Tensor turns_about_x(const at::Tensor& torsions) {
  const at::Tensor sine = torsions.select(-1, 0), cosine = torsions.select(-1, 1);
  const at::Tensor zero = at::zeros_like(sine), one = at::ones_like(sine);
  return at::stack({one, zero, zero, zero, cosine, -sine, zero, sine, cosine}, -1)
      .unflatten(-1, {3, 3});
}

Frames part(const Frames& frames, int group) {
  return {frames.rotation.select(-3, group), frames.translation.select(-2, group)};
}

}  // namespace

AtomTables::AtomTables(at::Device device) {
  at::Tensor rotation = at::zeros({residue_type_count, group_count, 3, 3});
  at::Tensor translation = at::zeros({residue_type_count, group_count, 3});
  group_ = at::zeros({residue_type_count, atom14_count}, at::kLong);
  position_ = at::zeros({residue_type_count, atom14_count, 3});
  exists14_ = at::zeros({residue_type_count, atom14_count});
  exists37_ = at::zeros({residue_type_count, atom37_count});
  from_14_ = at::zeros({residue_type_count, atom37_count}, at::kLong);
  for (int type = 0; type < residue_type_count; ++type) {
    const auto frames = default_frames(type);
    for (int group = 0; group < group_count; ++group)
      for (int i = 0; i < 3; ++i) {
        const GroupFrame& frame = frames[static_cast<std::size_t>(group)];
        translation[type][group][i] = frame.translation[static_cast<std::size_t>(i)];
        for (int j = 0; j < 3; ++j)
          rotation[type][group][i][j] = frame.rotation[static_cast<std::size_t>(3 * i + j)];
      }
    int place = 0;
    for (const GroupAtom& atom : atoms_of(type)) {
      const int wide = atom37_index(atom.name);
      group_[type][place] = atom.group;
      for (int i = 0; i < 3; ++i)
        position_[type][place][i] = atom.position[static_cast<std::size_t>(i)];
      exists14_[type][place] = 1;
      exists37_[type][wide] = 1;
      from_14_[type][wide] = place++;
    }
  }
  defaults_ = {rotation.to(device), translation.to(device)};
  for (at::Tensor* table : {&group_, &position_, &exists14_, &exists37_, &from_14_})
    *table = table->to(device);
}

Frames AtomTables::groups(const Frames& backbone, const at::Tensor& torsions,
                          const at::Tensor& types) const {
  Frames local{by_type(defaults_.rotation, types), by_type(defaults_.translation, types)};
  const at::Tensor turns = turns_about_x(torsions);
  local.rotation.narrow(2, 1, 7).copy_(at::matmul(local.rotation.narrow(2, 1, 7), turns));
  std::vector<at::Tensor> rotations, translations;
  Frames before;
  for (int group = 0; group < group_count; ++group) {
    Frames own = part(local, group);
    if (group > 4) own = compose(before, own);  // each chi but the first turns with the one before
    before = own;
    const Frames outside = compose(backbone, own);
    rotations.push_back(outside.rotation);
    translations.push_back(outside.translation);
  }
  return {at::stack(rotations, 2), at::stack(translations, 2)};
}

at::Tensor AtomTables::atoms14(const Frames& groups, const at::Tensor& types) const {
  const at::Tensor group = by_type(group_, types);
  const at::Tensor rotation = groups.rotation.gather(
      2, group.unsqueeze(-1).unsqueeze(-1).expand({-1, -1, -1, 3, 3}));
  const at::Tensor translation =
      groups.translation.gather(2, group.unsqueeze(-1).expand({-1, -1, -1, 3}));
  return (rotated(rotation, by_type(position_, types)) + translation)
      .mul_(exists14(types).unsqueeze(-1));
}

at::Tensor AtomTables::atoms37(const at::Tensor& atoms14, const at::Tensor& types) const {
  const at::Tensor places = by_type(from_14_, types).unsqueeze(-1).expand({-1, -1, -1, 3});
  return atoms14.gather(2, places).mul_(exists37(types).unsqueeze(-1));
}

at::Tensor AtomTables::exists14(const at::Tensor& types) const { return by_type(exists14_, types); }
at::Tensor AtomTables::exists37(const at::Tensor& types) const { return by_type(exists37_, types); }

}  // namespace foldstream::workflows::predict::esmfold
