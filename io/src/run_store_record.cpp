#include "run_store_record.hpp"

#include <nlohmann/json.hpp>

namespace foldstream::io {

namespace {

using nlohmann::json;

std::string hexadecimal(std::uint64_t value) { return to_string(Key{0, value}).substr(16); }

json to_json(const StoredField& field) {
  json pieces = json::array();
  for (const StoredPiece& piece : field.pieces) {
    pieces.push_back({piece.offset, piece.bytes, hexadecimal(piece.checksum)});
  }
  return {{"port", escape_name(field.port)},
          {"name", escape_name(field.name)},
          {"path", field.path},
          {"dtype", to_string(field.dtype)},
          {"shape", field.shape},
          {"chunk", field.chunk},
          {"units", field.units},
          {"axes", field.axes},
          {"pieces", std::move(pieces)}};
}

StoredField field_of(const json& value) {
  StoredField field;
  field.port = unescape_name(value.at("port").get<std::string>());
  field.name = unescape_name(value.at("name").get<std::string>());
  field.path = value.at("path").get<std::string>();
  field.dtype = dtype_named(value.at("dtype").get<std::string>());
  field.shape = value.at("shape").get<Shape>();
  field.chunk = value.at("chunk").get<Shape>();
  field.units = value.at("units").get<std::string>();
  field.axes = value.at("axes").get<std::vector<std::string>>();
  for (const json& piece : value.at("pieces")) {
    const auto checksum = parse_key(std::string(16, '0') + piece.at(2).get<std::string>()).low;
    field.pieces.push_back(
        {piece.at(0).get<std::uint64_t>(), piece.at(1).get<std::uint64_t>(), checksum});
  }
  return field;
}

}  // namespace

std::string format_task_record(const TaskRecord& record) {
  json ports = json::array(), fields = json::array();
  try {
    for (const std::string& port : record.ports) ports.push_back(escape_name(port));
    for (const StoredField& field : record.fields) fields.push_back(to_json(field));
    return json{{"target", escape_name(record.target)},
                {"task", escape_name(record.task)},
                {"seconds", record.seconds},
                {"file", record.file},
                {"group", record.group},
                {"ports", std::move(ports)},
                {"fields", std::move(fields)},
                {"made_of", escape_name(record.made_of)}}
        .dump();
  } catch (const json::exception& error) {
    throw Error(ErrorKind::InvalidArgument,
                "units and axes of task '" + record.task + "' must be UTF-8: " + error.what());
  }
}

TaskRecord parse_task_record(const std::string& text) try {
  const json value = json::parse(text);
  TaskRecord record;
  record.target = unescape_name(value.at("target").get<std::string>());
  record.task = unescape_name(value.at("task").get<std::string>());
  record.seconds = value.at("seconds").is_null() ? 0 : value.at("seconds").get<double>();
  record.file = value.at("file").get<std::string>();
  record.group = value.at("group").get<std::string>();
  for (const json& port : value.at("ports")) {
    record.ports.push_back(unescape_name(port.get<std::string>()));
  }
  for (const json& field : value.at("fields")) record.fields.push_back(field_of(field));
  record.made_of = unescape_name(value.value("made_of", "%"));
  return record;
} catch (const json::exception& error) {
  throw Error(ErrorKind::Parse, std::string("not a task record: ") + error.what());
}

std::uint64_t bytes(const TaskRecord& record) {
  std::uint64_t total = 0;
  for (const StoredField& field : record.fields) {
    for (const StoredPiece& piece : field.pieces) total += piece.bytes;
  }
  return total;
}

}  // namespace foldstream::io
