#include "peer_facts.hpp"

#include <foldstream/error.hpp>

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bit>
#include <fstream>
#include <memory>
#include <optional>
#include <random>
#include <sstream>

namespace foldstream::mpi {
namespace {

std::string random_nonce() {
  std::random_device random;
  std::ostringstream text;
  for (int i = 0; i < 4; ++i) text << std::hex << (random() | 0x80000000U);
  return text.str();
}

std::string host_name() {
  std::string name(256, '\0');
  if (gethostname(name.data(), name.size() - 1) != 0) return "unknown";
  return name.substr(0, name.find('\0'));
}

std::string inode_of(const char* path) {
  struct stat found {};
  return stat(path, &found) == 0 ? std::to_string(found.st_ino) : "0";
}

/// Machine and boot, and the name spaces of processes and network: ranks in different containers of
/// one machine do not see each other's processes.
std::string node_key(const std::string& host) {
  std::string boot = "0";
  std::ifstream("/proc/sys/kernel/random/boot_id") >> boot;
  return host + "/" + boot + "/" + inode_of("/proc/self/ns/pid") + "/" +
         inode_of("/proc/self/ns/net");
}

std::uint32_t mask_of(int prefix) { return prefix == 0 ? 0 : ~std::uint32_t{0} << (32 - prefix); }

/// "10.0.0.0/16"; nothing if it is not written so.
std::optional<NodeAddress> parse_network(const std::string& text) {
  const std::size_t slash = text.find('/');
  in_addr address{};
  if (slash == std::string::npos ||
      inet_pton(AF_INET, text.substr(0, slash).c_str(), &address) != 1)
    return std::nullopt;
  std::istringstream bits(text.substr(slash + 1));
  int prefix = -1;
  if (!(bits >> prefix) || !bits.eof() || prefix < 0 || prefix > 32) return std::nullopt;
  return NodeAddress{ntohl(address.s_addr), prefix};
}

std::uint32_t ip_of(const sockaddr* address) {
  return ntohl(reinterpret_cast<const sockaddr_in*>(address)->sin_addr.s_addr);
}

bool is_wanted(const ifaddrs& entry, const std::string& network) {
  if (entry.ifa_addr == nullptr || entry.ifa_addr->sa_family != AF_INET) return false;
  if ((entry.ifa_flags & IFF_UP) == 0) return false;
  if (network.empty()) return (entry.ifa_flags & IFF_LOOPBACK) == 0;
  if (const auto wanted = parse_network(network))
    return ((ip_of(entry.ifa_addr) ^ wanted->ip) & mask_of(wanted->prefix)) == 0;
  return entry.ifa_name == network;
}

std::vector<NodeAddress> own_addresses(const std::string& network) {
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) != 0) return {};
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner(first, &freeifaddrs);
  std::vector<NodeAddress> addresses;
  for (const ifaddrs* entry = first; entry != nullptr; entry = entry->ifa_next)
    if (is_wanted(*entry, network))
      addresses.push_back({ip_of(entry->ifa_addr), std::popcount(ip_of(entry->ifa_netmask))});
  return addresses;
}

}  // namespace

PeerFacts own_facts(const std::string& network) {
  PeerFacts facts;
  facts.nonce = random_nonce();
  facts.host = host_name();
  facts.node = node_key(facts.host);
  facts.pid = getpid();
  facts.start_time = start_time_of(facts.pid);
  facts.addresses = own_addresses(network);
  if (!network.empty() && facts.addresses.empty())
    throw Error(ErrorKind::InvalidArgument,
                "node " + facts.host + " has no address in the network '" + network +
                    "' for heartbeats. Name an interface ('ib0') or a network ('10.0.0.0/16'); "
                    "'ip address' lists what there is.");
  return facts;
}

std::string format_facts(const PeerFacts& facts) {
  std::ostringstream text;
  text << facts.nonce << ' ' << facts.node << ' ' << facts.host << ' ' << facts.pid << ' '
       << facts.start_time << ' ' << facts.page << ' ' << facts.port;
  for (const NodeAddress& address : facts.addresses)
    text << ' ' << address.ip << ' ' << address.prefix;
  return text.str();
}

PeerFacts parse_facts(const std::string& text) {
  std::istringstream words(text);
  PeerFacts facts;
  if (!(words >> facts.nonce >> facts.node >> facts.host >> facts.pid >> facts.start_time >>
        facts.page >> facts.port))
    throw Error(ErrorKind::Communication,
                "cannot read what a rank says of itself: '" + text +
                    "'. Do all ranks run the same version of foldstream?");
  NodeAddress address;
  while (words >> address.ip >> address.prefix) facts.addresses.push_back(address);
  return facts;
}

std::uint64_t start_time_of(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  if (!std::getline(file, line)) return 0;
  // the name, in brackets, may itself hold blanks and brackets
  std::istringstream fields(line.substr(std::min(line.rfind(')') + 1, line.size())));
  std::string state;
  fields >> state;
  if (state == "Z" || state == "X") return 0;
  std::uint64_t value = 0;
  for (int field = 4; field <= 22; ++field) {
    std::int64_t number = 0;  // some are negative
    fields >> number;
    value = static_cast<std::uint64_t>(number);
  }
  return fields ? value : 0;
}

}  // namespace foldstream::mpi
