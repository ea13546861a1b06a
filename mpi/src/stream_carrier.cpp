#include "stream_carrier.hpp"

#include <chrono>

namespace foldstream::mpi {
namespace {

Message numbered(MessageKind kind, std::uint64_t number) {
  ByteWriter writer;
  writer.number(number);
  return make_message(kind, writer);
}

}  // namespace

/// The consumer's end of a subscription.
class StreamCarrier::Reader final : public StreamReader {
 public:
  Reader(StreamCarrier& carrier, std::uint64_t number, std::shared_ptr<Incoming> incoming,
         std::string reader, std::stop_token stop)
      : carrier_(carrier),
        number_(number),
        incoming_(std::move(incoming)),
        reader_(std::move(reader)),
        stop_(std::move(stop)),
        on_stop_(stop_, [this] {
          const std::scoped_lock lock(carrier_.mutex_);
          incoming_->changed.notify_all();
        }) {}

  ~Reader() override {
    const std::scoped_lock lock(carrier_.mutex_);
    carrier_.incoming_.erase(number_);
    if (!incoming_->has_ended)
      carrier_.post_(incoming_->rank, numbered(MessageKind::unsubscribe, number_));
  }

  std::optional<Tensor> next() override {
    std::unique_lock lock(carrier_.mutex_);
    wait(lock);
    if (stop_.stop_requested())
      throw Error(ErrorKind::Cancelled, "'" + reader_ + "' was cancelled while it read a stream.");
    if (!incoming_->chunks.empty()) return take();
    if (!incoming_->failure.message.empty())
      throw Error(incoming_->failure.kind, incoming_->failure.message);
    if (incoming_->has_ended) return std::nullopt;
    throw Error(ErrorKind::Communication,
                "'" + reader_ + "' has waited " +
                    std::to_string(static_cast<int>(carrier_.options_.stall_seconds)) +
                    " s for the next chunk of " + incoming_->label + " from rank " +
                    std::to_string(incoming_->rank) + ". Look at the log of that rank.");
  }

 private:
  void wait(std::unique_lock<std::mutex>& lock) {
    const auto is_ready = [this] {
      return stop_.stop_requested() || !incoming_->chunks.empty() || incoming_->has_ended;
    };
    const double limit = carrier_.options_.stall_seconds;
    if (limit <= 0)
      incoming_->changed.wait(lock, is_ready);
    else
      incoming_->changed.wait_for(lock, std::chrono::duration<double>(limit), is_ready);
  }

  Tensor take() {
    Tensor chunk = std::move(incoming_->chunks.front());
    incoming_->chunks.pop_front();
    taken_ += chunk.bytes();
    if (taken_ >= carrier_.options_.window_bytes / 4 && !incoming_->has_ended) {
      ByteWriter writer;
      writer.number(number_).number(std::exchange(taken_, 0));
      carrier_.post_(incoming_->rank, make_message(MessageKind::more_credit, writer));
    }
    return chunk;
  }

