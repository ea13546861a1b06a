// DistributedRun, the traffic of its communications thread.
#include "distributed_run.hpp"

#include "reader_elsewhere.hpp"

#include <algorithm>

namespace foldstream::mpi {
namespace {

/// A key that changes with anything of the graph that all ranks must agree on.
std::string digest(const Graph& graph) {
  std::string text;
  for (const auto& task : graph.tasks()) {
    text += task->name + "\n" + task->identity + "\n" + task->role + "\n";
    for (const Port& port : task->inputs) text += "<" + port.name + ":" + port.type.name() + "\n";
    for (const Port& port : task->outputs) text += ">" + port.name + ":" + port.type.name() + "\n";
  }
  for (const Edge& edge : graph.edges())
    text += std::to_string(edge.from_task) + edge.from_port + "-" + std::to_string(edge.to_task) +
            edge.to_port + "\n";
  for (int i = 0; i < static_cast<int>(graph.task_count()); ++i)
    if (const auto& guard = graph.guard(i))
      text += std::to_string(i) + "?" + std::to_string(guard->from_task) + guard->port +
              (guard->wanted ? "\n" : "!\n");
  return to_string(key_of(text));
}

std::set<std::string> streaming(const Graph& graph) {
  std::set<std::string> names;
  for (const auto& task : graph.tasks())
    for (const Port& port : task->outputs)
      if (port.type == PortType::of<Stream>()) names.insert(task->name);
  return names;
}

/// Tasks whose outputs other parts need.
std::set<std::string> travelling(const Graph& graph, const std::vector<Part>& parts) {
  std::set<std::string> names;
  for (const Part& part : parts)
    for (const int task : part.ancestors)
      names.insert(graph.tasks()[static_cast<std::size_t>(task)]->name);
  return names;
}

/// @throws Error{Unsupported} if a stream would have to go to another rank, and no store keeps it.
void check_streams_can_travel(const Graph& graph, const std::vector<int>& part_of, Store* store) {
  if (store != nullptr && store->is_writable() && store->streams() != nullptr) return;
  for (const Edge& edge : graph.edges()) {
    const auto from = static_cast<std::size_t>(edge.from_task);
    const Task& task = *graph.tasks()[from];
    if (part_of[from] == part_of[static_cast<std::size_t>(edge.to_task)]) continue;
    if (output_port(task, edge.from_port).type == PortType::of<Stream>())
      throw Error(ErrorKind::Unsupported,
                  "stream '" + task.name + "." + edge.from_port +
                      "' goes to ranks of another role, so the run needs a writable store that "
                      "keeps streams, as io::RunStore does. Give it one, or all ranks one role.");
  }
}

std::vector<StreamEdge> stream_edges(const Graph& graph) {
  std::vector<StreamEdge> found;
  for (const Edge& edge : graph.edges()) {
    const Task& task = *graph.tasks()[static_cast<std::size_t>(edge.from_task)];
    if (output_port(task, edge.from_port).type == PortType::of<Stream>())
      found.push_back({edge.from_task, edge.to_task, task.name});
  }
  return found;
}

WorkerOptions with_threads(WorkerOptions options, int threads) {
  options.threads = threads;
  return options;
}

Message about(MessageKind kind, const Key& key) {
  ByteWriter writer;
  write_key(writer, key);
  return make_message(kind, writer);
}

bool is_for_coordinator(MessageKind kind) { return kind < MessageKind::lease; }

}  // namespace

DistributedRun::DistributedRun(const Graph& graph, TargetSource source, RunOptions options,
                               RunParts parts)
    : graph_(graph),
      options_(std::move(options)),
      parts_(std::move(parts)),
      cut_(cut_by_role(graph_, parts_.facts)),
      part_of_(part_of_tasks(cut_, graph_.task_count())),
      cursor_(std::move(source), options_.keep_values || parts_.survives, cut_.size() > 1),
      lost_(parts_.lost),
      worker_(parts_.rank, with_threads(parts_.worker, parts_.threads->threads()), digest(graph_)) {
  if (cut_.size() > 1)
    flow_ = std::make_shared<FlowStore>(
        options_.store,
        FlowOptions{.travelling = travelling(graph_, cut_),
                    .streaming = streaming(graph_),
                    .rank = parts_.rank,
                    .patience_seconds = parts_.worker.silence_seconds},
        [this](int rank, const Key& key) { post(rank, about(MessageKind::fetch, key)); });
  const std::shared_ptr<Store> store = flow_ ? flow_ : options_.store;
  // where streams leave the rank, half of the window is for those on the way
  const std::uint64_t window = flow_ ? parts_.window_bytes / 2 : parts_.window_bytes;
  hub_ = options_.streams
             ? options_.streams
             : std::make_shared<StreamHub>(store, StreamHubOptions{.window_bytes = window});
  carrier_ = std::make_unique<StreamCarrier>(
      *hub_, CarrierOptions{.rank = parts_.rank, .window_bytes = window},
      [this](int rank, Message message) { post(rank, std::move(message)); },
      [this] { parts_.exchange->wake(); });
  if (flow_) {
    check_streams_can_travel(graph_, part_of_, options_.store.get());
    find_streams_elsewhere();
  }
  lead_if_first();
}

DistributedRun::~DistributedRun() {
  if (flow_) hub_->find_elsewhere({}, {});
}

/// Streams that other ranks make are read from them.
void DistributedRun::find_streams_elsewhere() {
  hub_->find_elsewhere(
      [this](const Stream& stream, const StreamLabel& reader,
             std::stop_token stop) -> std::unique_ptr<StreamReader> {
        const std::optional<int> rank = flow_->rank_of(stream.id);
        if (!rank || *rank == parts_.rank) return nullptr;
        return std::make_unique<ReaderElsewhere>(
            carrier_->read(*rank, stream, reader, std::move(stop)), flow_, stream.id);
      },
      [this](const Key& id) {
        const std::optional<int> rank = flow_->rank_of(id);
        return rank && *rank != parts_.rank && !is_lost(*rank);
      });
}

bool DistributedRun::is_lost(int rank) const {
  const std::scoped_lock lock(mutex_);
  return lost_.contains(rank);
}

double DistributedRun::elapsed() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
}

