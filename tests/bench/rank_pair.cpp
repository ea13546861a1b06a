#include "rank_pair.hpp"
#include "transport.hpp"

#include <foldstream/mpi/native.hpp>

#include <array>
#include <chrono>
#include <string>

namespace foldstream::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int window = 8;
constexpr std::size_t tensor_from = 4096;

double seconds_since(Clock::time_point began) {
  return std::chrono::duration<double>(Clock::now() - began).count();
}

Tensor tensor_of(std::size_t bytes) {
  return Tensor(DType::u8, {static_cast<std::int64_t>(bytes)});
}

class RawMpi final : public RankPair {
 public:
  RawMpi() { MPI_Comm_rank(MPI_COMM_WORLD, &rank_); }

  double latency(std::size_t bytes, int rounds) override {
    prepare(bytes);
    const auto began = Clock::now();
    for (int i = 0; i < rounds; ++i) {
      if (rank_ == 0) send();
      receive();
      if (rank_ == 1) send();
    }
    return seconds_since(began) / rounds / 2;
  }

  double rate(std::size_t bytes, int count) override { return count / stream(bytes, count, 64); }

  double bandwidth(std::size_t bytes, int count) override {
    return static_cast<double>(bytes) * count / stream(bytes, count, window);
  }

 private:
  static constexpr int most_requests = 64;

  void prepare(std::size_t bytes) {
    for (std::size_t i = 0; i < window; ++i) {
      out_[i] = tensor_of(bytes);
      in_[i] = tensor_of(bytes);
    }
    MPI_Barrier(MPI_COMM_WORLD);
  }
  void send() {
    MPI_Send(out_[0].raw().data(), static_cast<int>(out_[0].bytes()), MPI_BYTE, 1 - rank_, 1,
             MPI_COMM_WORLD);
  }
  void receive() {
    MPI_Recv(in_[0].mutable_raw().data(), static_cast<int>(in_[0].bytes()), MPI_BYTE, 1 - rank_, 1,
             MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  }
  void post(std::size_t i, MPI_Request& request) {
    const int bytes = static_cast<int>(out_[0].bytes());
    if (rank_ == 0)
      MPI_Isend(out_[i % window].raw().data(), bytes, MPI_BYTE, 1, 1, MPI_COMM_WORLD, &request);
    else
      MPI_Irecv(in_[i % window].mutable_raw().data(), bytes, MPI_BYTE, 0, 1, MPI_COMM_WORLD,
                &request);
  }
  double stream(std::size_t bytes, int count, int under_way) {
    prepare(bytes);
    std::array<MPI_Request, most_requests> requests{};
    const auto began = Clock::now();
    for (int sent = 0; sent < count; sent += under_way) {
      for (std::size_t i = 0; i < static_cast<std::size_t>(under_way); ++i) post(i, requests[i]);
      MPI_Waitall(under_way, requests.data(), MPI_STATUSES_IGNORE);
    }
    MPI_Barrier(MPI_COMM_WORLD);
    return seconds_since(began);
  }

  int rank_ = 0;
  std::array<Tensor, window> out_;
  std::array<Tensor, window> in_;
};

class OurTransport final : public RankPair {
 public:
  explicit OurTransport(const mpi::Communicator& communicator)
      : transport_(communicator.link().make_transport()) {}

  double latency(std::size_t bytes, int rounds) override {
    prepare(bytes);
    const auto began = Clock::now();
    for (int i = 0; i < rounds; ++i) {
      if (is_sender()) send(bytes, 0);
      receive();
      if (!is_sender()) send(bytes, 0);
    }
    const double seconds = seconds_since(began) / rounds / 2;
    flush();
    return seconds;
  }

  double rate(std::size_t bytes, int count) override { return count / stream(bytes, count, 64); }

  double bandwidth(std::size_t bytes, int count) override {
    return static_cast<double>(bytes) * count / stream(bytes, count, window);
  }

 private:
  bool is_sender() const { return transport_->rank() == 0; }
  void prepare(std::size_t bytes) {
    for (Tensor& tensor : out_) tensor = tensor_of(bytes);
    MPI_Barrier(MPI_COMM_WORLD);
  }
  void send(std::size_t bytes, std::size_t i) {
    mpi::Message message{mpi::MessageKind::event, 0, {}};
    if (bytes < tensor_from)
      message.payload.resize(bytes);
    else
      message.tensors.push_back(out_[i % window]);
    transport_->send(1 - transport_->rank(), std::move(message));
  }
  void receive() {
    until([this] { return transport_->receive().has_value(); });
  }
  void flush() {
    until([this] { return transport_->is_flushed(); });
  }
  template <class Call>
  void until(Call is_true) {
    if (is_true()) return;
    const auto began = Clock::now();
    while (!is_true())
      if (seconds_since(began) > 60)
        throw Error(ErrorKind::Communication,
                    "rank " + std::to_string(1 - transport_->rank()) + " was silent for 60 s.");
  }
  double stream(std::size_t bytes, int count, int under_way) {
    prepare(bytes);
    const auto began = Clock::now();
    for (int i = 0; i < count; ++i) {
      if (!is_sender()) {
        receive();
      } else {
        send(bytes, static_cast<std::size_t>(i));
        if ((i + 1) % under_way == 0) flush();
      }
    }
    flush();
    MPI_Barrier(MPI_COMM_WORLD);
    return seconds_since(began);
  }

  std::unique_ptr<mpi::Transport> transport_;
  std::array<Tensor, window> out_;
};

}  // namespace

std::unique_ptr<RankPair> raw_mpi() { return std::make_unique<RawMpi>(); }

std::unique_ptr<RankPair> our_transport(const mpi::Communicator& communicator) {
  return std::make_unique<OurTransport>(communicator);
}

}  // namespace foldstream::bench
