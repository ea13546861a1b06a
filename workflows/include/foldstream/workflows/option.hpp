// Options: the named, typed, documented settings of a stage, bound to an options aggregate.
#pragma once

#include <foldstream/error.hpp>

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace foldstream::workflows {

/// What may be written for an option.
enum class OptionType : std::uint8_t { boolean, integer, number, text };

std::string_view to_string(OptionType type);

/// Whether an option goes into the key of a result.
enum class Effect : std::uint8_t { result, speed };

/// One option, as `foldstream list` shows it.
struct OptionInfo {
  std::string name;
  OptionType type = OptionType::text;
  std::string standard;  ///< the default, as text
  std::string doc;       ///< one line with the unit
  Effect effect = Effect::result;
};

/// An option as somebody wrote it, and where.
struct Setting {
  std::string name;
  std::string value;
  Place place;
};

/// Text to value. @throws Error{InvalidArgument} saying what was expected.
bool parse_boolean(const Setting& setting);
std::int64_t parse_integer(const Setting& setting, std::int64_t low, std::int64_t high);
double parse_number(const Setting& setting, double low, double high);
/// Shortest text that reads back as the same number.
std::string number_text(double number);

/// Refuses a setting that names no option, with the near miss.
[[noreturn]] void refuse_unknown_option(const Setting& setting, const std::string& stage,
                                        const std::vector<OptionInfo>& known);

/// The options of a stage, each a member of the aggregate `Options`.
template <class Options>
class OptionTable {
 public:
  /// An option within [low, high]; text and booleans have no bounds.
  template <class T>
  OptionTable& add(std::string name, T Options::*member, std::string doc, double low, double high,
                   Effect effect = Effect::result) {
    const Options standard{};
    entries_.push_back({{std::move(name), type_of<T>(), text_of(standard.*member), std::move(doc),
                         effect},
                        [member, low, high](Options& options, const Setting& setting) {
                          options.*member = parse<T>(setting, low, high);
                        },
                        [member](const Options& options) { return text_of(options.*member); }});
    return *this;
  }
  template <class T>
  OptionTable& add(std::string name, T Options::*member, std::string doc,
                   Effect effect = Effect::result) {
    return add(std::move(name), member, std::move(doc), std::numeric_limits<double>::lowest(),
               std::numeric_limits<double>::max(), effect);
  }

  std::vector<OptionInfo> info() const {
    std::vector<OptionInfo> all;
    for (const Entry& entry : entries_) all.push_back(entry.info);
    return all;
  }

  /// @throws Error{InvalidArgument} at the place of the setting that is unknown or unreadable.
  Options parse(const std::vector<Setting>& settings, const std::string& stage) const {
    Options options{};
    for (const Setting& setting : settings) {
      bool is_known = false;
      for (const Entry& entry : entries_) {
        if (entry.info.name != setting.name) continue;
        entry.set(options, setting);
        is_known = true;
      }
      if (!is_known) refuse_unknown_option(setting, stage, info());
    }
    return options;
  }

  /// "name=value" lines of every option that changes the result: part of a task's identity.
  std::string identity(const Options& options) const {
    std::string text;
    for (const Entry& entry : entries_)
      if (entry.info.effect == Effect::result)
        text += entry.info.name + "=" + entry.text(options) + "\n";
    return text;
  }

 private:
  struct Entry {
    OptionInfo info;
    std::function<void(Options&, const Setting&)> set;
    std::function<std::string(const Options&)> text;
  };

  template <class T>
  static constexpr OptionType type_of() {
    if constexpr (std::is_same_v<T, bool>) return OptionType::boolean;
    if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) return OptionType::integer;
    if constexpr (std::is_floating_point_v<T>) return OptionType::number;
    return OptionType::text;
  }
  /// `wish` brought into what both `T` and std::int64_t can hold.
  template <class T>
  static std::int64_t integer_bound(double wish) {
    using Wide = std::numeric_limits<std::int64_t>;
    constexpr std::int64_t low = std::is_unsigned_v<T> ? 0 : std::numeric_limits<T>::min();
    constexpr std::int64_t high =
        std::in_range<std::int64_t>(std::numeric_limits<T>::max()) ? static_cast<std::int64_t>(std::numeric_limits<T>::max()) : Wide::max();
    if (wish <= static_cast<double>(low)) return low;
    if (wish >= static_cast<double>(high)) return high;
    return static_cast<std::int64_t>(wish);
  }
  template <class T>
  static T parse(const Setting& setting, double low, double high) {
    if constexpr (std::is_same_v<T, bool>) {
      return parse_boolean(setting);
    } else if constexpr (std::is_integral_v<T>) {
      return static_cast<T>(parse_integer(setting, integer_bound<T>(low), integer_bound<T>(high)));
    } else if constexpr (std::is_floating_point_v<T>) {
      return static_cast<T>(parse_number(setting, low, high));
    } else {
      return T(setting.value);
    }
  }
  template <class T>
  static std::string text_of(const T& value) {
    if constexpr (std::is_same_v<T, bool>) {
      return value ? "true" : "false";
    } else if constexpr (std::is_integral_v<T>) {
      return std::to_string(value);
    } else if constexpr (std::is_floating_point_v<T>) {
      return number_text(value);
    } else {
      return std::string(value);
    }
  }

  std::vector<Entry> entries_;
};

}  // namespace foldstream::workflows
