// ESMFold as two stages: `embed` runs the language model and streams what the trunk needs; `fold` runs
// the trunk and the structure module, a chunk of its streams for each pass.
#include "esmfold_stages.hpp"

#include "predict/esmfold/folded_structure.hpp"
#include "predict/esmfold/shared_model.hpp"

#include <foldstream/io/sequence.hpp>
#include <foldstream/workflows/predict/model_folder.hpp>
#include <foldstream/workflows/predict/torch_info.hpp>

#include <algorithm>
#include <chrono>

namespace foldstream::workflows {
namespace {

namespace esmfold = predict::esmfold;
using esmfold::FoldInput;
using esmfold::Placement;
using esmfold::SharedModel;

constexpr std::int64_t rows_of_chunk = 256;  // residues of a chunk of a representation

std::shared_ptr<SharedModel> open(const std::string& model, const std::string& models_dir) {
  if (model.empty()) return nullptr;
  return SharedModel::of(predict::find_model(model, models_dir));
}

[[noreturn]] void throw_no_model() {
  throw Error(ErrorKind::InvalidArgument,
              "no model is named. Set the option 'model' to a folder or a name below --models-dir.");
}

/// What a task may ask for: "cpu", "auto" (a device where this machine has one), or a kind of device.
std::string device_kind(const std::string& asked) {
  if (asked == "cpu") return {};
  if (asked != "auto") return asked;
  const std::vector<Device> devices = predict::accelerators();
  return devices.empty() ? "" : devices.front().kind;
}

bool is_bf16(const std::string& precision, const std::string& kind) {
  const std::vector<std::string> known = {"auto", "f32", "bf16"};
  if (std::ranges::find(known, precision) == known.end())
    throw Error(ErrorKind::InvalidArgument, "precision cannot be '" + precision +
                                                "'. Known: auto, f32, bf16." +
                                                did_you_mean(precision, known));
  return precision == "bf16" || (precision == "auto" && !kind.empty());
}

Placement place_of(const Context& context, bool bf16) {
  return {context.device.empty() ? "cpu" : std::string(context.device), bf16};
}

esmfold::RunOptions run_options(const Context& context, int chunk, double from, double to,
                                const std::string& what) {
  esmfold::RunOptions options;
  options.threads = context.threads;
  options.chunk = chunk;
  options.shrink = context.shrink;
  options.progress = [&context, from, to, what](double fraction) {
    context.check_cancelled();
    context.report(from + (to - from) * fraction, what);
  };
  return options;
}

FoldInput input_of(const Values& inputs) {
  return esmfold::encode_chains(inputs.at("sequence").as<io::Sequence>().chains());
}

Tensor rows(const Tensor& tensor, std::int64_t from, std::int64_t count) {
  Tensor part(tensor.dtype(), {count, tensor.dim(1)});
  const auto bytes = tensor.raw().subspan(static_cast<std::size_t>(from * tensor.dim(1)) * 4, part.bytes());
  std::ranges::copy(bytes, part.mutable_raw().begin());
  return part;
}

/// One chunk after the other, as one tensor.
Tensor read_all(StreamReader& reader, std::int64_t length) {
  std::vector<Tensor> chunks;
  std::int64_t count = 0;
  while (auto chunk = reader.next()) {
    count += chunk->dim(0);
    chunks.push_back(std::move(*chunk));
  }
  if (count != length)
    throw Error(ErrorKind::Internal, "the representation has " + std::to_string(count) +
                                         " residues, the sequence " + std::to_string(length) + ".");
  Tensor all(DType::f32, {length, chunks.front().dim(1)});
  auto to = all.mutable_raw().begin();
  for (const Tensor& chunk : chunks) to = std::ranges::copy(chunk.raw(), to).out;
  return all;
}

Tensor as_chunk(const Tensor& tensor) {
  Shape shape = tensor.shape();
  shape.insert(shape.begin(), 1);
  return tensor.reshaped(shape);
}

/// The task of one target: passes, streams of what each came to, and states to go on from.
class FoldTask {
 public:
  FoldTask(const FoldStageOptions& options, SharedModel& model, bool bf16, const Values& inputs,
           const Context& context)
      : options_(options),
        context_(context),
        input_(input_of(inputs)),
        sequence_(inputs.at("sequence").as<io::Sequence>()) {
    coordinates_ = context.open_stream(
        "coordinates",
        {DType::f32, {input_.length(), 37, 3}, "angstrom", {"recycle", "residue", "atom37", "xyz"}});
    plddt_ = context.open_stream(
        "plddt", {DType::f32, {input_.length(), 37}, "1", {"recycle", "residue", "atom37"}});
    const auto reader = context.read_stream(inputs.at("representation").as<Stream>());
    const Tensor representation = read_all(*reader, input_.length());
    fold_ = model.folding(place_of(context, bf16))->begin(input_, representation);
  }

