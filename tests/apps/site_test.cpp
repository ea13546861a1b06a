// What a site asks for: its profile, quotas, no network, folders for their owner alone, energy,
// metrics.
#include "command.hpp"
#include "device_meter.hpp"
#include "energy.hpp"
#include "offline.hpp"
#include "site.hpp"
#include "target_quota.hpp"

#include <httplib.h>
#include <nlohmann/json.hpp>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

namespace foldstream::apps {
namespace {

namespace fs = std::filesystem;
using foldstream::test::expect_error;
using foldstream::test::Finished;
using foldstream::test::shell;
using foldstream::test::TemporaryFolder;
using testing::HasSubstr;

SiteProfile read_profile(const std::string& yaml) {
  const TemporaryFolder folder;
  SiteProfile profile;
  read_site_profile(folder.write("site.yaml", yaml), profile);
  return profile;
}

TEST(SiteProfile, IsReadWithTheUsersOwnFolders) {
  setenv("FOLDSTREAM_TEST_USER", "ada", 1);
  const SiteProfile site = read_profile(
      "site: lab\nmodules: [openmpi/4, cuda]\nscratch: /scratch/$FOLDSTREAM_TEST_USER/x\n"
      "carbon_intensity: 250\nquota: {folder: /q, targets: 8, threads: 4}\n");

  EXPECT_EQ(site.modules, (std::vector<std::string>{"openmpi/4", "cuda"}));
  EXPECT_EQ(site.scratch, "/scratch/ada/x");
  EXPECT_EQ(site.quota_targets, 8);
  EXPECT_EQ(site.carbon, 250);
}

TEST(SiteProfile, RefusesWhatItDoesNotKnowWithItsPlace) {
  const auto refuse = [](const std::string& yaml, const std::string& words) {
    expect_error(ErrorKind::Parse, words, [&] { read_profile(yaml); });
  };
  refuse("site: lab\npartitoin: x\n",
         "site.yaml:2:1: a site profile has no key 'partitoin'. Did you mean 'partition'?");
  refuse("quota: {targets: 3}\n", "'targets' needs a 'folder'");
  refuse("quota: {folder: /q, targets: none}\n", "site.yaml:1:30: must be a number above 0.");
  refuse("core_watts: -3\n", "must be a number above 0.");
  refuse("scratch: $FOLDSTREAM_NOT_SET/x\n", "$FOLDSTREAM_NOT_SET is not set.");
  refuse("launcher: slingshot\n", "'launcher' must be srun or mpirun");
  refuse("modules: {\n", "not valid YAML");
}

TEST(TargetQuota, IsNeverExceededAndSharedFairly) {
  const TemporaryFolder folder;
  TargetQuota one(folder.path(), 4);
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(one.begin());  // alone it may have all
  EXPECT_FALSE(one.begin());

  TargetQuota other(folder.path(), 4);
  EXPECT_FALSE(other.begin());  // and waits
  one.end();
  EXPECT_FALSE(one.begin());  // it has more than its share of two, the other less
  EXPECT_TRUE(other.begin());
  one.end();
  EXPECT_TRUE(other.begin());
  EXPECT_EQ(one.held(), 2);
  EXPECT_FALSE(one.begin());
}

TEST(TargetQuota, IsGivenBackByThoseThatEnd) {
  const TemporaryFolder folder;
  TargetQuota one(folder.path(), 1);
  {
    TargetQuota other(folder.path(), 1);
    ASSERT_TRUE(other.begin());
    ASSERT_FALSE(one.begin());
  }
  EXPECT_TRUE(one.begin());
}

TEST(TargetQuota, HoldsForManyThreads) {
  const TemporaryFolder folder;
  constexpr int limit = 3;
  std::atomic<int> now = 0, most = 0, done = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      TargetQuota quota(folder.path(), limit);
      for (int left = 20; left > 0;) {
        if (!quota.begin()) continue;
        const int held = ++now;
        int seen = most;
        while (held > seen && !most.compare_exchange_weak(seen, held)) {
        }
        --now;
        quota.end();
        ++done;
        --left;
      }
    });
  for (std::thread& thread : threads) thread.join();

  EXPECT_EQ(done, 80);
  EXPECT_LE(most, limit);
}

