// A reader of pickles that makes data and nothing else: what a checkpoint of torch.save needs.
#pragma once

#include <foldstream/tensor.hpp>

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace foldstream::io {

struct Pickled;
using PickledRef = Pickled*;  ///< in a PickleTree

/// A value of a pickle.
struct Pickled {
  enum class Is : std::uint8_t { none, boolean, integer, number, text, list, tuple, dict, global,
                                 storage, tensor, inert, mark };
  Is is = Is::none;
  std::int64_t integer = 0;
  double number = 0;
  std::string text;                 ///< also the name of a global, and the entry of a storage
  std::vector<PickledRef> items;    ///< of lists, tuples; keys and values of dicts in turns
  // storages and tensors
  DType dtype = DType::f32;
  std::int64_t count = 0;           ///< elements of the storage
  std::int64_t offset = 0;          ///< of the tensor in it, elements
  Shape shape, strides;
};

/// A value with all that it is made of; may hold itself.
struct PickleTree {
  std::deque<Pickled> nodes;
  const Pickled* root = nullptr;
};

/// The value of a pickle (protocols 2 to 5). It knows the opcodes of plain data, and the names that
/// torch.save writes for tensors; records of plain settings (argparse.Namespace, OmegaConf) are
/// accepted and their content is dropped.
/// @param file  what errors call it
/// @throws Error{Unsupported} naming the opcode, class or function that is none of these;
///         Error{Parse} for a pickle that is cut short or makes no sense.
PickleTree read_restricted_pickle(std::span<const std::byte> bytes, const std::string& file);

}  // namespace foldstream::io
