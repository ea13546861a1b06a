// Chart: the frame that the drawings along a sequence share.
#pragma once

#include "report/markup.hpp"

#include <string>

namespace foldstream::workflows::report {

/// A plot of values over residues 1 … count, values 0 … top.
class Chart {
 public:
  Chart(int count, double top, const std::string& label);

  double x(double residue) const;
  double y(double value) const;
  /// Width of one residue.
  double step() const;
  /// A level line with its value at the left.
  void add_level(double value, const std::string& text);
  void add(const std::string& element) { body_ += element; }
  /// The picture, with the axis of residues.
  std::string finish() const;

 private:
  int count_;
  double top_;
  std::string label_;
  std::string body_;
};

/// 1, 2 or 5 times a power of ten: the least that gives at most `most` steps to `span`.
double tick_step(double span, int most);

}  // namespace foldstream::workflows::report