  StreamCarrier& carrier_;
  const std::uint64_t number_;
  const std::shared_ptr<Incoming> incoming_;
  const std::string reader_;
  const std::stop_token stop_;
  std::uint64_t taken_ = 0;  ///< bytes since credit was last granted
  std::stop_callback<std::function<void()>> on_stop_;
};

StreamCarrier::StreamCarrier(StreamHub& hub, CarrierOptions options,
                             std::function<void(int, Message)> post, std::function<void()> wake)
    : hub_(hub), options_(options), post_(std::move(post)), wake_(std::move(wake)) {}

StreamCarrier::~StreamCarrier() = default;

std::unique_ptr<StreamReader> StreamCarrier::read(int rank, const Stream& stream,
                                                  const StreamLabel& reader, std::stop_token stop) {
  const auto incoming = std::make_shared<Incoming>();
  incoming->rank = rank;
  incoming->label = "stream " + to_string(stream.id);
  std::uint64_t number = 0;
  {
    const std::scoped_lock lock(mutex_);
    number = next_++;
    incoming_[number] = incoming;
    if (!closed_.empty())
      fail(*incoming, closed_);
    else if (lost_.contains(rank))
      fail(*incoming, "rank " + std::to_string(rank) + ", which made the stream, is lost.");
    else {
      ByteWriter writer;
      writer.number(number);
      write_key(writer, stream.id);
      writer.number(options_.window_bytes);
      post_(rank, make_message(MessageKind::subscribe, writer));
    }
  }
  return std::make_unique<Reader>(*this, number, incoming, reader.task, std::move(stop));
}

bool StreamCarrier::on_message(const Envelope& envelope) {
  const MessageKind kind = envelope.message.kind;
  if (kind < MessageKind::subscribe) return false;
  ByteReader reader(envelope.message.payload);
  const auto number = reader.number<std::uint64_t>();
  if (kind == MessageKind::subscribe) {
    const Key id = read_key(reader);
    serve({envelope.peer, number}, id, reader.number<std::uint64_t>());
    return true;
  }
  const std::scoped_lock lock(mutex_);
  if (kind == MessageKind::unsubscribe) return outgoing_.erase({envelope.peer, number}), true;
  if (kind == MessageKind::more_credit) {
    const auto found = outgoing_.find({envelope.peer, number});
    if (found != outgoing_.end())
      found->second->credit += static_cast<std::int64_t>(reader.number<std::uint64_t>());
    return true;
  }
  const auto found = incoming_.find(number);
  if (found == incoming_.end()) return true;  // its reader is gone
  Incoming& incoming = *found->second;
  if (kind == MessageKind::chunk) {
    incoming.chunks.push_back(envelope.message.tensors.at(0));
  } else {
    incoming.failure = read_failure(reader);
    incoming.has_ended = true;
  }
  incoming.changed.notify_all();
  return true;
}

void StreamCarrier::serve(const Subscriber& to, const Key& id, std::uint64_t credit) {
  const auto outgoing = std::make_shared<Outgoing>();
  outgoing->credit = static_cast<std::int64_t>(credit);
  const std::weak_ptr<Outgoing> weak = outgoing;
  outgoing->tap = hub_.tap(id, 0, [this, weak] {
    {
      const std::scoped_lock lock(mutex_);
      const auto alive = weak.lock();
      if (!alive) return;
      alive->may_have_more = true;
    }
    wake_();
  });
  if (!outgoing->tap)
    return send_end(to, {ErrorKind::NotFound, "rank " + std::to_string(options_.rank) +
                                                  " does not have the stream " + to_string(id) +
                                                  "."});
  const std::scoped_lock lock(mutex_);
  outgoing_[to] = outgoing;
}

void StreamCarrier::pump() {
  std::map<Subscriber, std::shared_ptr<Outgoing>> outgoing;
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& entry : outgoing_)
      if (entry.second->credit > 0 && entry.second->may_have_more) outgoing.insert(entry);
  }
  for (const auto& [to, out] : outgoing)
    if (!send_next(to, *out)) {
      const std::scoped_lock lock(mutex_);
      outgoing_.erase(to);
    }
}

/// Sends chunks while there is credit; false once the stream has ended.
bool StreamCarrier::send_next(const Subscriber& to, Outgoing& outgoing) {
  using Is = StreamHub::Polled::Is;
  while (true) {
    {
      const std::scoped_lock lock(mutex_);
      if (outgoing.credit <= 0) return true;
      outgoing.may_have_more = false;  // before the look, so that no call in between is missed
    }
    StreamHub::Polled polled = outgoing.tap->poll();
    if (polled.is == Is::later) return true;
    if (polled.is == Is::end) return send_end(to, {}), false;
    if (polled.is == Is::failed) return send_end(to, failure_of(polled.failure, "the stream ended in failure.")), false;
    Message message = numbered(MessageKind::chunk, to.second);
    const auto bytes = static_cast<std::int64_t>(polled.chunk.bytes());
    message.tensors.push_back(std::move(polled.chunk));
    post_(to.first, std::move(message));
    const std::scoped_lock lock(mutex_);
    outgoing.credit -= bytes;
    outgoing.may_have_more = true;
  }
}

void StreamCarrier::send_end(const Subscriber& to, const Failure& failure) {
  ByteWriter writer;
  writer.number(to.second);
  write_failure(writer, failure);
  Message message = make_message(MessageKind::stream_end, writer);
  message.tensors.emplace_back();  // so that it does not overtake the chunks
  post_(to.first, std::move(message));
}

bool StreamCarrier::is_busy() const {
  const std::scoped_lock lock(mutex_);
  return !incoming_.empty() || !outgoing_.empty();
}

/// With the lock held.
void StreamCarrier::fail(Incoming& incoming, const std::string& why) {
  if (incoming.has_ended) return;
  incoming.failure = {ErrorKind::Communication, why};
  incoming.has_ended = true;
  incoming.changed.notify_all();
}

void StreamCarrier::lose(int rank) {
  const std::scoped_lock lock(mutex_);
  lost_.insert(rank);
  std::erase_if(outgoing_, [rank](const auto& entry) { return entry.first.first == rank; });
  for (const auto& [number, incoming] : incoming_)
    if (incoming->rank == rank)
      fail(*incoming, "rank " + std::to_string(rank) + ", which made " + incoming->label +
                          ", was lost.");
}

void StreamCarrier::close(const std::string& why) {
  const std::scoped_lock lock(mutex_);
  closed_ = why;
  outgoing_.clear();
  for (const auto& [number, incoming] : incoming_) fail(*incoming, why);
}

}  // namespace foldstream::mpi
