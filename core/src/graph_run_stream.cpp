// GraphRun, streams: tasks that begin while the one before them runs.
#include "harvest.hpp"

#include <algorithm>
#include <condition_variable>

namespace foldstream {
namespace {

bool is_stream(const Value& value) { return value.type() == PortType::of<Stream>(); }

/// Tells the run how far a writer came, once the body has dropped it.
class CountedWriter final : public StreamWriter {
 public:
  CountedWriter(std::unique_ptr<StreamWriter> writer,
                std::shared_ptr<std::atomic<std::int64_t>> chunks)
      : writer_(std::move(writer)), chunks_(std::move(chunks)) {}

  std::int64_t stored() const override { return writer_->stored(); }
  std::int64_t position() const override { return writer_->position(); }
  Tensor read(std::int64_t chunk) override { return writer_->read(chunk); }
  void skip(std::int64_t chunks) override {
    writer_->skip(chunks);
    *chunks_ = writer_->position();
  }
  void append(Tensor chunk) override {
    writer_->append(std::move(chunk));
    *chunks_ = writer_->position();
  }

 private:
  const std::unique_ptr<StreamWriter> writer_;
  const std::shared_ptr<std::atomic<std::int64_t>> chunks_;
};

/// @throws Error{Cancelled}
void wait_for(double seconds, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, std::chrono::ceil<std::chrono::milliseconds>(
                                 std::chrono::duration<double>(seconds)),
                 [] { return false; });
}

}  // namespace

const GraphRun::Teller::Opened* GraphRun::Teller::find(int output) const {
  const auto found = std::ranges::find(opened, output, &Opened::output);
  return found == opened.end() ? nullptr : &*found;
}

/// @param teller  outlives the context
void GraphRun::bind_streams(Context& context, Teller& teller) {
  context.open_stream = [to = &teller](const std::string& port, const StreamType& type) {
    return to->run->open_stream(*to, port, type);
  };
  context.read_stream = [to = &teller](const Stream& stream) {
    return to->run->hub_->read(stream, {to->live->name, task_name(*to->live, to->task), ""},
                               to->context->stop);
  };
}

Key GraphRun::id_of_stream(const LiveTarget& live, int task, const std::string& port) const {
  if (live[task].has_key && keeps_streams()) return stream_id(live[task].key, port);
  return key_of(nonce_ + std::to_string(live.index) + "/" + task_name(live, task) + "#" + port);
}

std::unique_ptr<StreamWriter> GraphRun::open_stream(Teller& teller, const std::string& port,
                                                    const StreamType& type) {
  LiveTarget& live = *teller.live;
  const Task& described = *(*live.wiring)[teller.task].task;
  const Port& found = output_port(described, port);
  const auto output = static_cast<int>(&found - described.outputs.data());
  if (!(found.type == PortType::of<Stream>()))
    throw Error(ErrorKind::InvalidArgument, "output '" + port + "' of task '" + described.name +
                                                "' is a '" + found.type.name() +
                                                "', not a stream: it cannot be opened.");
  const Stream stream{id_of_stream(live, teller.task, port), type};
  {
    const std::unique_lock lock = lock_briefly(mutex_);
    if (teller.find(output) != nullptr)
      throw Error(ErrorKind::InvalidArgument, "task '" + described.name + "' opened stream '" +
                                                  port + "' twice. Keep its writer.");
    begun_[live.index].push_back(stream.id);
  }
  const auto chunks = std::make_shared<std::atomic<std::int64_t>>(0);
  auto writer = std::make_unique<CountedWriter>(
      hub_->open(stream, {live.name, task_name(live, teller.task), port}, teller.context->stop),
      chunks);
  {
    const std::unique_lock lock = lock_briefly(mutex_);
    teller.opened.push_back({output, stream, chunks});
  }
  if (!teller.has_ended) begin_consumers(live, teller.task, output, stream);
  return writer;
}

/// Those that wait for nothing else, once.
void GraphRun::begin_consumers(LiveTarget& live, int task, int output, const Stream& stream) {
  {
    const std::unique_lock lock = lock_briefly(mutex_);
    if (!live.begun) live.begun = std::make_unique<std::vector<std::pair<int, int>>>();
    const std::pair<int, int> one(task, output);
    if (std::ranges::find(*live.begun, one) != live.begun->end()) return;
    live.begun->push_back(one);
  }
  live[task].values[position_of(output)] = Value::of(stream);
  if (options_.observer) {
    Event event{.what = Event::What::stream_opened};
    event.text = (*live.wiring)[task].task->outputs[position_of(output)].name;
    if (live[task].has_key) event.outcome.key = live[task].key;
    notify(std::move(event), live, task);
  }
  Harvest harvest;  // that of this thread may be in use: bodies are also run to load values
  for (const StreamLinks::Early& link : live.wiring->stream_links(task).early)
    if (link.output == output &&
        live[link.successor].missing.fetch_sub(1, std::memory_order_acq_rel) == 1)
      decide(live, link.successor, harvest);
  settle(harvest);
}

bool GraphRun::has_begun_streams(const LiveTarget& live, int task) {
  if (!(*live.wiring)[task].has_streams) return false;
  const std::unique_lock lock = lock_briefly(mutex_);
  return live.begun && std::ranges::any_of(*live.begun, [&](const auto& one) {
           return one.first == task;
         });
}

