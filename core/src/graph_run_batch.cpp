// GraphRun, batches: tasks of several targets in one call.
#include "harvest.hpp"

#include <algorithm>

namespace foldstream {
namespace {

/// What two members of a batch need together.
Request together(Request all, const Request& more) {
  all.bytes += more.bytes;
  all.scratch_bytes += more.scratch_bytes;
  all.device_bytes += more.device_bytes;
  return all;
}

std::unique_ptr<StreamWriter> refuse_stream(const std::string& port, const StreamType&) {
  throw Error(ErrorKind::Unsupported, "the body of a batch cannot open stream '" + port +
                                          "': it belongs to one of several tasks. These are run "
                                          "one by one instead.");
}

}  // namespace

void GraphRun::join_batch(LiveTarget& live, int task, const Submission& one, Harvest& harvest) {
  const Task& described = *(*live.wiring)[task].task;
  const Batching& batching = described.batching;
  Values inputs = pretends_ ? Values() : gather_inputs(live, task, make_context(live, task, {}));
  const std::string key = batching.key && !pretends_ ? batching.key(inputs) : "";
  const double size = batching.size && !pretends_ ? batching.size(inputs) : 1;
  std::vector<Batch*> full;
  {
    const std::unique_lock lock = lock_briefly(mutex_);
    auto* batch = &batches_[{&described, key}];
    if (*batch && !can_join(**batch, one.request)) {
      full.push_back(batch->get());
      full_.push_back(std::move(*batch));
    }
    const bool is_new = !*batch;
    if (is_new) {
      *batch = std::make_unique<Batch>();
      (*batch)->task = &described;
      (*batch)->submission = one;
      (*batch)->submission.work = {this, batch->get(), -1};
    } else {
      Submission& all = (*batch)->submission;
      all.request = together(all.request, one.request);
      all.priority = std::min(all.priority, one.priority);
    }
    (*batch)->members.push_back({&live, task, std::move(inputs)});
    (*batch)->size += size;
    if ((*batch)->size >= batching.budget)
      full.push_back(batch->get());
    else if (is_new)
      pool_.after(batching.delay_seconds, (*batch)->submission.work, Purpose::batch);
  }
  for (Batch* batch : full) submit_batch(batch, harvest);
}

/// Whether the machine has what a batch needs with one more member.
bool GraphRun::can_join(const Batch& batch, const Request& more) const {
  try {
    pool_.ledger().check_possible(batch.task->name, together(batch.submission.request, more));
    return true;
  } catch (const Error&) {
    return false;
  }
}

/// Closes a batch, unless that was done before.
void GraphRun::submit_batch(Batch* batch, Harvest& harvest) {
  const std::unique_lock lock = lock_briefly(mutex_);
  const auto take = [&](std::unique_ptr<Batch>& found) {
    harvest.submissions.push_back(found->submission);
    found.release();  // conclude takes it back
  };
  const auto is_it = [&](const std::unique_ptr<Batch>& one) { return one.get() == batch; };
  if (const auto found = std::ranges::find_if(full_, is_it); found != full_.end()) {
    take(*found);
    full_.erase(found);
    return;
  }
  const auto found =
      std::ranges::find_if(batches_, [&](const auto& entry) { return is_it(entry.second); });
  if (found == batches_.end()) return;
  take(found->second);
  batches_.erase(found);
}

/// So many works have ended. When none is left, no task can join the batches any more.
void GraphRun::land(int works) {
  if (wiring_.has_batches() && in_flight_.fetch_sub(works) == works) hand_over_batches();
}

void GraphRun::hand_over_batches() {
  std::vector<Batch*> open;
  {
    const std::unique_lock lock = lock_briefly(mutex_);
    if (!is_fed_ && waiting_for_room_ == 0) return;  // a new target may
    for (const auto& [key, batch] : batches_) open.push_back(batch.get());
  }
  Harvest& harvest = Harvest::of_thread(nullptr);
  for (Batch* batch : open) submit_batch(batch, harvest);
  settle(harvest);
}

void GraphRun::perform_batch(Batch& batch, const Grant& grant) {
  const double began = pool_.now();
  std::vector<Values> inputs;
  for (Batch::Member& member : batch.members) {
    if (is_heard(Event::What::task_started))
      notify({.what = Event::What::task_started, .threads = grant.threads}, *member.live,
             member.task);
    inputs.push_back(std::move(member.inputs));
  }
  try {
    const Batch::Member& first = batch.members.front();
    Teller teller{this, first.live, first.task};
    Context context = make_context(*first.live, first.task, grant, &teller);
    teller.context = &context;
    context.open_stream = refuse_stream;
    context.check_cancelled();
    std::vector<Values> outputs(inputs.size());
    if (!pretends_) outputs = batch.task->batching.body(inputs, context);
    if (outputs.size() != inputs.size())
      throw Error(ErrorKind::Internal, "task '" + batch.task->name + "' gave " +
                                           std::to_string(outputs.size()) + " results for " +
                                           std::to_string(inputs.size()) + " members of a batch.");
    const double seconds = (pool_.now() - began) / static_cast<double>(inputs.size());
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      LiveTask& task = (*batch.members[i].live)[batch.members[i].task];
      task.seconds = static_cast<float>(seconds);
      try {
        Teller own{this, batch.members[i].live, batch.members[i].task, &context};
        if (!pretends_) set_outputs(*own.live, own.task, std::move(outputs[i]), own);
        task.state = State::done;
        save(*batch.members[i].live, batch.members[i].task, seconds);
      } catch (...) {
        fail(task, std::current_exception());
      }
    }
  } catch (...) {
    batch.has_failed = true;  // one of them, perhaps: they are run one by one
  }
}

void GraphRun::conclude_batch(std::unique_ptr<Batch> batch, Harvest& harvest) {
  for (const Batch::Member& member : batch->members) {
    if (!batch->has_failed) {
      end_task(*member.live, member.task, harvest);
      continue;
    }
    submit_alone(*member.live, member.task, harvest);
  }
}

}  // namespace foldstream
