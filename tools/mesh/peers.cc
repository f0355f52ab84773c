// mesh peers: the neighbours, their links and what went over them.
#include <cstdio>

#include "tools/mesh/commands.h"
#include "tools/mesh/screen.h"
#include "tools/mesh/trouble.h"
#include "tools/mesh/view.h"

namespace meshfs::tools {
namespace {

std::string milliseconds_of(const Json& rtt) {
  if (rtt.kind != Json::Kind::number) return "-";
  char text[32];
  std::snprintf(text, sizeof text, "%.1f ms", rtt.number);
  return text;
}

// The engines that carry pages of this node, if any.
void print_bulletins(const Json& peers, bool colour) {
  if (peers.at("bulletins").list.empty()) return;
  Table table({{"ENGINE"},
               {"STATE"},
               {"NODES", true},
               {"ONLY HERE", true},
               {"PAGES", true},
               {"BYTES", true},
               {"CHANGED", true},
               {"VERSION"}},
              colour);
  for (const auto& one : peers.at("bulletins").list) {
    const bool fine = one.at("up").truth && one.at("trouble").text.empty();
    const auto of = [&](std::string_view used, std::string_view all) {
      return std::to_string(one.at(used).count()) + " of " + std::to_string(one.at(all).count());
    };
    const Json& changed = one.at("last_change_ms");
    table.add({{shown(one, "name"), Paint::strong},
               {fine ? "in use" : "in trouble", fine ? Paint::good : Paint::warning},
               std::to_string(one.at("nodes").count()),
               std::to_string(one.at("only_here").count()),
               of("used_pages", "pages"),
               of("used_bytes", "total_bytes"),
               changed.kind == Json::Kind::number ? age_text(changed.count()) : "-",
               shown(one, "engine")});
  }
  std::printf("\n");
  table.print();
  for (const auto& one : peers.at("bulletins").list) {
    if (!one.at("trouble").text.empty())
      std::printf("%s: %s\n", shown(one, "name").c_str(), shown(one, "trouble").c_str());
  }
}

}  // namespace

Exit show_peers(const Arguments& arguments) {
  const auto peers = read_view(arguments.mount, "peers");
  if (!peers) return complain(peers.failure());
  if (arguments.json) return print_raw(*peers);
  Table table({{"NEIGHBOUR"},
               {"STATE"},
               {"IN SYNC"},
               {"HEARD", true},
               {"RTT", true},
               {"LOSS", true},
               {"SENT", true},
               {"RECEIVED", true},
               {"LINK"}},
              arguments.colour);
  for (const auto& peer : peers->json.at("peers").list) {
    const auto node = shown(peer, "name").empty() ? shown(peer, "id").substr(0, 16) : shown(peer, "name");
    const bool connected = peer.at("state").text == "connected";
    table.add({{node, Paint::strong},
               {shown(peer, "state"), connected ? Paint::good : Paint::warning},
               {in_sync(peer) ? "yes" : "no", in_sync(peer) ? Paint::good : Paint::warning},
               age_text(peer.at("last_heard_ms").count()),
               milliseconds_of(peer.at("rtt_ms")),
               loss_text(peer),
               bytes_text(peer.at("bytes_out").count()),
               bytes_text(peer.at("bytes_in").count()),
               shown(peer, "link")});
  }
  if (table.empty()) {
    std::printf("no neighbour in reach\n");
  } else {
    table.print();
  }
  print_bulletins(peers->json, arguments.colour);
  return Exit::ok;
}

}  // namespace meshfs::tools