TEST(Quota, OfTargetsSlowsACampaignAndOfThreadsRefusesIt) {
  const TemporaryFolder folder;
  const std::string fold = "foldstream " + foldstream::test::write_family(folder, 3);
  folder.write("site.yaml", "quota: {folder: " + (folder.path() / "quota").string() +
                                ", targets: 1, threads: 1}\naudit: " +
                                (folder.path() / "audit").string() + "\n");
  const std::string site = "export FOLDSTREAM_SITE=$PWD/site.yaml; ";

  const Finished done = shell(folder.path(), site + fold + "--out results");
  std::string wider = fold;
  wider.replace(wider.find("--threads 1"), 11, "--threads 2");
  const Finished refused = shell(folder.path(), site + wider + "--out other");

  ASSERT_EQ(done.code, 0) << done.err;
  // one after the other: a target begins when the one before has ended
  const auto trace =
      nlohmann::json::parse(foldstream::test::read_text(folder.path() / "results/trace.json"));
  std::map<std::string, std::pair<double, double>> spans;
  for (const auto& event : trace.at("traceEvents")) {
    if (event.value("ph", "") != "X") continue;
    const std::string target = event.at("args").at("target");
    const double from = event.at("ts"), to = from + event.at("dur").get<double>();
    const auto [span, is_new] = spans.emplace(target, std::pair(from, to));
    span->second = {std::min(span->second.first, from), std::max(span->second.second, to)};
  }
  ASSERT_EQ(spans.size(), 3U) << trace.dump(1).substr(0, 2000);
  for (const auto& [a, one] : spans)
    for (const auto& [b, other] : spans)
      EXPECT_TRUE(a == b || one.second <= other.first || other.second <= one.first)
          << a << " beside " << b;
  const auto line = nlohmann::json::parse(foldstream::test::read_text(folder.path() / "audit"));
  EXPECT_EQ(line.at("targets_done"), 3);
  EXPECT_EQ(line.at("uid"), getuid());
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("2 threads are more than this site lets a campaign have: 1."));
}

TEST(Offline, AThreadAndThoseItBeginsGetNoSocket) {
  const auto try_socket = [](int family) {
    const int got = socket(family, SOCK_STREAM, 0);
    const int reason = got < 0 ? errno : 0;
    if (got >= 0) close(got);
    return reason;
  };
  ASSERT_EQ(try_socket(AF_INET), 0);
  int own = 0, of_child = 0, local = 0;
  const int before = refused_network_calls();

  std::thread([&] {
    forbid_network(NetworkScope::thread);
    own = try_socket(AF_INET);
    local = try_socket(AF_UNIX);
    std::thread([&] { of_child = try_socket(AF_INET6); }).join();
  }).join();

  EXPECT_EQ(own, EACCES);
  EXPECT_EQ(of_child, EACCES);
  EXPECT_EQ(local, 0);
  EXPECT_EQ(refused_network_calls() - before, 2);
  EXPECT_EQ(try_socket(AF_INET), 0);  // MPI's threads go on
}

TEST(Offline, CampaignsAskForNoNetwork) {
  const TemporaryFolder folder;
  const std::string fold = "foldstream " + foldstream::test::write_family(folder, 2);

  const Finished alone = shell(folder.path(), fold + "--offline --out alone");

  ASSERT_EQ(alone.code, 0) << alone.err;
  const auto facts =
      nlohmann::json::parse(foldstream::test::read_text(folder.path() / "alone/run.json"));
  EXPECT_EQ(facts.at("network"), "offline: nothing but MPI asked for it");
  EXPECT_THAT(foldstream::test::read_text(folder.path() / "alone/report.html"),
              HasSubstr("nothing but MPI asked for it"));
}

TEST(Permissions, ARunFolderIsForItsOwnerAlone) {
  const TemporaryFolder folder;
  const std::string fold = "foldstream " + foldstream::test::write_family(folder, 1);
  ASSERT_EQ(shell(folder.path(), "umask 000; " + fold + "--out results").code, 0);

  EXPECT_EQ(fs::status(folder.path() / "results").permissions(), fs::perms::owner_all);

  // who has opened it to others finds it so in the next run
  fs::permissions(folder.path() / "results", fs::perms::owner_all | fs::perms::group_read);
  ASSERT_EQ(shell(folder.path(), fold + "--out results").code, 0);
  EXPECT_EQ(fs::status(folder.path() / "results").permissions(),
            fs::perms::owner_all | fs::perms::group_read);
}

TEST(Energy, IsSummedOverPackagesAndOverTheEndOfTheCounter) {
  const TemporaryFolder folder;
  for (const char* zone : {"intel-rapl:0", "intel-rapl:1", "intel-rapl:0:0"}) {
    fs::create_directories(folder.path() / zone);
    folder.write(std::string(zone) + "/energy_uj", "9000000\n");
    folder.write(std::string(zone) + "/max_energy_range_uj", "10000000\n");
  }
  EnergyMeter meter(folder.path());
  folder.write("intel-rapl:0/energy_uj", "9500000\n");    // 0.5 J
  folder.write("intel-rapl:1/energy_uj", "1000000\n");    // 2 J: it began again
  folder.write("intel-rapl:0:0/energy_uj", "9900000\n");  // a part of package 0

  EXPECT_DOUBLE_EQ(meter.joules().value(), 2.5);
  EXPECT_DOUBLE_EQ(meter.joules().value(), 2.5);
  EXPECT_FALSE(EnergyMeter(folder.path() / "none").joules());
}

