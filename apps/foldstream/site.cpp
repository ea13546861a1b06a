#include "site.hpp"

#include <foldstream/error.hpp>
#include <foldstream/io/text_file.hpp>

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <utility>

namespace foldstream::apps {
namespace {

namespace fs = std::filesystem;

/// Reads one file; refuses what it does not know, with its place.
class Reader {
 public:
  Reader(fs::path file, SiteProfile& profile) : file_(std::move(file)), profile_(profile) {}

  void read() {
    try {
      const YAML::Node root = YAML::Load(io::read_text_file(file_));
      if (!root.IsNull()) map(root, "a site profile", keys());
    } catch (const YAML::ParserException& error) {
      throw Error(ErrorKind::Parse, place(error.mark) + "not valid YAML: " + error.msg + ".");
    }
  }

 private:
  using Key = std::pair<std::string, std::function<void(const YAML::Node&)>>;

  std::string place(const YAML::Mark& mark) const {
    if (mark.is_null()) return file_.string() + ": ";
    return file_.string() + ":" + std::to_string(mark.line + 1) + ":" +
           std::to_string(mark.column + 1) + ": ";
  }
  [[noreturn]] void refuse(const YAML::Node& node, const std::string& message) const {
    throw Error(ErrorKind::Parse, place(node.Mark()) + message);
  }

  void map(const YAML::Node& node, const std::string& what, const std::vector<Key>& known) const {
    if (!node.IsMap()) refuse(node, what + " must be a map of 'key: value' lines.");
    std::vector<std::string> names;
    for (const Key& key : known) names.push_back(key.first);
    for (const auto& entry : node) {
      const std::string name = entry.first.IsScalar() ? entry.first.Scalar() : "";
      const auto found = std::ranges::find(names, name);
      if (found == names.end())
        refuse(entry.first, what + " has no key '" + name + "'." + did_you_mean(name, names));
      known[static_cast<std::size_t>(found - names.begin())].second(entry.second);
    }
  }

  std::string word(const YAML::Node& node) const {
    if (!node.IsScalar() || node.Scalar().empty()) refuse(node, "must be one word or text.");
    return node.Scalar();
  }
  Key text(const char* name, std::string& value) const {
    return {name, [this, &value](const YAML::Node& node) { value = word(node); }};
  }
  /// A leading '$NAME' or '~' is the user's own.
  Key path(const char* name, fs::path& value) const {
    return {name, [this, &value](const YAML::Node& node) {
              std::string all = word(node);
              if (all.starts_with("~/")) all = "$HOME" + all.substr(1);
              for (std::size_t at = all.find('$'); at != std::string::npos;
                   at = all.find('$', at)) {
                const std::size_t end = std::min(all.find('/', at), all.size());
                const char* found = std::getenv(all.substr(at + 1, end - at - 1).c_str());
                if (found == nullptr) refuse(node, all.substr(at, end - at) + " is not set.");
                all.replace(at, end - at, found);
                at += std::string(found).size();
              }
              value = all;
            }};
  }
  template <class Number>
  Key number(const char* name, Number& value) const {
    return {name, [this, &value](const YAML::Node& node) {
              Number given{};
              if (!YAML::convert<Number>::decode(node, given) || !(given > 0) ||
                  !std::isfinite(static_cast<double>(given)))
                refuse(node, "must be a number above 0.");
              value = given;
            }};
  }

  Key launcher(std::string& value) const {
    return {"launcher", [this, &value](const YAML::Node& node) {
              value = word(node);
              if (value != "srun" && value != "mpirun")
                refuse(node, "'launcher' must be srun or mpirun, not '" + value + "'.");
            }};
  }
  Key modules(std::vector<std::string>& value) const {
    return {"modules", [this, &value](const YAML::Node& node) {
              if (!node.IsSequence()) refuse(node, "'modules' must be a list.");
              value.clear();
              for (const YAML::Node& module : node) value.push_back(word(module));
            }};
  }

