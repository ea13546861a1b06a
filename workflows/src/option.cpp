#include <foldstream/workflows/option.hpp>

#include <array>
#include <charconv>
#include <cmath>

namespace foldstream::workflows {
namespace {

[[noreturn]] void refuse(const Setting& setting, const std::string& expected) {
  throw Error(ErrorKind::InvalidArgument, setting.place,
              "option '" + setting.name + "' takes " + expected + ", not '" + setting.value + "'.");
}

template <class T>
bool read(const std::string& text, T& value) {
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  return problem == std::errc() && end == text.data() + text.size();
}

}  // namespace

std::string_view to_string(OptionType type) {
  constexpr std::array<std::string_view, 4> names = {"boolean", "integer", "number", "text"};
  return names.at(static_cast<std::size_t>(type));
}

bool parse_boolean(const Setting& setting) {
  if (setting.value == "true" || setting.value == "yes" || setting.value == "on") return true;
  if (setting.value == "false" || setting.value == "no" || setting.value == "off") return false;
  refuse(setting, "true or false");
}

std::int64_t parse_integer(const Setting& setting, std::int64_t low, std::int64_t high) {
  std::int64_t value = 0;
  if (!read(setting.value, value)) refuse(setting, "a whole number");
  if (value < low || value > high)
    refuse(setting, "a whole number from " + std::to_string(low) + " to " + std::to_string(high));
  return value;
}

double parse_number(const Setting& setting, double low, double high) {
  double value = 0;
  if (!read(setting.value, value) || !std::isfinite(value)) refuse(setting, "a number");
  if (value < low || value > high)
    refuse(setting, "a number from " + number_text(low) + " to " + number_text(high));
  return value;
}

std::string number_text(double number) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
  return {text.data(), end};
}

void refuse_unknown_option(const Setting& setting, const std::string& stage,
                           const std::vector<OptionInfo>& known) {
  std::vector<std::string> names;
  for (const OptionInfo& info : known) names.push_back(info.name);
  throw Error(ErrorKind::InvalidArgument, setting.place,
              "stage '" + stage + "' has no option '" + setting.name + "'." +
                  did_you_mean(setting.name, names) + " See 'foldstream list " + stage + "'.");
}

}  // namespace foldstream::workflows
