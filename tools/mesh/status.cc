// mesh status: one screen. What is wrong comes first.
#include <algorithm>
#include <cstdio>

#include "tools/mesh/commands.h"
#include "tools/mesh/screen.h"
#include "tools/mesh/trouble.h"
#include "tools/mesh/view.h"

namespace meshfs::tools {
namespace {

// What is still to do, in the words of the one sentence that people look for.
std::string open_work(const Json& status, const Neighbours& neighbours) {
  std::string out;
  const auto add = [&](std::int64_t count, const char* one, const char* many) {
    if (count > 0) out += (out.empty() ? "" : ", ") + count_text(count, one, many);
  };
  add(status.at("missing_blobs").count(), "content still to fetch", "contents still to fetch");
  add(status.at("pending").count(), "entry waiting", "entries waiting");
  add(neighbours.known - neighbours.in_sync, "neighbour behind", "neighbours behind");
  add(neighbours.engine_behind, "node that an engine shows behind", "nodes that an engine shows behind");
  return out;
}

struct Sentence {
  std::string text;
  Paint paint;
};

Sentence verdict(const Json& status, const Neighbours& neighbours) {
  const std::string standing = shown(status, "standing");
  if (!standing.empty()) return {standing, Paint::warning};
  if (!status.at("syncd_connected").truth) return {"not connected: meshfs-syncd is not running", Paint::bad};
  if (neighbours.known == 0 && neighbours.by_engine == 0) return {"no neighbour in reach", Paint::warning};
  const std::string work = open_work(status, neighbours);
  return work.empty() ? Sentence{"all in sync", Paint::good} : Sentence{work, Paint::warning};
}

std::string node_line(const Json& status) {
  std::string out = shown(status, "node") + " (" + shown(status, "node_id").substr(0, 16) + ")";
  if (!status.at("version").text.empty()) out += ", meshfs " + shown(status, "version");
  const auto started = status.at("started_ms").count();
  const auto now = status.at("now_ms").count() > 0 ? status.at("now_ms").count() : status.at("network_time_ms").count();
  if (started > 0 && now > started) out += ", up " + duration_text(now - started);
  return out;
}

// The store's own figures if fsd tells them, else what the disk says.
std::string store_line(const Json& status) {
  const Json& store = status.at("store");
  std::string out;
  if (store.at("used").kind == Json::Kind::number) out += bytes_text(store.at("used").count()) + " used, ";
  if (store.at("free").kind == Json::Kind::number) return out + bytes_text(store.at("free").count()) + " free";
  return out;
}

// What is kept of the past, once it was looked at, and what waits to be given back.
std::string past_line(const Json& status) {
  const Json& content = status.at("content");
  std::string out;
  if (content.at("cycles").count() > 0) {
    out = bytes_text(content.at("history").count() + content.at("bases").count()) + " of old versions";
  }
  const auto garbage = content.at("garbage").count();
  if (garbage > 0) out += (out.empty() ? "" : ", ") + bytes_text(garbage) + " to give back";
  return out;
}

// What of the content is here by choice; empty if all of it is.
std::string keeps_line(const Json& keeps) {
  if (keeps.kind != Json::Kind::object) return {};
  if (keeps.at("everything").truth && keeps.at("placeholders").count() == 0) return {};
  std::string out = keeps.at("everything").truth ? "everything that fits" : bytes_text(keeps.at("kept_bytes").count());
  if (keeps.at("budget").kind == Json::Kind::number) out += " of " + bytes_text(keeps.at("budget").count());
  out += ", " + count_text(keeps.at("placeholders").count(), "placeholder", "placeholders") + " for " +
         bytes_text(keeps.at("placeholder_bytes").count());
  const auto dropped = keeps.at("dropped").count();
  return dropped == 0 ? out : out + ", " + std::to_string(dropped) + " dropped";
}

// "tcp [fe80::1%eth0]:5440" -> "tcp eth0": which of our links it is; the address stands in `mesh peers`.
std::string link_text(const Json& peer) {
  const std::string link = shown(peer, "link");
  const auto space = link.find(' '), percent = link.find('%');
  if (percent == std::string::npos) return link;
  const std::string interface = link.substr(percent + 1, link.find_first_of("]: ", percent) - percent - 1);
  return space < percent ? link.substr(0, space) + " " + interface : interface;
}

void print_neighbours(const Json& peers, const Neighbours& counts, bool colour) {
  constexpr std::size_t kMostShown = 8;  // one screen
  std::printf("neighbours  %lld, %lld of them in sync\n", static_cast<long long>(counts.known),
              static_cast<long long>(counts.in_sync));
  Table table({{""}, {""}, {""}, {""}, {""}, {""}}, colour);
  for (const auto& peer : peers.at("peers").list) {
    const bool timed = peer.at("rtt_ms").kind == Json::Kind::number;
    char rtt[32] = "";
    if (timed) std::snprintf(rtt, sizeof rtt, "%.1f ms", peer.at("rtt_ms").number);
    const auto& state = peer.at("state").text;
    const bool fine = state == "connected";
    const auto node = shown(peer, "name").empty() ? shown(peer, "id").substr(0, 16) : shown(peer, "name");
    table.add({"          ",
               {node, Paint::strong},
               {shown(peer, "state"), fine ? Paint::good : Paint::warning},
               std::string(rtt),
               {in_sync(peer) ? "in sync" : "behind", in_sync(peer) ? Paint::good : Paint::warning},
               link_text(peer) + (loss_text(peer) == "-" ? "" : ", loss " + loss_text(peer)) + ", heard " +
                   age_text(peer.at("last_heard_ms").count())});
    if (peers.at("peers").list.size() > kMostShown + 1 && &peer - peers.at("peers").list.data() + 1 == kMostShown)
      break;
  }
  table.print();
  if (peers.at("peers").list.size() > kMostShown + 1)
    std::printf("            and %zu more: mesh peers\n", peers.at("peers").list.size() - kMostShown);
}

// A line for each engine of the mesh that carries pages.
void print_engines(const Json& peers) {
  for (const auto& one : peers.at("bulletins").list) {
    std::printf("%-11s %s, %lld of %lld bytes in use\n", shown(one, "name").c_str(),
                count_text(one.at("nodes").count(), "node heard", "nodes heard").c_str(),
                static_cast<long long>(one.at("used_bytes").count()),
                static_cast<long long>(one.at("total_bytes").count()));
  }
}

// What is fetched right now, the first few.
void print_transfers(const std::string& mount) {
  constexpr std::size_t kMostShown = 3;
  const auto view = read_view(mount, "transfers");
  if (!view) return;  // gone meanwhile, or a daemon that has no such file
  const auto& list = view->json.at("transfers").list;
  for (std::size_t i = 0; i < std::min(list.size(), kMostShown); ++i) {
    std::string from;
    for (const auto& source : list[i].at("from").list) from += (from.empty() ? " from " : ", ") + shown(source, "node");
    const auto rate = list[i].at("bytes_per_s").count();
    std::printf("fetching    %s: %s of %s%s%s\n", shown(list[i], "path").c_str(),
                std::to_string(list[i].at("have").count()).c_str(),
                count_text(list[i].at("of").count(), "chunk", "chunks").c_str(), from.c_str(),
                rate > 0 ? (" at " + bytes_text(rate) + "/s").c_str() : "");
  }
  if (list.size() > kMostShown) std::printf("            and %zu more: .mesh/transfers\n", list.size() - kMostShown);
}

std::string backlog(const Json& status, const Json& peers) {
  std::string out;
  const auto add = [&](std::int64_t count, const char* one, const char* many) {
    if (count > 0) out += (out.empty() ? "" : ", ") + count_text(count, one, many);
  };
  add(status.at("missing_blobs").count(), "content to fetch", "contents to fetch");
  add(status.at("pending").count(), "entry waiting", "entries waiting");
  std::int64_t wanted = 0;
  for (const auto& peer : peers.at("peers").list) wanted += peer.at("wants_of_us").count();
  add(wanted, "piece to send", "pieces to send");
  return out.empty() ? "none" : out;
}

}  // namespace

Exit show_status(const Arguments& arguments) {
  const auto status = read_view(arguments.mount, "status");
  if (!status) return complain(status.failure());
  if (arguments.json) return print_raw(*status);
  const auto peers = read_view(arguments.mount, "peers");
  if (!peers) return complain(peers.failure());

  const auto neighbours = count_neighbours(peers->json);
  const auto sentence = verdict(status->json, neighbours);
  std::printf("%s, %s\n",
              count_text(std::max<std::int64_t>(status->json.at("nodes").count(), 1), "node", "nodes").c_str(),
              painted(arguments.colour, sentence.paint, sentence.text).c_str());
  for (const auto& finding : judge_view(status->json, peers->json, arguments.mount)) {
    if (finding.verdict != Verdict::bad && finding.verdict != Verdict::warning) continue;
    const auto paint = finding.verdict == Verdict::bad ? Paint::bad : Paint::warning;
    std::printf("%s %s\n  -> %s\n", painted(arguments.colour, paint, "!").c_str(), finding.what.c_str(),
                finding.repair.c_str());
  }
  std::printf("network     %s\n", shown(status->json, "network").c_str());
  std::printf("this node   %s\n", node_line(status->json).c_str());
  print_neighbours(peers->json, neighbours, arguments.colour);
  print_engines(peers->json);
  std::printf("backlog     %s\n", backlog(status->json, peers->json).c_str());
  print_transfers(arguments.mount);
  std::printf("files       %lld in %lld objects, %lld entries\n",
              static_cast<long long>(status->json.at("files").count()),
              static_cast<long long>(status->json.at("objects").count()),
              static_cast<long long>(status->json.at("entries").count()));
  if (const auto keeps = keeps_line(status->json.at("keeps")); !keeps.empty())
    std::printf("keeps       %s\n", keeps.c_str());
  if (const auto store = store_line(status->json); !store.empty()) std::printf("disk        %s\n", store.c_str());
  if (const auto past = past_line(status->json); !past.empty()) std::printf("old         %s\n", past.c_str());
  std::printf("conflicts   %s\n", status->json.at("conflicts").count() == 0
                                      ? "none"
                                      : std::to_string(status->json.at("conflicts").count()).c_str());
  return Exit::ok;
}

}  // namespace meshfs::tools