TEST(Energy, IsEstimatedFromDeclaredWattsAndSaidToBe) {
  SiteProfile site;
  EXPECT_THAT(energy_text(energy_of({}, 3600, 0, site), site), HasSubstr("not known"));

  site.core_watts = 10;
  site.device_watts = 400;
  site.carbon = 200;
  const Energy energy = energy_of({}, 2 * 3600, 3600, site);

  EXPECT_DOUBLE_EQ(energy.processors, 0.02);
  EXPECT_DOUBLE_EQ(energy.devices, 0.4);
  EXPECT_EQ(
      energy_text(energy, site),
      "0.42 kWh (processors estimated from declared watts), of these 0.4 of devices, estimated, 84 g CO2e");
  EXPECT_THAT(energy_text(energy_of({7200.0, {}}, 1, 0, site), site),
              HasSubstr("0.002 kWh (processors of the nodes measured)"));
}

TEST(Metrics, AreServedOnThisHostAlone) {
  const TemporaryFolder folder;
  const std::string fold = "foldstream " + foldstream::test::write_family(folder, 2);
  const int port = 20'000 + getpid() % 20'000;
  const std::string flag = "--metrics-port " + std::to_string(port) + " --out ";
  std::thread run([&] { shell(folder.path(), fold + flag + "results"); });

  httplib::Client client("127.0.0.1", port);
  std::string text, elsewhere;
  for (int tries = 0; tries < 600 && text.empty(); ++tries) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    if (const auto answer = client.Get("/metrics")) text = answer->body;
    if (const auto answer = client.Get("/etc/passwd")) elsewhere = std::to_string(answer->status);
  }
  const foldstream::test::Finished second = shell(folder.path(), fold + flag + "second");
  run.join();

  EXPECT_THAT(text, HasSubstr("foldstream_targets{run=\"results\",rank=\"0\",state=\"all\"} 2\n"));
  EXPECT_EQ(elsewhere, "404");
  EXPECT_EQ(second.code, 2) << second.err;
  EXPECT_THAT(second.err, HasSubstr("Name another port"));
  EXPECT_THAT(shell(folder.path(), fold + flag + "third --offline").err,
              HasSubstr("which --offline forbids"));
}

TEST(DeviceMeter, ReadsTheDevicesThatTheProgramMaySee) {
  // a stand-in for NVML: device 2 has used 5 J more at each reading, GPU-b 1 J; others cannot be read
  setenv("CUDA_VISIBLE_DEVICES", "0,2,GPU-b", 1);
  const std::vector<Device> devices = {{"cuda", "cuda:0"}, {"cuda", "cuda:1"}, {"cuda", "cuda:2"},
                                       {"cuda", "cuda:3"}, {"xla", "xla:0"}};

  const DeviceMeter meter(devices, FOLDSTREAM_NVML_STANDIN);
  const DeviceMeter second({devices[1]}, FOLDSTREAM_NVML_STANDIN);
  const auto all = meter.joules(), of_second = second.joules();
  unsetenv("CUDA_VISIBLE_DEVICES");

  EXPECT_DOUBLE_EQ(all.value(), 2 * 5 + 1);  // the other meter's first reading lies between
  EXPECT_DOUBLE_EQ(of_second.value(), 2 * 5);
  EXPECT_FALSE(DeviceMeter({devices[0]}, FOLDSTREAM_NVML_STANDIN).joules());
  EXPECT_FALSE(DeviceMeter({devices[4]}, FOLDSTREAM_NVML_STANDIN).joules());
  EXPECT_FALSE(DeviceMeter(devices, "libnot-there.so").joules());
}

TEST(Energy, OfDevicesIsMeasuredWhereTheyCount) {
  SiteProfile site;
  site.device_watts = 400;

  const Energy energy = energy_of({{}, 7200.0}, 3600, 3600, site);

  EXPECT_EQ(energy_text(energy, site),
            "0.002 kWh (processors not known), of these 0.002 of devices, measured");
}

TEST(Metrics, AreWhatPrometheusReads) {
  const TemporaryFolder folder;
  const std::string fold = "foldstream " + foldstream::test::write_family(folder, 2);

  ASSERT_EQ(shell(folder.path(), fold + "--metrics metrics --out results").code, 0);

  const auto found = fs::directory_iterator(folder.path() / "metrics");
  ASSERT_NE(found, fs::directory_iterator());
  EXPECT_EQ(found->path().extension(), ".prom");
  const std::string text = foldstream::test::read_text(found->path());
  EXPECT_THAT(
      text, HasSubstr("# TYPE foldstream_targets "
                      "gauge\nfoldstream_targets{run=\"results\",rank=\"0\",state=\"done\"} 2\n"));
  EXPECT_THAT(
      text,
      HasSubstr(
          "foldstream_tasks{run=\"results\",rank=\"0\",task=\"predict\",state=\"done\"} 2\n"));
  EXPECT_EQ(text.back(), '\n');
}

}  // namespace
}  // namespace foldstream::apps
