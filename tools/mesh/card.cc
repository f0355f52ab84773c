// mesh card: who this node is, from settings and machine, and the same of another node from its card.
#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>

#include "schema/os/fd.h"
#include "schema/vocab/bytes.h"
#include "tools/mesh/commands.h"
#include "tools/mesh/node_card.h"
#include "tools/mesh/place.h"
#include "tools/mesh/screen.h"
#include "tools/mesh/text_file.h"
#include "tools/mesh/view.h"

namespace meshfs::tools {
namespace {

constexpr std::size_t kMaxMachineText = 65536;

std::vector<std::string> addresses_of_machine() {
  std::vector<std::string> out = addresses_of_table(read_bounded("/proc/net/if_inet6", kMaxMachineText));
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) == 0) {
    const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner(first, &freeifaddrs);
    for (const ifaddrs* one = first; one != nullptr; one = one->ifa_next) {
      if (one->ifa_addr == nullptr || one->ifa_addr->sa_family != AF_INET || (one->ifa_flags & IFF_LOOPBACK) != 0)
        continue;
      std::array<char, INET_ADDRSTRLEN> text{};
      const auto* address = reinterpret_cast<const sockaddr_in*>(one->ifa_addr);
      if (inet_ntop(AF_INET, &address->sin_addr, text.data(), text.size()) != nullptr) out.emplace_back(text.data());
    }
  }
  sort_addresses(out);
  return out;
}

std::string first_line(const std::string& path) {
  std::string out = read_bounded(path, kMaxMachineText);
  out.resize(std::min(out.find_first_of(std::string_view("\n\0", 2)), out.size()));
  return out;
}

std::string model_of_machine() {
  std::string out = first_line("/proc/device-tree/model");
  if (!out.empty()) return out;
  const std::string vendor = first_line("/sys/class/dmi/id/sys_vendor");
  out = first_line("/sys/class/dmi/id/product_name");
  return vendor.empty() ? out : out.empty() ? vendor : vendor + " " + out;
}

Result<NodeCard> card_of_this_node(const Arguments& arguments) {
  const auto status = read_view(arguments.mount, "status");
  if (!status) return status.failure();
  NodeCard card;
  card.name = status->json.at("node").text;
  card.key = status->json.at("node_id").text;
  if (card.name.empty() || card.name.find('/') != std::string::npos)
    return error(Errc::unsupported,
                 "meshfs-fsd does not tell this node's name: install mesh and meshfs-fsd from one "
                 "release.");
  if (!from_hex(card.key)) card.key.clear();
  card.addresses = addresses_of_machine();
  card.model = model_of_machine();
  card.system = setting_in(read_bounded("/etc/os-release", kMaxMachineText), "PRETTY_NAME");
  card.version = MESHFS_VERSION;
  const std::string file = arguments.has("--settings") ? arguments.value("--settings") : std::string(kSettings);
  if (const Status read = apply_settings(read_bounded(file, kMaxMachineText), card); !read) return read.failure();
  return card;
}

// In the place of the one that is there, whole.
Status put_card(const std::string& folder, const std::string& text) {
  const std::string path = folder + "/card.json", temporary = folder + "/.card.json.new";
  const os::Fd file(open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!file) return system_failure("Can't write", temporary);
  const bool written = write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (written && fsync(file.get()) == 0 && rename(temporary.c_str(), path.c_str()) == 0) return {};
  const Error failure = system_failure("Can't write", path);
  unlink(temporary.c_str());
  return failure;
}

Exit show_card_of(const Arguments& arguments, const std::string& node) {
  if (const auto status = read_view(arguments.mount, "status"); !status) return complain(status.failure());
  const bool is_name = !node.starts_with('.') && node.find('/') == std::string::npos;
  const std::string text =
      is_name ? read_bounded(arguments.mount + "/nodes/" + node + "/card.json", kMaxCardBytes) : "";
  if (text.empty()) {
    return complain(Exit::not_found,
                    "There is no card of " + printable(node) + ": `mesh card --write` there makes one.");
  }
  std::fputs(printable_lines(text).c_str(), stdout);
  return Exit::ok;
}

}  // namespace

Exit look_after_card(const Arguments& arguments) {
  if (!arguments.words.empty() && !arguments.has("--write")) return show_card_of(arguments, arguments.words[0]);
  if (!arguments.words.empty()) return complain(Exit::usage, "A node writes its own card only.");
  const auto card = card_of_this_node(arguments);
  if (!card) return complain(card.failure());
  const std::string text = card_text(*card), folder = arguments.mount + "/nodes/" + card->name;
  if (!arguments.has("--write")) {
    std::fputs(printable_lines(text).c_str(), stdout);
    return Exit::ok;
  }
  if (read_bounded(folder + "/card.json", kMaxCardBytes) == text) {
    std::printf("the card is up to date\n");
    return Exit::ok;
  }
  if (const Status written = put_card(folder, text); !written) return complain(written.failure());
  std::printf("the card is written: %s\n", printable(folder + "/card.json").c_str());
  return Exit::ok;
}

}  // namespace meshfs::tools