/// The rank that leads is the lowest that is left.
void DistributedRun::lead_if_first() {
  leader_ = 0;
  while (lost_.contains(leader_)) ++leader_;
  if (leader_ == parts_.rank) make_coordinator(!lost_.empty());
}

void DistributedRun::make_coordinator(bool takes_over) {
  CoordinatorOptions options;
  options.wants_events = options_.observer != nullptr;
  options.start_seconds = parts_.worker.start_seconds;
  options.silence_seconds = parts_.worker.silence_seconds;
  options.parts = cut_;
  options.stream_edges = stream_edges(graph_);
  options.facts = parts_.facts;
  options.run_ahead = parts_.run_ahead;
  options.lost = lost_;
  options.takes_over = takes_over;
  options.rank = parts_.rank;
  coordinator_.emplace(static_cast<int>(parts_.facts.size()), std::move(options));
  for (const Envelope& envelope : std::exchange(early_, {}))
    coordinator_->on_message(envelope.peer, envelope.message, elapsed());
}

int DistributedRun::leader() const {
  const std::scoped_lock lock(mutex_);
  return leader_;
}

void DistributedRun::on_message(const Envelope& envelope) {
  const MessageKind kind = envelope.message.kind;
  if (kind >= MessageKind::fetch) return on_flow_message(envelope);
  if (kind == MessageKind::event) {
    ByteReader reader(envelope.message.payload);
    observe(read_event(reader));
  }
  {
    const std::scoped_lock lock(mutex_);
    if (lost_.contains(envelope.peer)) return;
    if (!is_for_coordinator(kind)) {
      if (envelope.peer == leader_) worker_.on_message(envelope.message, elapsed());
    } else if (coordinator_) {
      coordinator_->on_message(envelope.peer, envelope.message, elapsed());
    } else {
      early_.push_back(envelope);  // its sender knows already that this rank is the next to lead
    }
    settle();
  }
  observe_ended_targets();
}

/// A rank is gone. If it led, the next one does.
void DistributedRun::on_lost(int rank) {
  {
    const std::scoped_lock lock(mutex_);
    if (!lost_.insert(rank).second || worker_.is_finished()) return;
    if (coordinator_) {
      coordinator_->on_lost(rank, elapsed());
    } else if (rank == leader_) {
      lead_if_first();
      std::erase_if(outbox_, [](const Envelope& sent) {
        return sent.message.kind < MessageKind::fetch;  // it is in the greeting
      });
      worker_.greet_anew(leader_, elapsed());
    }
    settle();
  }
  if (flow_) flow_->lose(rank);
  carrier_->lose(rank);
}

