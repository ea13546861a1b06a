#include "score/json_text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace foldstream::workflows::score {
namespace {

using Json = nlohmann::ordered_json;

std::string plain(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

bool stays_on_one_line(const Json& json) {
  if (json.is_object()) return json.empty();
  return !json.is_array() || std::all_of(json.begin(), json.end(),
                                         [](const Json& item) { return item.is_primitive(); });
}

void append(std::string& text, const Json& json, const std::string& indent) {
  if (stays_on_one_line(json)) {
    text += plain(json);
    return;
  }
  const bool is_object = json.is_object();
  const std::string inner = indent + "  ";
  text += is_object ? '{' : '[';
  bool first = true;
  for (const auto& item : json.items()) {
    text += first ? "\n" : ",\n";
    first = false;
    text += inner;
    if (is_object) text.append(plain(item.key())).append(": ");
    append(text, item.value(), inner);
  }
  text += '\n';
  text += indent;
  text += is_object ? '}' : ']';
}

}  // namespace

std::string format_json(const Json& json) {
  std::string text;
  append(text, json, "");
  return text + "\n";
}

Json rounded(double value, int decimals) {
  if (!std::isfinite(value)) return nullptr;
  const double scale = std::pow(10.0, decimals);
  const double result = std::round(value * scale) / scale;
  return result == 0 ? 0.0 : result;
}

std::string fixed(double value, int decimals) {
  if (!std::isfinite(value)) return "–";
  char text[400];
  const auto end =
      std::to_chars(text, text + sizeof text, value, std::chars_format::fixed, decimals);
  return {text, end.ptr};
}

}  // namespace foldstream::workflows::score
