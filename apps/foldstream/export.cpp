#include <foldstream/io/export.hpp>

#include "commands.hpp"
#include "interrupt.hpp"
#include "run_folder.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <memory>

namespace foldstream::apps {
namespace {

struct ExportOptions {
  std::filesystem::path run;
  std::string task;
  std::string port;
  std::filesystem::path out;
  std::string target;
  std::string field;
  std::int64_t chunks = 0;  ///< the first so many; 0 = all
  bool complete = false;
  bool force = false;
};

/// The chunks of a store, no more than asked for, and none any more once someone interrupts.
class ExportedChunks final : public StreamStore {
 public:
  ExportedChunks(StreamStore& store, std::int64_t most) : store_(store), most_(most) {}

  std::optional<StoredStream> find(const Key& id) override {
    std::optional<StoredStream> stream = store_.find(id);
    if (!stream || stream->chunks <= most_) return stream;
    stream->chunks = most_;
    stream->is_complete = false;
    return stream;
  }
  Tensor read(const Key& id, std::int64_t chunk) override {
    if (Interrupt::signal() != 0)
      throw Error(ErrorKind::Cancelled, "interrupted: nothing was exported.");
    position_ = chunk;
    return store_.read(id, chunk);
  }
  std::uint64_t checksum(const Key& id, std::int64_t chunk) override {
    return store_.checksum(id, chunk);
  }
  std::int64_t open(const Key&, const StreamType&, const StreamLabel&) override { refuse(); }
  void append(const Key&, Tensor, std::function<void(std::exception_ptr)>) override { refuse(); }
  void finish(const Key&) override { refuse(); }

  /// The chunk that was read last.
  std::int64_t position() const { return position_; }

 private:
  [[noreturn]] static void refuse() {
    throw Error(ErrorKind::Internal, "an export writes no streams");
  }

