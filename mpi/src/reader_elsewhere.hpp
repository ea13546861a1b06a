// ReaderElsewhere: reads a stream of another rank, and notices that it is there no more.
#pragma once

#include "flow_store.hpp"

#include <foldstream/stream.hpp>

#include <memory>
#include <optional>
#include <utility>

namespace foldstream::mpi {

/// A stream of another rank. If it was whole there and is no more, its task is computed here when the
/// reader is tried again.
class ReaderElsewhere final : public StreamReader {
 public:
  ReaderElsewhere(std::unique_ptr<StreamReader> reader, std::shared_ptr<FlowStore> flow, Key id)
      : reader_(std::move(reader)), flow_(std::move(flow)), id_(id) {}

  std::optional<Tensor> next() override {
    try {
      return reader_->next();
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::NotFound && error.kind() != ErrorKind::Io) throw;
      if (!flow_->unlocate(id_)) throw;
      throw Error(ErrorKind::Io, error.what());
    }
  }

 private:
  const std::unique_ptr<StreamReader> reader_;
  const std::shared_ptr<FlowStore> flow_;
  const Key id_;
};

}  // namespace foldstream::mpi
