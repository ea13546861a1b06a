#include "bar.hpp"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

namespace foldstream::bench {
namespace {

std::string met(const Bar& bar) {
  if (!bar.goal) return "";
  if (bar.meets(bar.goal)) return "goal met";
  return bar.meets(bar.floor) && bar.floor != bar.goal ? "floor met" : "MISSED";
}

std::string number(const std::optional<double>& value) {
  return value ? fmt::format("{:.3g}", *value) : "";
}

}  // namespace

std::string format_bars(const std::vector<Bar>& bars, const std::string& peer) {
  std::string text = fmt::format("| {:<56} | {:>8} | {:<8} | {:>6} | {:>6} | {:>9} | {:<9} |\n",
                                 "bar", "value", "unit", "floor", "goal", peer, "");
  text += fmt::format("|{:-<58}|{:->9}:|{:-<10}|{:->7}:|{:->7}:|{:->10}:|{:-<11}|\n", "", "", "", "",
                      "", "", "");
  for (const Bar& bar : bars)
    text += fmt::format("| {:<56} | {:>8.3f} | {:<8} | {:>6} | {:>6} | {:>9} | {:<9} |\n", bar.name,
                        bar.value, bar.unit, number(bar.floor), number(bar.goal),
                        number(bar.peer_value), met(bar));
  return text;
}

std::string format_bars_json(const std::vector<Bar>& bars, const std::string& area) {
  using nlohmann::ordered_json;
  const auto maybe = [](const auto& value) {
    return value ? ordered_json(*value) : ordered_json(nullptr);
  };
  std::string text;
  for (const Bar& bar : bars) {
    ordered_json line = {
        {"bench", area}, {"name", bar.name}, {"value", bar.value}, {"unit", bar.unit}};
    line["peer"] = bar.peer.empty() ? ordered_json(nullptr) : ordered_json(bar.peer);
    line["peer_value"] = maybe(bar.peer_value);
    line["ratio"] = bar.peer_value && *bar.peer_value != 0
                        ? ordered_json(bar.value / *bar.peer_value)
                        : ordered_json(nullptr);
    line["floor"] = maybe(bar.floor);
    line["goal"] = maybe(bar.goal);
    line["met"] = bar.goal ? ordered_json(bar.meets(bar.goal)) : ordered_json(nullptr);
    text += line.dump() + '\n';
  }
  return text;
}

}  // namespace foldstream::bench
