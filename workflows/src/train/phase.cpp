#include "phase.hpp"
#include "predict/built_in_weights.hpp"

#include <foldstream/error.hpp>
#include <foldstream/io/text_file.hpp>
#include <foldstream/store.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <span>

namespace foldstream::workflows::train {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double seconds_between_checkpoints = 60;

double seconds_since(Clock::time_point then) {
  return std::chrono::duration<double>(Clock::now() - then).count();
}

std::string progress_text(const std::string& label, int epoch, int epochs, double loss) {
  char text[160];
  std::snprintf(text, sizeof text, "%s: epoch %d/%d, loss %.3f", label.c_str(), epoch, epochs,
                loss);
  return text;
}

}  // namespace

Schedule scaled(const Schedule& schedule, double length) {
  const double epochs = schedule.epochs * length;
  if (epochs >= 1) return {static_cast<int>(std::lround(epochs)), schedule.steps};
  return {1, std::max(1, static_cast<int>(std::lround(schedule.steps * epochs)))};
}

Phase::Phase(Plan plan, const TrainOptions& options, const Context& context)
    : plan_(std::move(plan)), options_(options), context_(context) {
  std::filesystem::create_directories(options_.out);
}

std::filesystem::path Phase::file() const { return options_.out / (plan_.name + ".checkpoint"); }

std::optional<io::Safetensors> Phase::earlier() const {
  if (!std::filesystem::exists(file())) return std::nullopt;
  io::Safetensors found = io::read_safetensors(file());
  if (found.metadata["made_from"] != plan_.made_from) return std::nullopt;
  return found;
}

void Phase::keep(io::Safetensors checkpoint) const {
  checkpoint.metadata["made_from"] = plan_.made_from;
  io::write_safetensors(file(), checkpoint);
}

void Phase::run(int first, const std::function<double(int)>& step,
                const std::function<io::Safetensors()>& checkpoint,
                const std::function<std::string()>& judge) {
  const auto began = Clock::now();
  auto kept = began;
  double recent = 0;
  double sum = 0;
  int count = 0;
  for (int now = first; now < steps(); ++now) {
    if (context_.stop.stop_requested()) {
      keep(checkpoint());
      context_.check_cancelled();
    }
    const double loss = step(now);
    recent = recent == 0 ? loss : 0.98 * recent + 0.02 * loss;
    sum += loss;
    ++count;
    const int epoch = now / plan_.schedule.steps + 1;
    context_.report(static_cast<double>(now + 1) / steps(),
                    progress_text(plan_.label, epoch, plan_.schedule.epochs, recent));
    if ((now + 1) % plan_.schedule.steps == 0) {
      keep(checkpoint());
      if (options_.on_epoch) {
        options_.on_epoch({plan_.label, epoch, plan_.schedule.epochs, sum / count, judge(),
                           seconds_since(began)});
      }
      sum = count = 0;
    } else if (seconds_since(kept) > seconds_between_checkpoints) {
      keep(checkpoint());
      kept = Clock::now();
    }
  }
}

WeightFile read_weight_file(const std::filesystem::path& path, std::size_t built_in) {
  if (!path.empty()) return {io::read_safetensors(path), digest_of(path)};
  const std::string_view bytes = predict::built_in_weights(built_in);
  return {io::parse_safetensors(std::as_bytes(std::span(bytes)), "the built-in weights"),
          to_string(key_of(bytes))};
}

std::string digest_of(const std::filesystem::path& file) {
  return to_string(key_of(io::read_text_file(file)));
}

}  // namespace foldstream::workflows::train