void DistributedRun::on_flow_message(const Envelope& envelope) {
  if (carrier_->on_message(envelope)) return;
  if (!flow_) return;
  if (envelope.message.kind == MessageKind::fetch) return answer(envelope);
  ByteReader reader(envelope.message.payload);
  const Key key = read_key(reader);
  if (reader.number<std::uint8_t>() == 0) return flow_->arrive(key, std::nullopt);
  flow_->arrive(key, read_stored(reader, envelope.message.tensors));
}

/// Sends what another rank asks for; an empty answer if it is not here.
void DistributedRun::answer(const Envelope& envelope) {
  ByteReader reader(envelope.message.payload);
  const Key key = read_key(reader);
  const std::optional<StoredTask> task = flow_->answer(key);
  ByteWriter writer;
  write_key(writer, key);
  writer.number(static_cast<std::uint8_t>(task.has_value()));
  std::vector<Tensor> tensors;
  if (task) write_stored(writer, tensors, *task);
  Message message = make_message(MessageKind::value, writer);
  message.tensors = std::move(tensors);
  post(envelope.peer, std::move(message));
}

void DistributedRun::post(int rank, Message message) {
  {
    const std::scoped_lock lock(mutex_);
    outbox_.push_back({rank, std::move(message)});
  }
  parts_.exchange->wake();
}

std::vector<Envelope> DistributedRun::poll() {
  tend_local_run();
  carrier_->pump();
  std::vector<std::int32_t> released;
  std::vector<Envelope> outbox;
  {
    const std::scoped_lock lock(mutex_);
    worker_.tick(elapsed());
    if (coordinator_) coordinator_->tick(elapsed());
    settle();
    released = worker_.take_released();
    outbox = std::exchange(outbox_, {});
  }
  if (flow_)
    for (const std::int32_t target : released) flow_->release(target);
  observe_ended_targets();
  return outbox;
}

bool DistributedRun::expects_traffic() { return carrier_->is_busy(); }

/// Ends the local run once no more targets come.
void DistributedRun::tend_local_run() {
  bool is_cancelled = false;
  {
    const std::scoped_lock lock(mutex_);
    if (!local_ || has_local_ended_ || !worker_.is_closed()) return;
    is_cancelled = worker_.is_cancelled();
  }
  if (is_cancelled) local_->cancel();
  if (!local_->is_finished()) return;
  const std::scoped_lock lock(mutex_);
  has_local_ended_ = true;
  worker_.finish();
}

/// Moves messages between worker and coordinator, or to the outbox, until there are none. To be
/// called, with the lock held, after anything that may have changed the worker.
void DistributedRun::settle() {
  bool is_moving = true, is_urgent = false;
  while (is_moving) {
    is_moving = false;
    for (Message& message : worker_.take_outbox()) {
      is_moving = true;
      // ends of whole targets are sent with the next look at the traffic, many at once
      is_urgent = is_urgent || cut_.size() > 1 || message.kind != MessageKind::ended;
      if (coordinator_)
        coordinator_->on_message(parts_.rank, message, elapsed());
      else
        outbox_.push_back({leader_, std::move(message)});
    }
    if (!coordinator_) break;
    for (Envelope& envelope : coordinator_->take_outbox()) {
      is_moving = true;
      if (envelope.peer == parts_.rank)
        worker_.on_message(envelope.message, elapsed());
      else
        outbox_.push_back(std::move(envelope));
      is_urgent = true;
    }
  }
  is_heard_ = coordinator_ ? options_.observer != nullptr : worker_.wants_events();
  if (is_urgent && !outbox_.empty()) parts_.exchange->wake();
  if (is_feeder_waiting_) may_take_.notify_one();
  if (worker_.is_finished()) finished_.notify_all();
}

bool DistributedRun::is_done() {
  const std::scoped_lock lock(mutex_);
  return worker_.is_finished() && outbox_.empty();
}

void DistributedRun::give_up(const std::string& why) {
  {
    const std::scoped_lock lock(mutex_);
    worker_.give_up(why);
    outbox_.clear();
    may_take_.notify_one();
    finished_.notify_all();
  }
  if (flow_) flow_->close();
  carrier_->close(why);
  tend_local_run();
}

}  // namespace foldstream::mpi
