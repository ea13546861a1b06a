// ResidueSquare: the frame that drawings of pairs of residues share.
#pragma once

#include <string>

namespace foldstream::workflows::report {

/// Rows and columns 1 … count; residue k lies between the edges k − 1 and k.
class ResidueSquare {
 public:
  ResidueSquare(int count, std::string label);

  /// Of an edge, 0 … count: columns to the right, rows down.
  double x(double column) const;
  double y(double row) const;
  double step() const;  ///< of one residue
  void add(const std::string& element) { body_ += element; }
  /// The picture, with the numbers of residues at its sides.
  std::string finish() const;

 private:
  int count_;
  std::string label_;
  std::string body_;
};

}  // namespace foldstream::workflows::report
