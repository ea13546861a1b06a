#include "commands.hpp"
#include "models_dir.hpp"

#include <foldstream/workflows/predict/model_folder.hpp>

#include <fmt/core.h>
#include <unistd.h>

#include <functional>
#include <memory>

namespace foldstream::apps {
namespace {

namespace fs = std::filesystem;
using workflows::predict::ModelInfo;

struct ModelsOptions {
  fs::path dir;
  fs::path source;
  std::vector<std::string> names;
  workflows::predict::ImportOptions import;
};

/// A line that is written over, on a terminal.
std::function<void(double)> progress_line(const std::string& what) {
  if (isatty(STDERR_FILENO) != 1) return {};
  return [what](double fraction) {
    fmt::print(stderr, "\r\033[K{:3.0f} %  {}", 100 * fraction, what);
  };
}

void end_progress_line() {
  if (isatty(STDERR_FILENO) == 1) fmt::print(stderr, "\r\033[K");
}

void print_problems(const ModelInfo& model) {
  constexpr std::size_t most = 20;
  for (std::size_t i = 0; i < std::min(most, model.problems.size()); ++i)
    fmt::print("  !! {}\n", model.problems[i]);
  if (model.problems.size() > most)
    fmt::print("  !! … and {} more\n", model.problems.size() - most);
}

void print_model(const ModelInfo& model) {
  fmt::print("{:<24} {:<8} {:>9} {:<10} {:>8} {}\n", model.name,
             model.kind.empty() ? "-" : model.kind,
             model.kind.empty() ? "-" : fmt::format("{:.1f} M", static_cast<double>(model.parameters) / 1e6),
             model.dtypes.empty() ? "-" : model.dtypes,
             fmt::format("{:.2f} GB", static_cast<double>(model.bytes) / 1e9),
             !model.problems.empty() ? "cannot be used"
             : model.digest.empty()  ? "not imported"
                                     : model.digest);
  print_problems(model);
}

int list(const ModelsOptions& options) {
  const fs::path dir = models_dir(options.dir);
  const auto models = workflows::predict::list_models(dir);
  if (models.empty()) {
    fmt::print("no models in {}. 'foldstream models import FOLDER' brings one.\n", dir.string());
    return all_done;
  }
  fmt::print("models in {}\n{:<24} {:<8} {:>9} {:<10} {:>8} {}\n", dir.string(), "name", "kind",
             "weights", "dtype", "size", "digest");
  for (const ModelInfo& model : models) print_model(model);
  return all_done;
}

int check(const ModelsOptions& options) {
  const fs::path dir = models_dir(options.dir);
  bool is_good = true;
  std::vector<std::string> names = options.names;
  if (names.empty())
    for (const ModelInfo& model : workflows::predict::list_models(dir)) names.push_back(model.name);
  for (const std::string& name : names) {
    const fs::path folder = workflows::predict::find_model(name, dir);
    const ModelInfo model = workflows::predict::check_model(folder, progress_line("checking " + name));
    end_progress_line();
    fmt::print("{}: {}\n", folder.string(),
               model.problems.empty()
                   ? fmt::format("{}, {:.1f} M weights, all present and finite{}", model.kind,
                                 static_cast<double>(model.parameters) / 1e6,
                                 model.digest.empty() ? "" : ", as they were imported")
                   : fmt::format("{} problems", model.problems.size()));
    print_problems(model);
    is_good = is_good && model.problems.empty();
  }
  return is_good ? all_done : bad_input;
}

int import(const ModelsOptions& options) {
  const fs::path dir = models_dir(options.dir);
  fs::create_directories(dir);
  const ModelInfo model = workflows::predict::import_model(
      options.source, dir, options.import, progress_line("importing " + options.source.string()));
  end_progress_line();
  print_model(model);
  fmt::print("imported to {}\n", model.folder.string());
  return all_done;
}

}  // namespace

void add_models(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("models", "List, check and import the weights of models");
  command->require_subcommand(1);
  const auto options = std::make_shared<ModelsOptions>();
  const auto with_dir = [&](CLI::App* sub) {
    sub->add_option("--models-dir", options->dir,
                    "folder of model folders; default: $FOLDSTREAM_MODELS_DIR, else "
                    "~/.local/share/foldstream/models");
  };
  CLI::App* shown = command->add_subcommand("list", "Models that are there");
  with_dir(shown);
  shown->callback([&action, options] { action = [options] { return list(*options); }; });
  CLI::App* checked = command->add_subcommand("check", "Read every weight and compare digests");
  checked->add_option("MODEL", options->names, "names or folders; default: all");
  with_dir(checked);
  checked->callback([&action, options] { action = [options] { return check(*options); }; });
  CLI::App* imported = command->add_subcommand("import", "Make a model folder of downloaded files");
  imported->add_option("FOLDER", options->source, "config.json and weights, or Meta's .pt files")
      ->required();
  imported->add_option("--name", options->import.name, "of the model; default: that of the folder");
  imported->add_option("--dtype", options->import.dtype,
                       "convert all weights to f32, bf16 or f16; f32 is mapped, not copied, on CPUs");
  with_dir(imported);
  imported->callback([&action, options] { action = [options] { return import(*options); }; });
  command->footer(
      "Foldstream opens no connections. Download facebook/esmfold_v1 from huggingface.co (config.json\n"
      "and pytorch_model.bin or model.safetensors) on any machine, copy the folder, then:\n\n"
      "  foldstream models import esmfold_v1 --dtype f32\n"
      "  foldstream fold my.fasta --workflow esmfold\n");
}

}  // namespace foldstream::apps