  StreamStore& store_;
  const std::int64_t most_;
  std::int64_t position_ = 0;
};

/// What the folder has of one task: results, and streams.
struct Found {
  std::vector<io::StoredInfo> tasks;
  std::vector<io::StreamInfo> streams;
};

std::vector<std::string> targets_of(const Found& found) {
  std::vector<std::string> names;
  for (const io::StoredInfo& info : found.tasks) names.push_back(info.target);
  for (const io::StreamInfo& info : found.streams) names.push_back(info.label.target);
  std::ranges::sort(names);
  names.erase(std::ranges::unique(names).begin(), names.end());
  return names;
}

/// "<what> '<name>'. Did you mean …? Known: …."
Error unknown(const std::string& what, const std::string& name,
              const std::vector<std::string>& known) {
  const std::string all = known.empty() ? "" : " Known: " + name_list(known) + ".";
  return Error(ErrorKind::NotFound, what + " '" + name + "'." + did_you_mean(name, known) + all);
}

Found find_task(io::RunStore& store, const ExportOptions& options) {
  Found found{store.stored(), store.stored_streams()};
  std::vector<std::string> names;
  for (const io::StoredInfo& info : found.tasks) names.push_back(info.task);
  for (const io::StreamInfo& info : found.streams) names.push_back(info.label.task);
  if (std::ranges::find(names, options.task) == names.end())
    throw unknown(options.run.string() + " holds nothing of a task", options.task, names);
  std::erase_if(found.tasks, [&](const auto& info) { return info.task != options.task; });
  std::erase_if(found.streams, [&](const auto& info) { return info.label.task != options.task; });
  return found;
}

/// What there is of the one target that is meant.
Found find_target(io::RunStore& store, const ExportOptions& options) {
  Found found = find_task(store, options);
  const std::vector<std::string> targets = targets_of(found);
  std::string target = options.target;
  if (target.empty() && targets.size() > 1)
    throw Error(ErrorKind::InvalidArgument,
                fmt::format("task '{}' is stored for {} targets: {}. Choose one with --target.",
                            options.task, targets.size(), name_list(targets)));
  if (target.empty()) target = targets.front();
  if (std::ranges::find(targets, target) == targets.end())
    throw unknown("task '" + options.task + "' is not stored for target", target, targets);
  std::erase_if(found.tasks, [&](const auto& info) { return info.target != target; });
  std::erase_if(found.streams, [&](const auto& info) { return info.label.target != target; });
  return found;
}

void warn(const std::string& text) { fmt::print(stderr, "foldstream: warning: {}\n", text); }

/// Refuses what the options do not allow; says what else is worth knowing. @returns the chunks to
/// export.
std::int64_t check_stream(const io::StreamInfo& stream, const ExportOptions& options) {
  const std::string name = "stream " + to_string(stream.label);
  if (!options.field.empty())
    throw Error(ErrorKind::InvalidArgument, name + " has no fields. Leave out --field.");
  if (options.chunks > stream.chunks)
    throw Error(ErrorKind::InvalidArgument,
                fmt::format("{} has {} chunks so far, not the {} of --chunks.", name, stream.chunks,
                            options.chunks));
  const std::string state = fmt::format(
      "{} is not complete: it has {} chunk{} so far.", name, stream.chunks,
      stream.chunks == 1 ? "" : "s");
  if (options.complete && !stream.is_complete)
    throw Error(ErrorKind::NotFound, state + " Let its run end, run it again if it was stopped, or "
                                             "leave out --complete.");
  if (options.chunks > 0) return options.chunks;
  if (!stream.is_complete) warn(state + " These are exported.");
  return stream.chunks;
}

/// Of all rows of a stream, "f32[153,5,3]".
std::string array_text(const io::StreamInfo& stream) {
  StreamType all = stream.type;
  all.row.insert(all.row.begin(), stream.rows);
  return type_text(all);
}

void export_one_stream(io::RunStore& store, const std::vector<io::StreamInfo>& streams,
                       const ExportOptions& options) {
  const io::StreamInfo& stream = *std::ranges::max_element(streams, {}, &io::StreamInfo::last_at);
  if (streams.size() > 1)
    warn(fmt::format("{} streams of that name are stored; the newest is taken, {}.", streams.size(),
                     to_string(stream.id)));
  const std::int64_t chunks = check_stream(stream, options);
  ExportedChunks exported(*store.streams(), chunks);
  try {
    io::export_stream(exported, stream.id, options.out);
  } catch (const Error& error) {
    if (store.streams()->find(stream.id).value_or(StoredStream{}).chunks >= chunks) throw;
    const std::int64_t good = exported.position();  // chunks are cut off: that one is damaged
    throw Error(error.kind(), std::string(error.what()) + " Nothing was exported" +
                                  (good == 0 ? "." : "; '--chunks " + std::to_string(good) +
                                                         "' exports what comes before it."));
  }
  fmt::print("{}: {} chunk{}, {}\n", options.out.string(), chunks, chunks == 1 ? "" : "s",
             chunks == stream.chunks ? "rows as one array " + array_text(stream)
                                     : "their rows " + type_text(stream.type));
}

io::StoredInfo latest_of(const std::vector<io::StoredInfo>& tasks) {
  return *std::ranges::max_element(tasks, {}, &io::StoredInfo::saved_at);
}

template <class Value>
std::vector<std::string> names_in(const std::map<std::string, Value>& map) {
  std::vector<std::string> names;
  for (const auto& [name, value] : map) names.push_back(name);
  return names;
}

/// The field that is meant.
std::string choose_field(const Record& record, const ExportOptions& options) {
  const std::string port = "port '" + options.task + "." + options.port + "'";
  const std::vector<std::string> fields = names_in(record);
  if (record.contains("id") && record.contains("row") && record.contains("dtype"))
    throw Error(ErrorKind::NotFound, port + " carries a stream, of which nothing is stored in " +
                                         options.run.string() + ". Run again to make it.");
  if (!options.field.empty()) {
    if (record.contains(options.field)) return options.field;
    throw unknown(port + " has no field", options.field, fields);
  }
  if (fields.size() == 1) return fields.front();
  if (fields.empty())
    throw Error(ErrorKind::NotFound, port + " has no fields: there is nothing to export.");
  throw Error(ErrorKind::InvalidArgument,
              fmt::format("{} has {} fields: {}. Choose one with --field.", port, fields.size(),
                          name_list(fields)));
}

void export_one_field(io::RunStore& store, const Found& found, const ExportOptions& options) {
  std::vector<std::string> ports;
  for (const io::StreamInfo& info : found.streams) ports.push_back(info.label.port);
  const std::string no_port = "task '" + options.task + "' has no port";
  if (found.tasks.empty())
    throw unknown(no_port + " stored yet that is called", options.port, ports);
  const std::optional<StoredTask> task = store.load(latest_of(found.tasks).key);
  if (!task)
    throw Error(ErrorKind::Io, "task '" + options.task + "' is damaged (see above). Nothing was "
                               "exported. Run again: it is computed anew.");
  for (const std::string& port : names_in(task->outputs)) ports.push_back(port);
  const auto record = task->outputs.find(options.port);
  if (record == task->outputs.end()) throw unknown(no_port, options.port, ports);
  const std::string field = choose_field(record->second, options);
  io::export_field(*task, options.port, field, options.out);
  const Tensor& tensor = record->second.at(field).tensor;
  fmt::print("{}: field '{}', {}\n", options.out.string(), field,
             type_text({tensor.dtype(), tensor.shape(), {}, {}}));
}

void check_out(const ExportOptions& options) {
  const std::string name = options.out.string();
  if (const auto ending = options.out.extension(); ending != ".npy" && ending != ".h5")
    throw Error(ErrorKind::InvalidArgument, name + ": expected a name that ends with .npy or .h5.");
  if (std::filesystem::is_directory(options.out))
    throw Error(ErrorKind::InvalidArgument, name + ": is a folder. Name a file.");
  if (std::filesystem::exists(options.out) && !options.force)
    throw Error(ErrorKind::InvalidArgument, name + ": exists already. --force replaces it.");
}

int export_port(const ExportOptions& options) {
  const Interrupt interrupt;
  check_out(options);
  const auto store =
      open_run(options.run, [](const io::Damage& damage) { warn(io::to_string(damage)); });
  const Found found = find_target(*store, options);
  std::vector<io::StreamInfo> streams = found.streams;
  std::erase_if(streams, [&](const auto& info) { return info.label.port != options.port; });
  if (streams.empty())
    export_one_field(*store, found, options);
  else
    export_one_stream(*store, streams, options);
  return all_done;
}

}  // namespace

void add_export(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand(
      "export", "Write a stream or a stored tensor of a run to a file, for NumPy or HDF5");
  const auto options = std::make_shared<ExportOptions>();
  command->add_option("RUN", options->run, "folder of a run (its --out)")->required();
  command->add_option("TASK", options->task, "task of the workflow")->required();
  command->add_option("PORT", options->port, "output port of the task")->required();
  command->add_option("OUT", options->out, "file to write, NAME.npy or NAME.h5")->required();
  command->add_option("--target", options->target, "of this sequence; needed if there are several");
  command->add_option("--field", options->field, "of the port; needed if it has several");
  command->add_option("--chunks", options->chunks, "of a stream: only the first so many chunks")
      ->check(CLI::PositiveNumber);
  command->add_flag("--complete", options->complete, "refuse a stream that is not complete");
  command->add_flag("--force", options->force, "replace OUT if it exists");
  command->footer(
      "A stream becomes one array of the rows of all its chunks, chunk by chunk: it need not fit\n"
      "into memory. Of a stream that is not complete, what is stored is exported, with a warning.\n"
      "In an .h5 file the array is the dataset of the name of the port or field, with units and\n"
      "axes as attributes. NumPy has no bf16: it becomes uint16, the same 16 bits. Every byte is\n"
      "checked against its checksum; OUT appears when all of it is written, or not at all. Of\n"
      "several results of one name the newest is taken. 'foldstream streams RUN' lists streams.\n\n"
      "Examples:\n"
      "  foldstream export results predict models models.npy\n"
      "  foldstream export results predict models models.h5 --target P12345 --complete\n"
      "  foldstream export results search msa tokens.npy --field tokens");
  command->callback([&action, options] { action = [options] { return export_port(*options); }; });
}

}  // namespace foldstream::apps
