// FileStore: a store of one file a key, which processes share through their folder.
#pragma once

#include "message.hpp"

#include <foldstream/store.hpp>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace foldstream::test {

class FileStore final : public Store {
 public:
  explicit FileStore(std::filesystem::path folder) : folder_(std::move(folder)) {}

  bool contains(const Key& key) const override { return std::filesystem::exists(file_of(key)); }

  std::optional<StoredTask> load(const Key& key) override {
    std::ifstream file(file_of(key), std::ios::binary);
    if (!file) return std::nullopt;
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    std::vector<std::byte> bytes(text.size());
    std::memcpy(bytes.data(), text.data(), text.size());
    mpi::ByteReader reader(bytes);
    StoredTask task{reader.text(), reader.text(), reader.number<double>(), {}};
    for (auto ports = reader.number<std::int32_t>(); ports > 0; --ports) {
      const std::string port = reader.text();
      task.outputs[port] = read_record(reader);
    }
    return task;
  }

  void save(const Key& key, const StoredTask& task) override {
    mpi::ByteWriter writer;
    writer.text(task.target).text(task.task).number(task.seconds);
    writer.number(static_cast<std::int32_t>(task.outputs.size()));
    for (const auto& [port, record] : task.outputs) write_record(writer.text(port), record);
    const auto bytes = writer.take();
    const auto part = file_of(key).string() + "." + std::to_string(::getpid());
    std::ofstream(part, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), std::ssize(bytes));
    std::filesystem::rename(part, file_of(key));
  }

 private:
  std::filesystem::path file_of(const Key& key) const { return folder_ / to_string(key); }

  static void write_record(mpi::ByteWriter& writer, const Record& record) {
    writer.number(static_cast<std::int32_t>(record.size()));
    for (const auto& [name, field] : record) {
      writer.text(name).text(field.units).text(field.axes.at(0));
      writer.text(to_string(field.tensor.dtype())).number(field.tensor.dim(0));
      writer.text({reinterpret_cast<const char*>(field.tensor.raw().data()), field.tensor.bytes()});
    }
  }

  static Record read_record(mpi::ByteReader& reader) {
    Record record;
    for (auto fields = reader.number<std::int32_t>(); fields > 0; --fields) {
      Field& field = record[reader.text()];
      field.units = reader.text();
      field.axes = {reader.text()};
      const DType dtype = dtype_named(reader.text());
      field.tensor = Tensor(dtype, {reader.number<std::int64_t>()});
      const std::string bytes = reader.text();
      std::memcpy(field.tensor.mutable_raw().data(), bytes.data(), bytes.size());
    }
    return record;
  }

  std::filesystem::path folder_;
};

}  // namespace foldstream::test
