#include "structure_module_torch.hpp"

#include <cmath>

namespace foldstream::workflows::predict::esmfold {
namespace {

Frames frames_of(const at::Tensor& quaternions, const at::Tensor& translations) {
  return {rotations_of(quaternions), translations};
}

}  // namespace

PointAttention::PointAttention(const StructureConfig& config, const Weights& weights)
    : config_(config),
      query_(weights.below("linear_q")),
      key_value_(weights.below("linear_kv")),
      query_points_(weights.below("linear_q_points")),
      key_value_points_(weights.below("linear_kv_points")),
      pair_(weights.below("linear_b")),
      out_(weights.below("linear_out")) {
  point_weight_ = at::softplus(weights.tensor_f32("head_weights")) *
                  std::sqrt(1.0 / (3 * (config.query_points * 9.0 / 2)));
}

at::Tensor PointAttention::pair_bias(const at::Tensor& z, const at::Tensor& key_bias) const {
  at::Tensor bias = pair_(z).to(at::kFloat).permute({0, 3, 1, 2}).mul(std::sqrt(1.0 / 3)).contiguous();
  if (key_bias.defined()) bias.add_(key_bias.unsqueeze(1).unsqueeze(1));
  return bias;
}

/// Points of all heads [B, L, H × P × 3], x before y before z, as seen from the centre [B, L, H, P, 3].
at::Tensor PointAttention::points(const at::Tensor& projected, const Frames& frames,
                                  const at::Tensor& centre) const {
  const at::Tensor local = projected.to(at::kFloat).unflatten(-1, {3, -1}).transpose(-1, -2);
  const at::Tensor global = at::matmul(local, frames.rotation.transpose(-1, -2)) +
                            (frames.translation - centre).unsqueeze(-2);
  return global.unflatten(2, {config_.ipa_heads, -1});
}

/// |q − k|² = |q|² + |k|² − 2 q·k, of which the softmax over keys does not see |q|²: so points are more
/// channels of query and key, and a bias of the keys. Points are counted from the centre of the
/// chain, for the squares to stay small.
PointAttention::Mixed PointAttention::mix(const at::Tensor& s, const Frames& frames,
                                          const at::Tensor& centre) const {
  const auto by_head = [](const at::Tensor& x) { return x.transpose(1, 2); };
  const at::Tensor query = query_(s).to(at::kFloat).unflatten(-1, {config_.ipa_heads, -1});
  const at::Tensor both = key_value_(s).to(at::kFloat).unflatten(-1, {config_.ipa_heads, -1});
  const at::Tensor query_points = points(query_points_(s), frames, centre);
  const at::Tensor all_points = points(key_value_points_(s), frames, centre);
  const at::Tensor key_points = all_points.narrow(3, 0, config_.query_points);
  const at::Tensor value_points = all_points.narrow(3, config_.query_points, config_.value_points);
  const at::Tensor weight = point_weight_.view({-1, 1});
  const double scale = std::sqrt(1.0 / (3 * config_.ipa_width));
  return {by_head(at::cat({query * scale, query_points.flatten(3) * weight}, -1)).contiguous(),
          by_head(at::cat({both.narrow(3, 0, config_.ipa_width), key_points.flatten(3)}, -1))
              .contiguous(),
          by_head(at::cat({both.narrow(3, config_.ipa_width, config_.ipa_width),
                           value_points.flatten(3)}, -1))
              .contiguous(),
          (key_points.square().sum({-1, -2}) * (-0.5 * point_weight_)).transpose(1, 2).unsqueeze(2)};
}

at::Tensor PointAttention::operator()(const at::Tensor& s, const at::Tensor& z,
                                      const at::Tensor& bias, const Frames& frames,
                                      const BlockSize& size) const {
  const std::int64_t batch = s.size(0), length = s.size(1), heads = config_.ipa_heads;
  const at::Tensor centre = frames.translation.mean(1, true);
  const Mixed own = mix(s, frames, centre);
  at::Tensor mixed = at::empty({batch, heads, length, own.value.size(3)}, own.value.options());
  at::Tensor of_pairs = at::empty({batch, length, heads, z.size(3)}, z.options());
  const std::int64_t rows = size.rows(length, length, 4 * heads, z.is_cpu());
  for (std::int64_t item = 0; item < batch; ++item)
    for_blocks(length, rows, z.is_cpu(), [&](std::int64_t from, std::int64_t count) {
      at::Tensor scores = at::baddbmm(bias.select(0, item).narrow(1, from, count),
                                      own.query.select(0, item).narrow(1, from, count),
                                      own.key.select(0, item).transpose(1, 2));
      scores.add_(own.of_keys.select(0, item));
      const at::Tensor weights = at::softmax(scores, -1);
      mixed.select(0, item).narrow(1, from, count)
          .copy_(at::bmm(weights, own.value.select(0, item)));
      of_pairs.select(0, item).narrow(0, from, count)
          .copy_(at::bmm(weights.transpose(0, 1), z.select(0, item).narrow(0, from, count)));
    });
  const at::Tensor values = mixed.narrow(3, 0, config_.ipa_width).transpose(1, 2).flatten(2);
  const at::Tensor global = mixed.narrow(3, config_.ipa_width, 3 * config_.value_points)
                                .transpose(1, 2)
                                .unflatten(-1, {config_.value_points, 3})
                                .flatten(2, 3);
  // weights sum to 1, so the centre is still subtracted
  const at::Tensor local = at::matmul(
      global - (frames.translation - centre).unsqueeze(-2), frames.rotation);
  const at::Tensor norms = (local.square().sum(-1) + config_.epsilon).sqrt();
  return out_(at::cat({values, local.select(-1, 0), local.select(-1, 1), local.select(-1, 2), norms,
                       of_pairs.flatten(2)},
                      -1))
      .to(at::kFloat);
}

StructureModule::StructureModule(const StructureConfig& config, const Weights& weights)
    : config_(config),
      s_norm_(weights.below("layer_norm_s")),
      z_norm_(weights.below("layer_norm_z")),
      attention_norm_(weights.below("layer_norm_ipa")),
      transition_norm_(weights.below("transition.layer_norm")),
      in_(weights.below("linear_in")),
      backbone_(weights.below("bb_update.linear")),
      torsion_in_(weights.below("angle_resnet.linear_in")),
      torsion_initial_(weights.below("angle_resnet.linear_initial")),
      torsion_out_(weights.below("angle_resnet.linear_out")),
      attention_(config, weights.below("ipa")),
      tables_(weights.options().device()) {
  for (int i = 0; i < config.transition_layers; ++i) {
    const Weights own = weights.below("transition.layers." + std::to_string(i));
    transition_.push_back({Linear(own.below("linear_1")), Linear(own.below("linear_2")),
                           Linear(own.below("linear_3"))});
  }
  for (int i = 0; i < config.resnet_blocks; ++i) {
    const Weights own = weights.below("angle_resnet.layers." + std::to_string(i));
    torsion_layers_.push_back({Linear(own.below("linear_1")), Linear(own.below("linear_2")), {}});
  }
}

at::Tensor StructureModule::transition(at::Tensor s) const {
  for (const Layer& layer : transition_)
    s = s + layer.third(layer.second(layer.first(s).relu()).relu());
  return transition_norm_(s);
}

/// Algorithm 23: the translation is along the axes before the turn.
StructureModule::Pose StructureModule::moved(const Pose& pose, const at::Tensor& s) const {
  const at::Tensor update = backbone_(s).to(at::kFloat);
  const at::Tensor shift = rotated(rotations_of(pose.quaternions), update.narrow(-1, 3, 3));
  return {turned(pose.quaternions, update.narrow(-1, 0, 3)), pose.translations + shift};
}

at::Tensor StructureModule::raw_torsions(const at::Tensor& s, const at::Tensor& initial) const {
  at::Tensor wide = torsion_in_(s.relu()) + torsion_initial_(initial.relu());
  for (const Layer& layer : torsion_layers_)
    wide = wide + layer.second(layer.first(wide.relu()).relu());
  return torsion_out_(wide.relu()).to(at::kFloat).unflatten(-1, {config_.angles, 2});
}

StructureStep StructureModule::step(const at::Tensor& s, const at::Tensor& initial, const Pose& pose,
                                    const at::Tensor& types) const {
  StructureStep step;
  step.state = s;
  step.quaternions = pose.quaternions;
  step.translations = pose.translations * config_.translation_scale;
  step.raw_torsions = raw_torsions(s, initial);
  step.torsions = step.raw_torsions / step.raw_torsions.square()
                                          .sum(-1, true)
                                          .clamp_min(config_.epsilon)
                                          .sqrt();
  step.groups = tables_.groups(frames_of(step.quaternions, step.translations), step.torsions, types);
  step.atoms14 = tables_.atoms14(step.groups, types);
  return step;
}

std::vector<StructureStep> StructureModule::run(const at::Tensor& s_in, const at::Tensor& z_in,
                                                const at::Tensor& types, const at::Tensor& mask,
                                                const BlockSize& size, bool keep_all) const {
  const at::Tensor initial = s_norm_(s_in.to(at::kFloat)), z = z_norm_(z_in.to(at::kFloat));
  const at::Tensor key_bias = mask.defined() ? (mask - 1) * config_.infinity : mask;
  const at::Tensor bias = attention_.pair_bias(z, key_bias);
  at::Tensor s = in_(initial).to(at::kFloat);
  Pose pose;
  pose.quaternions = at::zeros({s.size(0), s.size(1), 4}, initial.options());
  pose.quaternions.select(-1, 0).fill_(1);
  pose.translations = at::zeros({s.size(0), s.size(1), 3}, initial.options());
  std::vector<StructureStep> steps;
  for (int i = 0; i < config_.iterations; ++i) {
    s = attention_norm_(
        s + attention_(s, z, bias, frames_of(pose.quaternions, pose.translations), size));
    s = transition(s).contiguous();
    pose = moved(pose, s);
    if (keep_all || i + 1 == config_.iterations) steps.push_back(step(s, initial, pose, types));
  }
  return steps;
}

}  // namespace foldstream::workflows::predict::esmfold