  io::Prediction run() {
    resume();
    const int last = options_.recycles + 1;
    while (fold_->passes() < last) {
      pass(last);
      if (is_converged() || fold_->passes() == last) break;
      keep();
    }
    context_.report(1, "scoring");
    const auto error = fold_->error(run_options(context_, options_.chunk, 1, 1, "scoring"));
    io::Prediction prediction;
    prediction.models = {esmfold::model_of(input_, sequence_.residues, pass_, error)};
    prediction.models.front().structure.name = sequence_.name;
    prediction.predictor = "esmfold";
    return prediction;
  }

 private:
  void pass(int last) {
    const int number = fold_->passes();
    const auto began = std::chrono::steady_clock::now();
    pass_ = fold_->pass(run_options(context_, options_.chunk, static_cast<double>(number) / last,
                                    (number + 1.0) / last,
                                    "pass " + std::to_string(number + 1) + " of " +
                                        std::to_string(last)));
    since_kept_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    coordinates_->append(as_chunk(pass_.atoms));
    plddt_->append(as_chunk(pass_.plddt));
  }
  bool is_converged() const {
    return options_.tolerance > 0 && fold_->passes() > 1 && pass_.change < options_.tolerance;
  }
  static std::string part_of(int passes) { return "recycle-" + std::to_string(passes); }

  /// Passes that took less are not worth the disk.
  void keep() {
    if (!context_.keep || since_kept_ < options_.checkpoint_seconds) return;
    context_.keep(part_of(fold_->passes()), fold_->state());
    since_kept_ = 0;
  }
  /// From the last state that was kept and whose streams are there.
  void resume() {
    if (!context_.earlier) return;
    const std::int64_t stored = std::min(coordinates_->stored(), plddt_->stored());
    for (int passes = options_.recycles; passes > 0; --passes) {
      if (passes > stored) continue;
      const auto state = context_.earlier(part_of(passes));
      if (!state) continue;
      fold_->restore(*state);
      coordinates_->skip(passes);
      plddt_->skip(passes);
      return;
    }
  }

