#include "lbfgs.hpp"

#include <algorithm>
#include <cmath>
#include <deque>

namespace foldstream::workflows::predict {
namespace {

using Vector = std::vector<float>;

/// In eight sums, so that the compiler may use the vector unit.
double dot(std::span<const float> a, std::span<const float> b) {
  constexpr std::size_t lanes = 8;
  double sums[lanes] = {};
  std::size_t k = 0;
  for (; k + lanes <= a.size(); k += lanes) {
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      sums[lane] += static_cast<double>(a[k + lane]) * static_cast<double>(b[k + lane]);
    }
  }
  double total = 0;
  for (const double sum : sums) total += sum;
  for (; k < a.size(); ++k) total += static_cast<double>(a[k]) * static_cast<double>(b[k]);
  return total;
}

void add(std::span<float> to, double factor, std::span<const float> values) {
  const auto share = static_cast<float>(factor);
  for (std::size_t k = 0; k < to.size(); ++k) to[k] += share * values[k];
}

/// What the last steps told about the curvature.
class Curvature {
 public:
  explicit Curvature(int memory) : memory_(static_cast<std::size_t>(std::max(1, memory))) {}

  bool empty() const { return pairs_.empty(); }
  void forget() { pairs_.clear(); }

  void learn(Vector step, Vector change) {
    const double product = dot(step, change);
    if (product <= 1e-12 * dot(change, change)) return;  // not convex there
    if (pairs_.size() == memory_) pairs_.pop_front();
    pairs_.push_back({std::move(step), std::move(change), 1 / product});
  }

  /// Gradient to Newton-like step, in place.
  void apply(Vector& direction) const {
    std::vector<double> shares(pairs_.size());
    for (std::size_t k = pairs_.size(); k-- > 0;) {
      shares[k] = pairs_[k].inverse * dot(pairs_[k].step, direction);
      add(direction, -shares[k], pairs_[k].change);
    }
    const Pair& last = pairs_.back();
    const auto scale = static_cast<float>(1 / (last.inverse * dot(last.change, last.change)));
    for (float& value : direction) value *= scale;
    for (std::size_t k = 0; k < pairs_.size(); ++k) {
      const double back = pairs_[k].inverse * dot(pairs_[k].change, direction);
      add(direction, shares[k] - back, pairs_[k].step);
    }
  }

 private:
  struct Pair {
    Vector step;
    Vector change;
    double inverse = 0;
  };

  std::size_t memory_;
  std::deque<Pair> pairs_;
};

/// A place, its value and its gradient.
struct Point {
  Vector x;
  Vector gradient;
  double value = 0;

  explicit Point(std::span<const float> start)
      : x(start.begin(), start.end()), gradient(start.size(), 0) {}
};

class Search {
 public:
  Search(const Objective& objective, const LbfgsOptions& options, std::span<const float> start)
      : objective_(objective), options_(options), curvature_(options.memory), at_(start) {
    evaluate(at_);
  }

  const Point& run() {
    while (evaluations_ < options_.evaluations && !is_done()) {
      Vector direction = at_.gradient;
      if (!curvature_.empty()) curvature_.apply(direction);
      if (advance(direction)) continue;
      if (curvature_.empty()) break;
      curvature_.forget();  // once more, straight downhill
    }
    return at_;
  }

 private:
  void evaluate(Point& point) {
    point.value = objective_(point.x, point.gradient);
    ++evaluations_;
  }

  bool is_done() const {
    const double slope = std::sqrt(dot(at_.gradient, at_.gradient));
    return slope <= options_.tolerance * std::max(1.0, std::sqrt(dot(at_.x, at_.x)));
  }

  bool advance(const Vector& direction) {
    constexpr double enough = 1e-4;
    const double slope = dot(direction, at_.gradient);
    if (slope <= 0) return false;
    double rate = curvature_.empty() ? 1 / std::sqrt(slope) : 1.0;
    for (; evaluations_ < options_.evaluations; rate /= 2) {
      Point next(at_.x);
      add(next.x, -rate, direction);
      evaluate(next);
      if (next.value <= at_.value - enough * rate * slope) {
        move_to(std::move(next));
        return true;
      }
      if (rate * slope < 1e-9 * std::max(1.0, std::abs(at_.value))) return false;
    }
    return false;
  }

  void move_to(Point next) {
    Vector step = next.x;
    Vector change = next.gradient;
    add(step, -1, at_.x);
    add(change, -1, at_.gradient);
    curvature_.learn(std::move(step), std::move(change));
    at_ = std::move(next);
  }

  const Objective& objective_;
  const LbfgsOptions& options_;
  Curvature curvature_;
  Point at_;
  int evaluations_ = 0;
};

}  // namespace

double minimise(const Objective& objective, std::span<float> x, const LbfgsOptions& options) {
  Search search(objective, options, x);
  const Point& best = search.run();
  std::copy(best.x.begin(), best.x.end(), x.begin());
  return best.value;
}

}  // namespace foldstream::workflows::predict