  void read_clusters(const YAML::Node& node) {
    if (!node.IsMap()) refuse(node, "'clusters' must be a map of cluster names.");
    profile_.clusters.clear();
    for (const auto& entry : node) {
      ClusterProfile cluster;
      cluster.name = word(entry.first);
      if (!entry.second.IsNull())
        map(entry.second, "cluster '" + cluster.name + "'",
            {path("slurm_conf", cluster.slurm_conf), text("partition", cluster.partition),
             text("account", cluster.account), text("qos", cluster.qos), launcher(cluster.launcher),
             modules(cluster.modules)});
      profile_.clusters.push_back(std::move(cluster));
    }
  }

  std::vector<Key> keys() {
    SiteProfile& p = profile_;
    return {text("site", p.name),
            text("partition", p.partition),
            text("account", p.account),
            text("qos", p.qos),
            launcher(p.launcher),
            modules(p.modules),
            {"clusters", [&](const YAML::Node& node) { read_clusters(node); }},
            path("scratch", p.scratch),
            path("database", p.database),
            path("models_dir", p.models_dir),
            path("image", p.image),
            path("audit", p.audit),
            number("carbon_intensity", p.carbon),
            number("core_watts", p.core_watts),
            number("device_watts", p.device_watts),
            {"quota", [&](const YAML::Node& node) {
               map(node, "'quota'",
                   {path("folder", p.quota_folder), number("targets", p.quota_targets),
                    number("threads", p.quota_threads), number("memory_gb", p.quota_memory_gb),
                    number("device_seconds", p.quota_device_seconds)});
               if (p.quota_targets > 0 && p.quota_folder.empty())
                 refuse(node,
                        "'targets' needs a 'folder', by which the campaigns tell each other.");
             }}};
  }

  const fs::path file_;
  SiteProfile& profile_;
};

fs::path user_file() {
  if (const char* folder = std::getenv("XDG_CONFIG_HOME"))
    return fs::path(folder) / "foldstream/site.yaml";
  const char* home = std::getenv("HOME");
  return home == nullptr ? fs::path() : fs::path(home) / ".config/foldstream/site.yaml";
}

SiteProfile read_all() {
  SiteProfile profile;
  if (const char* one = std::getenv("FOLDSTREAM_SITE")) {
    if (*one != 0) read_site_profile(one, profile);  // empty: none at all
    return profile;
  }
  for (const fs::path& file : {fs::path("/etc/foldstream/site.yaml"), user_file()})
    if (!file.empty() && fs::exists(file)) read_site_profile(file, profile);
  return profile;
}

}  // namespace

void read_site_profile(const fs::path& file, SiteProfile& profile) {
  Reader(file, profile).read();
  profile.files.push_back(file);
}

const SiteProfile& site_profile() {
  static const SiteProfile profile = read_all();
  return profile;
}

ClusterProfile cluster_profile(const std::string& name) {
  const SiteProfile& site = site_profile();
  ClusterProfile all{name, {}, site.partition, site.account, site.qos, site.launcher, site.modules};
  if (name.empty() || site.clusters.empty()) return all;
  const auto found = std::ranges::find(site.clusters, name, &ClusterProfile::name);
  if (found == site.clusters.end()) {
    std::vector<std::string> names;
    for (const ClusterProfile& cluster : site.clusters) names.push_back(cluster.name);
    throw Error(ErrorKind::NotFound,
                "--cluster: the site profile has no cluster '" + name + "'." + did_you_mean(name, names));
  }
  all.slurm_conf = found->slurm_conf;
  for (const auto member : {&ClusterProfile::partition, &ClusterProfile::account,
                            &ClusterProfile::qos, &ClusterProfile::launcher})
    if (!((*found).*member).empty()) all.*member = (*found).*member;
  if (!found->modules.empty()) all.modules = found->modules;
  return all;
}

}  // namespace foldstream::apps