  const FoldStageOptions& options_;
  const Context& context_;
  FoldInput input_;
  const io::Sequence& sequence_;
  std::unique_ptr<StreamWriter> coordinates_, plddt_;
  std::unique_ptr<esmfold::Fold> fold_;
  esmfold::FoldedPass pass_;
  double since_kept_ = 0;
};

std::int64_t length_of(const Magnitudes& size) {
  const auto found = size.find("length");
  return found == size.end() ? 0 : static_cast<std::int64_t>(found->second);
}

/// Operations a second that are reckoned with: of a core with wide vectors, and of a device.
constexpr double core_speed = 5e10;
constexpr double device_speed = 5e13;

Cost cost_of(double operations, std::uint64_t weights, std::uint64_t activations, bool has_device) {
  Cost cost;
  cost.seconds = operations / (has_device ? device_speed : core_speed);
  cost.bytes = has_device ? std::uint64_t{1} << 30U : weights + activations;
  cost.kept_bytes = has_device ? 0 : weights;
  cost.device_bytes = has_device ? weights + activations : 0;
  return cost;
}

std::string model_identity(const std::shared_ptr<SharedModel>& model) {
  return "model=" + (model ? model->digest() : "none");
}

void ask_for_device(Task& task, const std::string& kind) {
  if (kind.empty()) return;
  task.needs = {Arena::model, kind, {}};
  task.retry.resources = 3;
}

}  // namespace

OptionTable<EmbedStageOptions> embed_table() {
  using O = EmbedStageOptions;
  OptionTable<O> table;
  // weights are in the identity by digest: a folder may move
  table.add("model", &O::model, "model folder, or its name below models_dir", Effect::speed)
      .add("models_dir", &O::models_dir, "folder of model folders", Effect::speed)
      .add("precision", &O::precision, "f32, bf16, or auto: bf16 on devices")
      .add("device", &O::device, "cpu, a kind of device (cuda), or auto", Effect::speed)
      .add("chunk", &O::chunk, "rows of a block of attention; 0 = chosen", 0, 1e6, Effect::speed);
  return table;
}

OptionTable<FoldStageOptions> fold_table() {
  using O = FoldStageOptions;
  OptionTable<O> table;
  table.add("model", &O::model, "model folder, or its name below models_dir", Effect::speed)
      .add("models_dir", &O::models_dir, "folder of model folders", Effect::speed)
      .add("recycles", &O::recycles, "passes after the first", 0, 48)
      .add("tolerance", &O::tolerance, "stop once CA distances change less, A; 0 = never", 0, 100)
      .add("precision", &O::precision, "f32, bf16, or auto: bf16 on devices")
      .add("device", &O::device, "cpu, a kind of device (cuda), or auto", Effect::speed)
      .add("chunk", &O::chunk, "rows of a block; 0 = chosen", 0, 1e6, Effect::speed)
      .add("checkpoint_seconds", &O::checkpoint_seconds,
           "keep the state after passes that took so long together", 0, 1e9, Effect::speed);
  return table;
}

Task embed_task(const EmbedStageOptions& options, std::string name) {
  const auto model = open(options.model, options.models_dir);
  const std::string kind = device_kind(options.device);
  const bool bf16 = is_bf16(options.precision, kind);
  Task task;
  task.name = std::move(name);
  task.inputs = {{"sequence", PortType::of<io::Sequence>(), "the target"}};
  task.outputs = {{"representation", PortType::of<Stream>(), "first state of the trunk, by residue"}};
  task.identity = "embed 1\nprecision=" + std::string(bf16 ? "bf16" : "f32") + "\n" +
                  model_identity(model);
  task.max_threads = 1024;
  task.role = "embed";
  ask_for_device(task, kind);
  task.cost = [model, bf16, has_device = !kind.empty()](const Magnitudes& size) {
    if (!model) return Cost{};
    const auto& config = model->config().language;
    return cost_of(esmfold::embed_operations(config, length_of(size)), model->language_bytes(bf16),
                   esmfold::embed_bytes(config, length_of(size), 1), has_device);
  };
  task.body = [model, bf16, chunk = options.chunk](const Values& inputs,
                                                   const Context& context) -> Values {
    if (!model) throw_no_model();
    const FoldInput input = input_of(inputs);
    const auto language = model->language(place_of(context, bf16));
    const Tensor all =
        language->embed(input, run_options(context, chunk, 0, 1, "language model"));
    const auto writer = context.open_stream(
        "representation", {DType::f32, {all.dim(1)}, "1", {"residue", "channel"}});
    for (std::int64_t from = 0; from < all.dim(0); from += rows_of_chunk)
      writer->append(rows(all, from, std::min(rows_of_chunk, all.dim(0) - from)));
    return {};
  };
  return task;
}

Task fold_task(const FoldStageOptions& options, std::string name) {
  const auto model = open(options.model, options.models_dir);
  const std::string kind = device_kind(options.device);
  const bool bf16 = is_bf16(options.precision, kind);
  Task task;
  task.name = std::move(name);
  task.inputs = {{"sequence", PortType::of<io::Sequence>(), "the target"},
                 {"representation", PortType::of<Stream>(), "of 'embed'"}};
  task.outputs = {{"prediction", PortType::of<io::Prediction>(), "the model, with all heavy atoms"},
                  {"coordinates", PortType::of<Stream>(), "atoms after each pass"},
                  {"plddt", PortType::of<Stream>(), "pLDDT after each pass"}};
  task.identity = "fold 1\nrecycles=" + std::to_string(options.recycles) +
                  "\ntolerance=" + number_text(options.tolerance) +
                  "\nprecision=" + (bf16 ? "bf16" : "f32") + "\n" + model_identity(model);
  task.keeps_parts = true;
  task.role = "predict";
  task.max_threads = 1024;
  ask_for_device(task, kind);
  task.cost = [model, bf16, options, has_device = !kind.empty()](const Magnitudes& size) {
    if (!model || !model->config().folding) return Cost{};
    const auto& config = *model->config().folding;
    return cost_of((options.recycles + 1) * esmfold::pass_operations(config, length_of(size)),
                   model->folding_bytes(bf16), esmfold::fold_bytes(config, length_of(size), 1),
                   has_device);
  };
  task.body = [model, bf16, options](const Values& inputs, const Context& context) -> Values {
    if (!model) throw_no_model();
    return {{"prediction", Value::of(FoldTask(options, *model, bf16, inputs, context).run())}};
  };
  return task;
}

}  // namespace foldstream::workflows
