#include "orientations.hpp"

#include <cmath>

namespace foldstream::workflows::predict {
namespace {

constexpr std::size_t near_bins = 7;        // below 10 Å
constexpr float least_probability = 0.15F;  // of being near: other pairs say nothing of their turn
constexpr float trust = 0.9F;

using Dihedral = std::array<float, dihedral_bins>;
using Angle = std::array<float, angle_bins>;
using Series = OrientationPotentials::Series;

float near(const DistanceMap::Pair& pair) {
  float sum = 0;
  for (std::size_t b = 0; b < near_bins; ++b) sum += pair.probability[b];
  return sum;
}

template <class Histogram>
void add_scaled(Histogram& sum, const Histogram& part, float scale) {
  for (std::size_t b = 0; b < sum.size(); ++b) sum[b] += scale * part[b];
}

template <class Histogram>
void normalise(Histogram& histogram) {
  float sum = 0;
  for (float& value : histogram) sum += value += 1e-3F;
  for (float& value : histogram) value /= sum;
}

/// The mean histograms of near pairs.
struct Reference {
  Dihedral omega{}, theta{};
  Angle phi{};

  explicit Reference(const DistanceMap& distances) {
    for (const DistanceMap::Pair& pair : distances.pairs) {
      const float weight = near(pair);
      add_scaled(omega, pair.omega, weight);
      add_scaled(theta, pair.theta_ij, weight);
      add_scaled(theta, pair.theta_ji, weight);
      add_scaled(phi, pair.phi_ij, weight);
      add_scaled(phi, pair.phi_ji, weight);
    }
    normalise(omega);
    normalise(theta);
    normalise(phi);
  }
};

template <class Histogram>
Histogram energies(const Histogram& p, const Histogram& r) {
  Histogram energy;
  for (std::size_t b = 0; b < p.size(); ++b) {
    energy[b] = -std::log(trust * p[b] / r[b] + (1 - trust));
  }
  return energy;
}

/// Coefficients of cos kx or sin kx for values at the centres of bins of 30°; the constant does not
/// matter.
template <class Histogram>
std::array<float, OrientationPotentials::terms> coefficients(const Histogram& energy, double start,
                                                             double (*wave)(double),
                                                             double weight) {
  std::array<float, OrientationPotentials::terms> result{};
  for (std::size_t k = 0; k < result.size(); ++k) {
    double sum = 0;
    for (std::size_t b = 0; b < energy.size(); ++b) {
      const double centre = (start + 15 + 30 * static_cast<double>(b)) * std::numbers::pi / 180;
      sum += energy[b] * wave(static_cast<double>(k + 1) * centre);
    }
    result[k] = static_cast<float>(2 * weight * sum / static_cast<double>(energy.size()));
  }
  return result;
}

double cosine_wave(double x) { return std::cos(x); }
double sine_wave(double x) { return std::sin(x); }

Series dihedral_series(const Dihedral& p, const Dihedral& r, double weight) {
  const Dihedral energy = energies(p, r);
  return {coefficients(energy, -180, cosine_wave, weight),
          coefficients(energy, -180, sine_wave, weight)};
}

struct Value {
  Lanes energy{}, derivative{};
};

FOLDSTREAM_INLINE Value value_of(const Series& series, const Lanes& cosine, const Lanes& sine) {
  Value value;
  Lanes c = cosine;
  Lanes s = sine;
  for (std::size_t k = 0; k < OrientationPotentials::terms; ++k) {
    const auto order = static_cast<float>(k + 1);
    value.energy += series.cosine[k] * c + series.sine[k] * s;
    value.derivative += order * (series.sine[k] * c - series.cosine[k] * s);
    const Lanes next = c * cosine - s * sine;
    s = s * cosine + c * sine;
    c = next;
  }
  return value;
}

/// A point and the gradient by it.
struct Site {
  const Points& at;
  Points& force;
};

/// Blondel and Karplus 1996, doi:10.1002/(SICI)1096-987X(19960715)17:9<1132::AID-JCC5>3.0.CO;2-T
FOLDSTREAM_INLINE void add_dihedral(const Series& series, Lanes& energy, Site a, Site b, Site c,
                                    Site d) {
  const Points f = a.at - b.at;
  const Points g = b.at - c.at;
  const Points h = d.at - c.at;
  const Points m = cross(f, g);
  const Points n = cross(h, g);
  const Lanes m_inverse2 = 1.0F / (squared(m) + 1e-3F);  // a straight angle turns nothing
  const Lanes n_inverse2 = 1.0F / (squared(n) + 1e-3F);
  const Lanes g_inverse = inverse_root(squared(g));
  const Lanes g_length = squared(g) * g_inverse;
  const Lanes inverse = inverse_root(squared(m)) * inverse_root(squared(n));
  const Lanes cosine = dot(m, n) * inverse;
  const Lanes sine = dot(cross(n, m), g) * inverse * g_inverse;
  const Value value = value_of(series, cosine, sine);
  energy += value.energy;
  const Points on_a = (-value.derivative * g_length * m_inverse2) * m;
  const Points on_d = (value.derivative * g_length * n_inverse2) * n;
  const Points shift = (value.derivative * dot(f, g) * m_inverse2 * g_inverse) * m -
                       (value.derivative * dot(h, g) * n_inverse2 * g_inverse) * n;
  add(a.force, on_a);
  add(d.force, on_d);
  add(b.force, shift - on_a);
  subtract(c.force, shift + on_d);
}

/// The angle a–b–c; in Chebyshev's polynomials of its cosine.
FOLDSTREAM_INLINE void add_angle(const std::array<float, OrientationPotentials::terms>& series,
                                 Lanes& energy, Site a, Site b, Site c) {
  const Points u = a.at - b.at;
  const Points v = c.at - b.at;
  const Lanes u_inverse = inverse_root(squared(u));
  const Lanes v_inverse = inverse_root(squared(v));
  const Lanes cosine = dot(u, v) * u_inverse * v_inverse;
  Lanes t_last = Lanes{} + 1.0F;
  Lanes t = cosine;
  Lanes u_last{};
  Lanes sines = Lanes{} + 1.0F;  // sin kx / sin x
  Lanes slope{};                 // by the cosine
  for (std::size_t k = 0; k < OrientationPotentials::terms; ++k) {
    energy += series[k] * t;
    slope += (static_cast<float>(k + 1) * series[k]) * sines;
    const Lanes t_next = 2 * cosine * t - t_last;
    const Lanes u_next = 2 * cosine * sines - u_last;
    t_last = t;
    t = t_next;
    u_last = sines;
    sines = u_next;
  }
  const Points on_a = (slope * u_inverse) * (v_inverse * v - (cosine * u_inverse) * u);
  const Points on_c = (slope * v_inverse) * (u_inverse * u - (cosine * v_inverse) * v);
  add(a.force, on_a);
  add(c.force, on_c);
  subtract(b.force, on_a + on_c);
}

}  // namespace

OrientationPotentials make_orientations(const DistanceMap& distances,
                                        const OrientationWeights& weights) {
  const Reference reference(distances);
  OrientationPotentials potentials;
  potentials.weights = weights;
  for (const DistanceMap::Pair& pair : distances.pairs) {
    const float p = near(pair);
    if (p < least_probability) continue;
    const auto phi = [&](const Angle& angle) {
      return coefficients(energies(angle, reference.phi), 0, cosine_wave, weights.phi * p);
    };
    potentials.pairs.push_back({pair.i, pair.j,
                                dihedral_series(pair.omega, reference.omega, weights.omega * p),
                                dihedral_series(pair.theta_ij, reference.theta, weights.theta * p),
                                dihedral_series(pair.theta_ji, reference.theta, weights.theta * p),
                                phi(pair.phi_ij), phi(pair.phi_ji)});
  }
  return potentials;
}

FOLDSTREAM_WIDE void add_orientations(const OrientationPotentials& potentials, int separation,
                                      const Atoms& chains, Slope& slope) {
  const auto& [n, ca, c, o, cb] = chains;
  Atoms& force = slope.atoms;
  const OrientationWeights& weights = potentials.weights;
  for (const OrientationPotentials::Pair& pair : potentials.pairs) {
    if (pair.j - pair.i > separation) break;
    const auto i = static_cast<std::size_t>(pair.i);
    const auto j = static_cast<std::size_t>(pair.j);
    const Site ca_i{ca[i], force.ca[i]};
    const Site ca_j{ca[j], force.ca[j]};
    const Site cb_i{cb[i], force.cb[i]};
    const Site cb_j{cb[j], force.cb[j]};
    if (weights.omega > 0) add_dihedral(pair.omega, slope.energy, ca_i, cb_i, cb_j, ca_j);
    if (weights.theta > 0) {
      add_dihedral(pair.theta_ij, slope.energy, {n[i], force.n[i]}, ca_i, cb_i, cb_j);
      add_dihedral(pair.theta_ji, slope.energy, {n[j], force.n[j]}, ca_j, cb_j, cb_i);
    }
    if (weights.phi > 0) {
      add_angle(pair.phi_ij, slope.energy, ca_i, cb_i, cb_j);
      add_angle(pair.phi_ji, slope.energy, ca_j, cb_j, cb_i);
    }
  }
}

}  // namespace foldstream::workflows::predict
