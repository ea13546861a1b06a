#include "pair_energy.hpp"

#include <algorithm>
#include <cmath>

namespace foldstream::workflows::predict {
namespace {

constexpr float far_apart = 10;  // Å between Cβ, beyond which likely contacts attract
constexpr float least_contact = 0.02F;
constexpr float ca_room = 4.0F;
constexpr float cb_room = 3.9F;
constexpr float cb_reach = 7.0F;  // Å between Cα, beyond which no Cβ can overlap
constexpr float ca_step = 3.9F;   // Å between neighbouring Cα, at most

/// Adds the energy of a distance, and its derivative (divided by the distance) along r = a − b.
FOLDSTREAM_INLINE void pull(const Points& r, const Lanes& scale, Points& on_a, Points& on_b) {
  const Points force = scale * r;
  add(on_a, force);
  subtract(on_b, force);
}

/// Values and differences to the next point, of each lane.
struct Interval {
  Lanes low, rise;
};

FOLDSTREAM_INLINE Interval interval_at(const float* table, const LaneInts& index) {
  Interval interval;
  for (std::size_t k = 0; k < lane_count; ++k) interval.low[k] = table[index[k]];
  for (std::size_t k = 0; k < lane_count; ++k) interval.rise[k] = table[index[k] + 1];
  interval.rise -= interval.low;
  return interval;
}

FOLDSTREAM_INLINE void overlap(const Points& r, float room, float weight, Lanes& energy,
                               Points& on_a, Points& on_b) {
  const Lanes d2 = squared(r);
  const Lanes inverse = rough_inverse_root(d2);
  const Lanes depth = positive(room - d2 * inverse);
  energy += weight * depth * depth;
  pull(r, -2 * weight * depth * inverse, on_a, on_b);
}

}  // namespace

FOLDSTREAM_WIDE void add_distances(const PairPotentials& potentials, const PairStage& stage,
                                   const Atoms& chains, Slope& slope) {
  constexpr float last = PairPotentials::points - 2;
  const auto active =
      std::min(static_cast<std::size_t>(stage.active_pairs), potentials.pairs.size());
  const Points* cb = chains.cb.data();
  Points* forces = slope.atoms.cb.data();
  Lanes energy{};
  for (std::size_t p = 0; p < active; ++p) {
    const PairPotentials::Pair& pair = potentials.pairs[p];
    const auto i = static_cast<std::size_t>(pair.i);
    const auto j = static_cast<std::size_t>(pair.j);
    const Points r = cb[i] - cb[j];
    const Lanes d2 = squared(r);
    const bool attracts = pair.contact > least_contact;
    if (!attracts && smallest(d2) >= 400) continue;
    const Lanes inverse = rough_inverse_root(d2);
    const Lanes d = d2 * inverse;
    const Lanes x = least(d * (1 / PairPotentials::step), all(last));
    const Place place = place_of(x);
    const Interval interval = interval_at(pair.energy.data(), place.index);
    energy += stage.distance * (interval.low + place.rest * interval.rise);
    Lanes derivative = (stage.distance / PairPotentials::step) * interval.rise;
    if (attracts) {
      const Lanes strength = where(below(all(far_apart), d), all(stage.attraction * pair.contact));
      energy += strength * (d - far_apart);
      derivative += strength;
    }
    pull(r, derivative * inverse, forces[i], forces[j]);
  }
  slope.energy += energy;
}

FOLDSTREAM_WIDE void add_sterics(float weight, const Atoms& chains, Slope& slope) {
  const std::size_t length = chains.length();
  const Points* ca = chains.ca.data();
  const Points* cb = chains.cb.data();
  Lanes energy{};
  for (std::size_t i = 0; i < length; ++i) {
    std::size_t j = i + 2;
    while (j < length) {
      const Points r = ca[i] - ca[j];
      const float nearest = smallest(dot(r, r));
      if (nearest > cb_reach * cb_reach) {
        // in none of the chains can the next ones be near either
        j += std::max(1, static_cast<int>((std::sqrt(nearest) - cb_reach) / ca_step));
        continue;
      }
      const Points r_cb = cb[i] - cb[j];
      if (smallest(dot(r_cb, r_cb)) < cb_room * cb_room) {
        overlap(r_cb, cb_room, weight, energy, slope.atoms.cb[i], slope.atoms.cb[j]);
      }
      if (j >= i + 3 && nearest < ca_room * ca_room) {
        overlap(r, ca_room, weight, energy, slope.atoms.ca[i], slope.atoms.ca[j]);
      }
      ++j;
    }
  }
  slope.energy += energy;
}

}  // namespace foldstream::workflows::predict