/// Tells those that still wait for a task that has ended.
void GraphRun::tell_followers(LiveTarget& live, int task, Harvest& harvest) {
  std::vector<std::pair<int, int>> begun;
  {
    const std::unique_lock lock = lock_briefly(mutex_);
    if (live.begun) begun = *live.begun;
  }
  const auto tell = [&](int successor) {
    if (live[successor].missing.fetch_sub(1, std::memory_order_acq_rel) == 1)
      decide(live, successor, harvest);
  };
  const StreamLinks& links = live.wiring->stream_links(task);
  for (const int successor : links.others) tell(successor);
  for (const StreamLinks::Early& link : links.early)
    if (std::ranges::find(begun, std::pair(task, link.output)) == begun.end())
      tell(link.successor);
}

/// The outputs of a body that has returned; its streams have ended, and are durable. A stream that
/// it did not open is empty.
std::vector<Value> GraphRun::finish_streams(Teller& teller, Values&& values) {
  const Task& described = *(*teller.live->wiring)[teller.task].task;
  std::vector<Value> outputs;
  for (std::size_t i = 0; i < described.outputs.size(); ++i)
    outputs.push_back(stream_output(teller, static_cast<int>(i), values));
  for (const Teller::Opened& one : teller.opened) hub_->finish(one.stream.id, *one.chunks);
  return outputs;
}

Value GraphRun::stream_output(Teller& teller, int output, Values& values) {
  const Task& described = *(*teller.live->wiring)[teller.task].task;
  const Port& port = described.outputs[position_of(output)];
  const auto given = std::ranges::find(values, port.name, &Values::Entry::first);
  const bool is_given = given != values.end() && given->second.type() == port.type;
  const Teller::Opened* opened = teller.find(output);
  if (opened != nullptr && is_given)
    throw Error(ErrorKind::Internal, "task '" + described.name + "' gave a value for '" +
                                         port.name + "', a stream that it opened. Give none.");
  if (opened != nullptr) return Value::of(opened->stream);
  if (is_given) return std::move(given->second);
  if (!(port.type == PortType::of<Stream>()))
    throw Error(ErrorKind::Internal, "task '" + described.name + "' gave no '" + port.type.name() +
                                         "' at its output '" + port.name + "'.");
  StreamType type;
  const std::vector<Value>& known = (*teller.live)[teller.task].values;
  if (position_of(output) < known.size() && known[position_of(output)].has_value())
    type = known[position_of(output)].as<Stream>().type;  // as an earlier attempt opened it
  open_stream(teller, port.name, type);
  return Value::of(teller.find(output)->stream);
}

/// Streams that have begun may be read meanwhile: their values stay where they are.
void GraphRun::set_stream_outputs(LiveTarget& live, int task, Values&& values, Teller& teller) {
  std::vector<Value>& kept = live[task].values;
  if (kept.empty()) kept.resize((*live.wiring)[task].task->outputs.size());
  std::vector<Value> outputs = finish_streams(teller, std::move(values));
  for (std::size_t i = 0; i < outputs.size(); ++i)
    if (!kept[i].has_value() || !is_stream(kept[i])) kept[i] = std::move(outputs[i]);
}

/// The body of a task that has ended, since what was stored of it is damaged.
void GraphRun::recompute(LiveTarget& live, int task, const Context& context) {
  const WiredTask& wired = (*live.wiring)[task];
  Context own = context;
  Teller teller{this, &live, task, &own, true};
  bind_streams(own, teller);
  const Values inputs = gather_inputs(live, task, context);
  if (!wired.has_streams) return set_outputs(live, task, wired.task->body(inputs, own), teller);
  try {
    std::vector<Value> outputs = finish_streams(teller, wired.task->body(inputs, own));
    if (live[task].values.empty()) live[task].values = std::move(outputs);
  } catch (...) {
    for (const Teller::Opened& one : teller.opened)
      hub_->fail(one.stream.id, std::current_exception());
    throw;
  }
}

/// Tells the readers of a task that has failed.
void GraphRun::fail_streams(LiveTarget& live, int task) {
  if (!has_begun_streams(live, task)) return;
  const std::exception_ptr why =
      live[task].failure->error
          ? live[task].failure->error
          : std::make_exception_ptr(Error(live[task].failure->kind, live[task].failure->message));
  for (const Value& value : live[task].values)
    if (value.has_value() && is_stream(value)) hub_->fail(value.as<Stream>().id, why);
}

/// Whether a task that failed is tried again with what it holds, after a while: since its streams
/// have begun, those that read them may hold all else.
bool GraphRun::retries_in_place(LiveTarget& live, int task, const std::exception_ptr& why) {
  if (!has_begun_streams(live, task) || !may_retry(live, task, failure_of(why))) return false;
  live[task].state = State::waiting;
  wait_for(backoff_seconds(live, task), stop_.get_token());
  return true;
}

/// Whether the store has lost a stream of a task that ended well.
bool GraphRun::are_streams_lost(const LiveTarget& live, int task) {
  if (!live[task].has_key || !keeps_streams()) return false;
  return std::ranges::any_of(live[task].values, [&](const Value& value) {
    if (!value.has_value() || !is_stream(value)) return false;
    const Stream& stream = value.as<Stream>();
    return !hub_->can_read(stream.id);
  });
}

/// Nobody in this run will read the streams of a target any more.
void GraphRun::release_streams(int target_index) {
  std::vector<Key> ids;
  {
    const std::unique_lock lock = lock_briefly(mutex_);
    const auto found = begun_.find(target_index);
    if (found == begun_.end()) return;
    ids = std::move(found->second);
    begun_.erase(found);
  }
  for (const Key& id : ids) hub_->release(id);
}

}  // namespace foldstream
