#include "score/moments.hpp"

#include <foldstream/error.hpp>
#include <foldstream/workflows/score/tm_score.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

namespace foldstream::workflows::score {
namespace {

constexpr int max_rounds = 20;
constexpr int max_fragment_lengths = 6;
constexpr int shortest_fragment = 4;
constexpr int sampled_fragments = 24;
constexpr double farthest = 1e6;
constexpr std::array<double, 5> gdt_cutoffs{0.5, 1, 2, 4, 8};

/// Coordinates by axis about their centre: the loops over pairs then run on vector units.
struct Points {
  std::vector<double> x, y, z;
  io::Vec3 centre;

  explicit Points(std::span<const io::Vec3> points) {
    for (const auto& p : points) centre.x += p.x, centre.y += p.y, centre.z += p.z;
    const double n = static_cast<double>(points.size());
    centre = {centre.x / n, centre.y / n, centre.z / n};
    for (const auto& p : points) {
      x.push_back(p.x - centre.x);
      y.push_back(p.y - centre.y);
      z.push_back(p.z - centre.z);
    }
  }
};

/// Lengths of the seed fragments: n, n/2, n/4 …, at most five of them, and last the shortest.
std::vector<int> fragment_lengths(int n) {
  const int shortest = std::min(shortest_fragment, n);
  std::vector<int> lengths;
  for (int length = n; length > shortest && lengths.size() + 1 < max_fragment_lengths; length /= 2)
    lengths.push_back(length);
  lengths.push_back(shortest);
  return lengths;
}

class TmSearch {
 public:
  TmSearch(std::span<const io::Vec3> model, std::span<const io::Vec3> native, int length)
      : n_(static_cast<int>(model.size())),
        length_(length),
        d0_(tm_d0(length)),
        near_(std::clamp(d0_, 4.5, 8.0)),
        model_(model),
        native_(native),
        squared_(model.size()),
        terms_(model.size()) {}

  TmScore run(Search search) {
    for (const int fragment : fragment_lengths(n_)) {
      const int starts = n_ - fragment + 1;
      const int step =
          search == Search::Exhaustive ? 1 : (starts + sampled_fragments - 1) / sampled_fragments;
      for (int first = 0; first < starts; first += step) extend(first, fragment);
    }
    return result();
  }

 private:
  /// Superposes pairs first … first + count − 1, then the pairs that are near, until they settle.
  void extend(int first, int count) {
    chosen_.resize(count);
    for (int k = 0; k < count; ++k) chosen_[k] = first + k;
    try_chosen();
    pick_near(near_ - 1);
    for (int round = 0; round < max_rounds; ++round) {
      chosen_.swap(picked_);
      try_chosen();
      pick_near(near_ + 1);
      if (picked_ == chosen_) return;
    }
  }

  /// Superposes on the chosen pairs and keeps what is better than before.
  void try_chosen() {
    Moments moments;
    for (const int k : chosen_)
      moments.add(model_.x[k], model_.y[k], model_.z[k], native_.x[k], native_.y[k], native_.z[k]);
    const Superposition motion = best_motion(moments);
    measure(motion);
    double sum = 0;
    for (const double term : terms_) sum += term;
    if (sum > best_sum_) {
      best_sum_ = sum;
      best_ = motion;
    }
    for (std::size_t c = 0; c < gdt_cutoffs.size(); ++c) {
      const double limit = gdt_cutoffs[c] * gdt_cutoffs[c];
      int within = 0;
      for (const double d2 : squared_) within += d2 <= limit ? 1 : 0;
      best_within_[c] = std::max(best_within_[c], within);
    }
  }

  /// Squared distances of all pairs after `motion`, and their terms of the TM-score.
  void measure(const Superposition& motion) {
    const auto r = motion.rotation;
    const io::Vec3 t = motion.translation;
    const double scale = 1 / (d0_ * d0_);
    const double *ax = model_.x.data(), *ay = model_.y.data(), *az = model_.z.data();
    const double *bx = native_.x.data(), *by = native_.y.data(), *bz = native_.z.data();
    double *squared = squared_.data(), *terms = terms_.data();
#pragma GCC ivdep
    for (int k = 0; k < n_; ++k) {
      const double dx = r[0][0] * ax[k] + r[0][1] * ay[k] + r[0][2] * az[k] + t.x - bx[k];
      const double dy = r[1][0] * ax[k] + r[1][1] * ay[k] + r[1][2] * az[k] + t.y - by[k];
      const double dz = r[2][0] * ax[k] + r[2][1] * ay[k] + r[2][2] * az[k] + t.z - bz[k];
      squared[k] = dx * dx + dy * dy + dz * dz;
      terms[k] = 1 / (1 + squared[k] * scale);
    }
  }

