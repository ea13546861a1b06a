#include "run_store_record.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

namespace foldstream::io {

namespace {

using nlohmann::json;

void append_hexadecimal(std::string& out, std::uint64_t value) {
  constexpr char digits[] = "0123456789abcdef";
  for (int shift = 60; shift >= 0; shift -= 4) out += digits[(value >> shift) & 15];
}

template <class Number>
void append_number(std::string& out, Number value) {
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  out.append(digits, end);
}

/// `text`, which is UTF-8, as a JSON string.
void append_string(std::string& out, std::string_view text) {
  const auto is_special = [](char c) {
    return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20;
  };
  out += '"';
  for (auto from = text.begin(); from != text.end();) {
    const auto to = std::find_if(from, text.end(), is_special);
    out.append(from, to);
    if (to == text.end()) break;
    constexpr char digits[] = "0123456789abcdef";
    const auto code = static_cast<unsigned char>(*to);
    out += {'\\', 'u', '0', '0', digits[code >> 4], digits[code & 15]};
    from = to + 1;
  }
  out += '"';
}

/// A name, escaped, as a JSON string.
void append_name(std::string& out, std::string_view name) {
  const auto is_simple = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  if (name.empty() || !std::ranges::all_of(name, is_simple)) {
    return append_string(out, escape_name(name));
  }
  out += '"';
  out += name;
  out += '"';
}

/// "[a,b,c]", each element written by `append`.
template <class List, class Append>
void append_list(std::string& out, const List& list, Append&& append) {
  out += '[';
  for (bool is_first = true; const auto& element : list) {
    if (!std::exchange(is_first, false)) out += ',';
    append(element);
  }
  out += ']';
}

void append_shape(std::string& out, const Shape& shape) {
  append_list(out, shape, [&](std::int64_t length) { append_number(out, length); });
}

void append_piece(std::string& out, const StoredPiece& piece) {
  out += '[';
  append_number(out, piece.offset);
  out += ',';
  append_number(out, piece.bytes);
  out += ",\"";
  append_hexadecimal(out, piece.checksum);
  out += "\"]";
}

void append_field(std::string& out, const StoredField& field) {
  out += "{\"port\":";
  append_name(out, field.port);
  out += ",\"name\":";
  append_name(out, field.name);
  out += ",\"path\":";
  append_string(out, field.path);
  out += ",\"dtype\":";
  append_string(out, to_string(field.dtype));
  out += ",\"shape\":";
  append_shape(out, field.shape);
  out += ",\"chunk\":";
  append_shape(out, field.chunk);
  out += ",\"units\":";
  append_string(out, field.units);
  out += ",\"axes\":";
  append_list(out, field.axes, [&](const std::string& axis) { append_string(out, axis); });
  out += ",\"pieces\":";
  append_list(out, field.pieces, [&](const StoredPiece& piece) { append_piece(out, piece); });
  out += '}';
}

/// Where the tensors are: only what has some needs it.
void append_tensors(std::string& out, const TaskRecord& record) {
  out += ",\"file\":";
  append_string(out, record.file);
  out += ",\"group\":";
  append_string(out, record.group);
  out += ",\"fields\":";
  append_list(out, record.fields, [&](const StoredField& field) { append_field(out, field); });
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

void check_task_text(const StoredTask& task) {
  const auto is_text = [](const Field& field) {
    return is_utf8(field.units) && std::ranges::all_of(field.axes, is_utf8);
  };
  for (const auto& [port, record] : task.outputs) {
    for (const auto& [name, field] : record) {
      if (is_text(field)) continue;
      throw Error(ErrorKind::InvalidArgument, "units and axes must be UTF-8; those of field '" +
                                                  port + "/" + name + "' are not");
    }
  }
}

std::string format_task_record(const TaskRecord& record) {
  std::string out;
  out.reserve(128 + record.made_of.size() + 256 * record.fields.size());
  out += "{\"target\":";
  append_name(out, record.target);
  out += ",\"task\":";
  append_name(out, record.task);
  out += ",\"seconds\":";
  if (std::isfinite(record.seconds)) append_number(out, record.seconds);
  if (!std::isfinite(record.seconds)) out += "null";
  if (!record.ports.empty()) {
    out += ",\"ports\":";
    append_list(out, record.ports, [&](const std::string& port) { append_name(out, port); });
  }
  if (!record.file.empty()) append_tensors(out, record);
  if (!record.made_of.empty()) {
    out += ",\"made_of\":";
    append_string(out, escape_name(record.made_of));
  }
  out += '}';
  return out;
}

TaskRecord parse_task_record(const std::string& text) try {
  const json value = json::parse(text);
  TaskRecord record;
  record.target = unescape_name(value.at("target").get<std::string>());
  record.task = unescape_name(value.at("task").get<std::string>());
  record.seconds = value.at("seconds").is_null() ? 0 : value.at("seconds").get<double>();
  record.file = value.value("file", "");
  record.group = value.value("group", "");
  for (const json& port : value.value("ports", json::array())) {
    record.ports.push_back(unescape_name(port.get<std::string>()));
  }
  for (const json& field : value.value("fields", json::array())) {
    record.fields.push_back(field_of(field));
  }
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
