#include "minimiser.hpp"
#include "relax.hpp"

#include <foldstream/error.hpp>
#include <foldstream/workflows/refine/all_atom.hpp>
#include <foldstream/workflows/refine/geometry.hpp>
#include <foldstream/workflows/refine/refine.hpp>

#include <chrono>
#include <cmath>

namespace foldstream::workflows::refine {
namespace {

void check_options(const RefineOptions& options) {
  const auto refuse = [](const std::string& message) {
    throw Error(ErrorKind::InvalidArgument, message);
  };
  if (!(options.restraint_strength >= 0)) refuse("'restraint_strength' must be 0 or more.");
  if (!(options.force_tolerance > 0)) refuse("'force_tolerance' must be above 0.");
  if (options.max_iterations < 1) refuse("'max_iterations' must be 1 or more.");
  if (!(options.max_seconds >= 0)) refuse("'max_seconds' must be 0 (no bound) or more.");
}

/// True while a model may go on; throws when the run was cancelled.
class Clock {
 public:
  Clock(double seconds, const Context& context) : seconds_(seconds), context_(context) {}
  bool operator()() const {
    context_.check_cancelled();
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start_;
    return seconds_ == 0 || passed.count() < seconds_;
  }

 private:
  double seconds_;
  const Context& context_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

io::GeometryReport report_of(const AllAtomModel& model, const io::Structure& structure) {
  io::GeometryReport report = report_geometry(structure);
  report.potential = evaluate_energy(model.topology, model.positions).total();
  return report;
}

/// @throws Error{Task} if the result is worse than no result.
void check_result(const io::RefinedModel& refined, const io::Structure& after,
                  const io::GeometryReport& report) {
  if (!std::isfinite(report.potential)) {
    throw Error(ErrorKind::Task, "the energy after minimisation is not finite.");
  }
  if (report.chirality_errors > refined.report_before.chirality_errors) {
    throw Error(ErrorKind::Task, "minimisation turned a Cα to the wrong hand.");
  }
  const double moved = alpha_rmsd(refined.before.structure, after);
  if (!(moved < 3.0)) {
    throw Error(ErrorKind::Task, "minimisation moved the Cα by " + std::to_string(moved) +
                                     " Å; raise 'restraint_strength'.");
  }
}

void refine_structure(io::RefinedModel& refined, const ForceField& field,
                      const RefineOptions& options, const Context& context) {
  const io::Structure& input = refined.before.structure;
  AllAtomModel model = make_all_atom(input, field);
  refined.report_before = report_of(model, to_structure(model, input));
  relax(model, input, options, Clock(options.max_seconds, context));
  io::Structure after = to_structure(model, input);
  const io::GeometryReport report = report_of(model, after);
  check_result(refined, after, report);
  refined.rmsd_to_input = alpha_rmsd(input, after);
  refined.report_after = report;
  refined.after = std::move(after);
}

io::RefinedModel refine_model(const io::Model& model, const ForceField& field,
                              const RefineOptions& options, const Context& context) {
  io::RefinedModel refined;
  refined.before = model;
  refined.after = model.structure;
  refined.report_before = refined.report_after = report_geometry(model.structure);
  try {
    refine_structure(refined, field, options, context);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::Cancelled) throw;
    refined.failure = error.what();
    refined.report_after = refined.report_before = report_geometry(model.structure);
  }
  return refined;
}

io::Refinement judged_only(const io::Prediction& prediction) {
  io::Refinement refinement;
  for (const io::Model& model : prediction.models) {
    const io::GeometryReport report = report_geometry(model.structure);
    refinement.models.push_back(
        {model, model.structure, report, report, 0.0, "refinement is switched off"});
  }
  return refinement;
}

}  // namespace

io::Refinement refine(const io::Prediction& prediction, const RefineOptions& options,
                      const Context& context) {
  check_options(options);
  if (!options.enabled) return judged_only(prediction);
  check_minimiser();
  const ForceField field = read_force_field(options.force_field_folder);
  io::Refinement refinement;
  refinement.force_field = field.name;
  refinement.models.resize(prediction.models.size());
  parallel_for(context, static_cast<int>(prediction.models.size()), [&](int index) {
    const auto at = static_cast<std::size_t>(index);
    context.report(static_cast<double>(index) / static_cast<double>(prediction.models.size()),
                   "refining model " + std::to_string(index + 1));
    refinement.models[at] = refine_model(prediction.models[at], field, options, context);
  });
  return refinement;
}

RefineCost refine_cost(std::size_t residues, std::size_t models) {
  const double n = static_cast<double>(residues);
  return {static_cast<double>(models) * (0.3 + 0.018 * n + 2e-5 * n * n),
          static_cast<std::size_t>(20e6 + 60e3 * n)};
}

}  // namespace foldstream::workflows::refine
