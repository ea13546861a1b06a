// Tensors: shapes, views, and the same bytes through DLPack both ways.
#include "dlpack.hpp"
#include "test_support.hpp"

#include <foldstream/tensor.hpp>

#include <numeric>

namespace foldstream::test {
namespace {

/// A DLPack tensor as another library would hand it over; counts how often it is given back.
struct Foreign {
  explicit Foreign(Shape shape, Shape strides = {}) : shape_(std::move(shape)), strides_(strides) {
    std::iota(data_.begin(), data_.end(), 0.0F);
    managed_.dl_tensor = {data_.data(),
                          {kDLCPU, 0},
                          static_cast<std::int32_t>(shape_.size()),
                          {kDLFloat, 32, 1},
                          shape_.data(),
                          strides_.empty() ? nullptr : strides_.data(),
                          0};
    managed_.manager_ctx = this;
    managed_.deleter = [](DLManagedTensor* self) {
      ++static_cast<Foreign*>(self->manager_ctx)->deletions_;
    };
  }

  std::vector<float> data_ = std::vector<float>(24);
  Shape shape_;
  Shape strides_;
  DLManagedTensor managed_{};
  int deletions_ = 0;
};

TEST(Tensor, IsEmptyByDefault) {
  const Tensor tensor;

  EXPECT_EQ(tensor.shape(), Shape{0});
  EXPECT_EQ(tensor.bytes(), 0);
  EXPECT_TRUE(tensor.raw().empty());
  EXPECT_EQ(tensor, tensor.clone());
}

TEST(Tensor, StartsWithZeros) {
  const Tensor tensor(DType::f64, {2, 3});

  EXPECT_EQ(tensor.bytes(), 48);
  EXPECT_THAT(tensor.values<double>(), testing::Each(0.0));
}

TEST(Tensor, RefusesAShapeThatOverflows) {
  const std::int64_t huge = std::int64_t{1} << 32;

  expect_error(ErrorKind::InvalidArgument, "more elements than memory", [&] {
    Tensor(DType::u8, {huge, huge});
  });
  expect_error(ErrorKind::InvalidArgument, "more elements than memory",
               [] { Tensor(DType::f64, {std::int64_t{1} << 62}); });
  expect_error(ErrorKind::InvalidArgument, "a tensor dimension is -1", [] {
    Tensor(DType::u8, {4, -1});
  });
}

TEST(Tensor, RefusesTheWrongElementType) {
  const Tensor tensor(DType::f32, {4});

  expect_error(ErrorKind::InvalidArgument, "a tensor of f32 was asked for its elements as f64",
               [&] { tensor.values<double>(); });
}

TEST(Tensor, RefusesValuesThatDoNotFillItsShape) {
  const std::vector<int> values = {1, 2, 3};

  expect_error(ErrorKind::InvalidArgument, "3 values do not fill a tensor of 4 elements", [&] {
    Tensor::of<int>(std::span<const int>(values), {2, 2});
  });
}

TEST(Tensor, CopiesShareTheBufferAndClonesDoNot) {
  Tensor tensor = Tensor::of(std::vector<int>{1, 2, 3, 4});
  const Tensor shared = tensor.reshaped({2, 2});
  const Tensor clone = tensor.clone();

  tensor.mutable_values<int>()[0] = 9;

  EXPECT_EQ(shared.values<int>()[0], 9);
  EXPECT_EQ(clone.values<int>()[0], 1);
  expect_error(ErrorKind::InvalidArgument, "a shape of 3", [&] { tensor.reshaped({3}); });
}

TEST(Tensor, KnowsItsTypesByName) {
  for (const char* name : {"u8", "i8", "i16", "i32", "i64", "f16", "bf16", "f32", "f64"})
    EXPECT_EQ(to_string(dtype_named(name)), name);
  expect_error(ErrorKind::InvalidArgument, "'f8'", [] { dtype_named("f8"); });
}

TEST(DLPack, LendsTheSameBytesAndOutlivesTheTensor) {
  Tensor tensor = Tensor::of(std::vector<float>{1, 2, 3, 4}).reshaped({2, 2});
  const std::byte* bytes = tensor.raw().data();
  DLManagedTensor* lent = tensor.to_dlpack();
  tensor = Tensor();

  const Tensor back = Tensor::from_dlpack(lent);

  EXPECT_EQ(back.raw().data(), bytes);
  EXPECT_EQ(back.shape(), (Shape{2, 2}));
  EXPECT_THAT(back.values<float>(), testing::ElementsAre(1, 2, 3, 4));
}

TEST(DLPack, KeepsEveryType) {
  for (const char* name : {"u8", "i8", "i16", "i32", "i64", "f16", "bf16", "f32", "f64"}) {
    const Tensor tensor(dtype_named(name), {3});

    EXPECT_EQ(Tensor::from_dlpack(tensor.to_dlpack()), tensor) << name;
  }
}

TEST(DLPack, TakesAContiguousTensorUncopiedAndGivesItBackOnce) {
  Foreign foreign({2, 3}, {3, 1});
  {
    const Tensor tensor = Tensor::from_dlpack(&foreign.managed_);
    const Tensor copy = tensor;

    EXPECT_EQ(copy.values<float>().data(), foreign.data_.data());
    EXPECT_EQ(foreign.deletions_, 0);
  }
  EXPECT_EQ(foreign.deletions_, 1);
}

TEST(DLPack, GathersATransposedTensor) {
  Foreign foreign({3, 2}, {1, 3});

  const Tensor tensor = Tensor::from_dlpack(&foreign.managed_);

  EXPECT_THAT(tensor.values<float>(), testing::ElementsAre(0, 3, 1, 4, 2, 5));
  EXPECT_EQ(foreign.deletions_, 1);
}

TEST(DLPack, GathersBroadcastAndBackwardStrides) {
  Foreign broadcast({2, 3}, {0, 1});
  Foreign backward({3}, {-1});
  backward.managed_.dl_tensor.byte_offset = 2 * sizeof(float);

  EXPECT_THAT(Tensor::from_dlpack(&broadcast.managed_).values<float>(),
              testing::ElementsAre(0, 1, 2, 0, 1, 2));
  EXPECT_THAT(Tensor::from_dlpack(&backward.managed_).values<float>(),
              testing::ElementsAre(2, 1, 0));
}

TEST(DLPack, CopiesAMisalignedTensor) {
  Foreign foreign({2});
  foreign.managed_.dl_tensor.byte_offset = 1;

  const Tensor tensor = Tensor::from_dlpack(&foreign.managed_);

  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(tensor.raw().data()) % alignof(float), 0);
  EXPECT_EQ(foreign.deletions_, 1);
}

TEST(DLPack, TakesScalarsAndEmptyTensors) {
  Foreign scalar({});
  Foreign empty({2, 0}, {7, 1});
  empty.managed_.dl_tensor.data = nullptr;

  EXPECT_EQ(Tensor::from_dlpack(&scalar.managed_).size(), 1);
  EXPECT_EQ(Tensor::from_dlpack(&empty.managed_).size(), 0);
}

TEST(DLPack, RefusesWhatItCannotHoldAndGivesItBack) {
  Foreign complex({2});
  complex.managed_.dl_tensor.dtype = {5, 64, 1};
  Foreign vector({2});
  vector.managed_.dl_tensor.dtype.lanes = 4;
  Foreign gpu({2});
  gpu.managed_.dl_tensor.device.device_type = kDLCUDA;

  for (Foreign* foreign : {&complex, &vector, &gpu}) {
    expect_error(ErrorKind::Unsupported, "DLPack",
                 [&] { Tensor::from_dlpack(&foreign->managed_); });
    EXPECT_EQ(foreign->deletions_, 1);
  }
}

TEST(DLPack, RefusesNothingAndTooMuch) {
  Foreign huge({std::int64_t{1} << 32, std::int64_t{1} << 32}, {1, 1});

  expect_error(ErrorKind::InvalidArgument, "null", [] { Tensor::from_dlpack(nullptr); });
  expect_error(ErrorKind::InvalidArgument, "more elements",
               [&] { Tensor::from_dlpack(&huge.managed_); });
  EXPECT_EQ(huge.deletions_, 1);
}

}  // namespace
}  // namespace foldstream::test
