#include "tools/mesh/card_facts.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

#include "tools/mesh/arguments.h"
#include "tools/mesh/node_card.h"
#include "tools/mesh/text_file.h"

namespace meshfs::tools {
namespace {

constexpr std::size_t kMaxMachineText = 65536;

std::string first_line(const std::string& path) {
  std::string out = read_bounded(path, kMaxMachineText);
  out.resize(std::min(out.find_first_of(std::string_view("\n\0", 2)), out.size()));
  return out;
}

}  // namespace

std::string machine_addresses() {
  std::vector<std::string> found = addresses_of_table(read_bounded("/proc/net/if_inet6", kMaxMachineText));
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) == 0) {
    const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner(first, &freeifaddrs);
    for (const ifaddrs* one = first; one != nullptr; one = one->ifa_next) {
      if (one->ifa_addr == nullptr || one->ifa_addr->sa_family != AF_INET || (one->ifa_flags & IFF_LOOPBACK) != 0)
        continue;
      std::array<char, INET_ADDRSTRLEN> text{};
      const auto* address = reinterpret_cast<const sockaddr_in*>(one->ifa_addr);
      if (inet_ntop(AF_INET, &address->sin_addr, text.data(), text.size()) != nullptr) found.emplace_back(text.data());
    }
  }
  sort_addresses(found);
  std::string out;
  for (const std::string& one : found) out += one + '\n';
  return out;
}

std::string machine_model() {
  std::string out = first_line("/proc/device-tree/model");
  if (!out.empty()) return out;
  const std::string vendor = first_line("/sys/class/dmi/id/sys_vendor");
  out = first_line("/sys/class/dmi/id/product_name");
  return vendor.empty() ? out : out.empty() ? vendor : vendor + " " + out;
}

std::string machine_system() { return setting_in(read_bounded("/etc/os-release", kMaxMachineText), "PRETTY_NAME"); }

}  // namespace meshfs::tools
