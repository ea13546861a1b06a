#include "npy_file.hpp"

#include <fcntl.h>

namespace foldstream::io {

namespace {

constexpr std::string_view magic("\x93NUMPY\x01\x00", 8);
constexpr std::size_t length_bytes = 2;

/// NumPy's name of a type.
std::string_view descr(DType dtype) {
  switch (dtype) {
    case DType::u8:
      return "|u1";
    case DType::i8:
      return "|i1";
    case DType::i16:
      return "<i2";
    case DType::i32:
      return "<i4";
    case DType::i64:
      return "<i8";
    case DType::f16:
      return "<f2";
    case DType::bf16:
      return "<u2";
    case DType::f32:
      return "<f4";
    case DType::f64:
      return "<f8";
  }
  throw Error(ErrorKind::Internal, "dtype without a type in NumPy");
}

std::string dictionary(DType dtype, const Shape& shape) {
  std::string axes;
  for (const std::int64_t dimension : shape) axes += std::to_string(dimension) + ", ";
  if (shape.size() > 1) axes.resize(axes.size() - 2);
  if (shape.size() == 1) axes.pop_back();
  return "{'descr': '" + std::string(descr(dtype)) + "', 'fortran_order': False, 'shape': (" +
         axes + "), }";
}

/// So long that any number of rows fits in.
std::size_t head_bytes_for(DType dtype, const Shape& row) {
  const std::size_t text = dictionary(dtype, row).size() + 24;
  return (magic.size() + length_bytes + text + 1 + 63) / 64 * 64;
}

}  // namespace

NpyFile::NpyFile(const std::filesystem::path& path, DType dtype, Shape row)
    : file_(path, O_RDWR | O_CREAT | O_TRUNC),
      dtype_(dtype),
      row_(std::move(row)),
      head_bytes_(head_bytes_for(dtype_, row_)),
      end_(head_bytes_) {}

void NpyFile::append(std::span<const std::byte> bytes, std::int64_t rows) {
  file_.write(end_, bytes);
  end_ += bytes.size();
  rows_ += rows;
}

void NpyFile::finish(bool has_rows) {
  Shape shape = row_;
  if (has_rows) shape.insert(shape.begin(), rows_);
  std::string head = dictionary(dtype_, shape);
  const std::size_t length = head_bytes_ - magic.size() - length_bytes;
  head.resize(length - 1, ' ');
  head += '\n';
  const std::string prefix =
      std::string(magic) + static_cast<char>(length & 0xFF) + static_cast<char>(length >> 8);
  head.insert(0, prefix);
  file_.write(0, std::as_bytes(std::span(head)));
  file_.sync();
}

}  // namespace foldstream::io
