#include "built_in_weights.hpp"
#include "weights.hpp"

#include <foldstream/error.hpp>
#include <foldstream/io/text_file.hpp>
#include <foldstream/store.hpp>
#include <foldstream/workflows/predict/predictor.hpp>

#include <array>
#include <span>

namespace foldstream::workflows::predict {
namespace {

namespace fs = std::filesystem;

constexpr std::array<const char*, 3> file_names = {
    "potts-local.safetensors", "potts-distance.safetensors", "potts-mirror.safetensors"};

/// The bytes of one of the files.
std::string bytes_of(const fs::path& folder, std::size_t file) {
  if (!folder.empty()) return io::read_text_file(folder / file_names[file]);
  return std::string(built_in_weights(file));
}

io::Safetensors read(const fs::path& folder, std::size_t file) {
  if (!folder.empty()) return io::read_safetensors(folder / file_names[file]);
  const std::string_view bytes = built_in_weights(file);
  return io::parse_safetensors(std::as_bytes(std::span(bytes)), file_names[file]);
}

std::vector<float> table(const io::Safetensors& file, const std::string& name,
                         const std::array<int, 6>& axes) {
  const Tensor& tensor = file.tensor(name);
  const Shape shape(axes.begin(), axes.end());
  if (tensor.shape() != shape || tensor.dtype() != DType::f32) {
    throw Error(ErrorKind::InvalidArgument, "the mirror table '" + name +
                                                "' is not of the shape of this version; make it "
                                                "again with 'foldstream train mirror'.");
  }
  const auto values = tensor.values<float>();
  return {values.begin(), values.end()};
}

std::shared_ptr<const Weights> make_weights(const fs::path& folder) {
  const io::Safetensors mirror = read(folder, 2);
  return std::make_shared<Weights>(
      Weights{LocalModel(read(folder, 0)),
              DistanceModel(read(folder, 1)),
              {table(mirror, "packing", HandTables::packing_shape),
               table(mirror, "crossover", HandTables::crossover_shape)}});
}

}  // namespace

std::shared_ptr<const Weights> load_weights(const fs::path& folder) {
  if (!folder.empty()) return make_weights(folder);
  static const std::shared_ptr<const Weights> built_in = make_weights({});
  return built_in;
}

std::string weights_digest(const fs::path& folder) {
  std::string all;
  for (std::size_t file = 0; file < file_names.size(); ++file) all += bytes_of(folder, file);
  return to_string(key_of(all));
}

}  // namespace foldstream::workflows::predict