  /// The pairs closer than `distance`, or than the first half Å above it that gives three.
  void pick_near(double distance) {
    pick_within(distance);
    while (picked_.size() < 3) {
      terms_ = squared_;
      std::nth_element(terms_.begin(), terms_.begin() + 2, terms_.end());
      const double missing = std::sqrt(terms_[2]) - distance;
      distance += 0.5 * std::max(1.0, std::floor(missing / 0.5));
      pick_within(distance);
    }
  }

  void pick_within(double distance) {
    picked_.clear();
    const double limit = distance * distance;
    for (int k = 0; k < n_; ++k)
      if (squared_[k] < limit) picked_.push_back(k);
  }

  TmScore result() const {
    TmScore score;
    score.d0 = d0_;
    score.tm_score = best_sum_ / length_;
    const auto& w = best_within_;
    score.gdt_ha = (w[0] + w[1] + w[2] + w[3]) / (4.0 * length_);
    score.gdt_ts = (w[1] + w[2] + w[3] + w[4]) / (4.0 * length_);
    score.superposition = best_;
    Superposition turn = best_;
    turn.translation = {};
    const io::Vec3 turned = apply(turn, model_.centre);
    score.superposition.translation = {best_.translation.x + native_.centre.x - turned.x,
                                       best_.translation.y + native_.centre.y - turned.y,
                                       best_.translation.z + native_.centre.z - turned.z};
    return score;
  }

  int n_;
  int length_;
  double d0_;
  double near_;  ///< d0 within bounds that suit fragments of any size
  Points model_;
  Points native_;
  std::vector<double> squared_;
  std::vector<double> terms_;
  std::vector<int> chosen_;
  std::vector<int> picked_;
  double best_sum_ = -1;
  std::array<int, 5> best_within_{};
  Superposition best_;
};

void check_coordinates(std::span<const io::Vec3> points, const char* whose) {
  for (std::size_t k = 0; k < points.size(); ++k) {
    const auto& p = points[k];
    // written so that NaN fails too
    if (std::abs(p.x) <= farthest && std::abs(p.y) <= farthest && std::abs(p.z) <= farthest)
      continue;
    throw Error(ErrorKind::InvalidArgument, std::string("point ") + std::to_string(k + 1) +
                                                " of the " + whose +
                                                " has no usable coordinates. They must be " +
                                                "numbers within 1,000,000 Å of the origin.");
  }
}

void check_pairs(std::size_t model, std::size_t native, int length) {
  if (model != native)
    throw Error(ErrorKind::InvalidArgument, "a TM-score needs pairs of points; there are " +
                                                std::to_string(model) + " of the model and " +
                                                std::to_string(native) + " of the native.");
  if (model < 3)
    throw Error(
        ErrorKind::InvalidArgument,
        "a TM-score needs at least 3 pairs of points; there are " + std::to_string(model) + ".");
  if (length < 1)
    throw Error(ErrorKind::InvalidArgument, "a TM-score is normalised by at least 1 residue, not " +
                                                std::to_string(length) +
                                                ". Give the length of the native.");
}

}  // namespace

double tm_d0(int length) {
  return length > 15 ? std::max(0.5, 1.24 * std::cbrt(length - 15.0) - 1.8) : 0.5;
}

TmScore search_tm_score(std::span<const io::Vec3> model, std::span<const io::Vec3> native,
                        int length, Search search) {
  check_pairs(model.size(), native.size(), length);
  check_coordinates(model, "model");
  check_coordinates(native, "native");
  return TmSearch(model, native, length).run(search);
}

double tm_score(std::span<const io::Vec3> a, std::span<const io::Vec3> b, Search search) {
  return search_tm_score(a, b, static_cast<int>(a.size()), search).tm_score;
}

}  // namespace foldstream::workflows::score
