#include "tools/mesh/trouble.h"

#include <algorithm>

#include "schema/vocab/quoting.h"
#include "tools/mesh/screen.h"

namespace meshfs::tools {
namespace {

// fsd keeps 1 % (at least 4 MiB) for deletes and policy; ten times that is the time to act.
constexpr std::int64_t kReserve = 4 * 1024 * 1024;

Finding judge_network_daemon(const Json& status) {
  if (status.at("syncd_connected").truth) return {Verdict::good, "network", "meshfs-syncd is connected", ""};
  return {Verdict::bad, "network", "meshfs-syncd is not running: nothing goes out or comes in",
          "systemctl start meshfs-syncd, or start it by hand"};
}

Finding judge_neighbours(const Json& status, const Neighbours& neighbours) {
  const std::string known = count_text(neighbours.known, "neighbour", "neighbours");
  if (!status.at("syncd_connected").truth)
    return {Verdict::unknown, "neighbours", "not known without meshfs-syncd", ""};
  if (neighbours.known == 0 && neighbours.by_engine > 0) {
    return {Verdict::good, "neighbours",
            "none on a direct link; " + count_text(neighbours.by_engine, "node", "nodes") + " by an engine of the mesh",
            ""};
  }
  if (neighbours.known == 0) {
    return {Verdict::warning, "neighbours", "no neighbour in reach",
            "check the cable or radio, that the other node runs, and that nothing filters UDP and TCP port 5440"};
  }
  if (!neighbours.refusal.empty()) {
    const std::string what = known + ", one refuses this node: " + printable(neighbours.refusal);
    if (neighbours.in_sync > 0)  // perhaps that one has not heard yet who was let in
      return {Verdict::warning, "neighbours", what,
              "it is asked again within 10 minutes; `mesh peers` shows which one it is"};
    return {Verdict::bad, "neighbours", what,
            "if that should not be, ask an admin for a fresh invite: `mesh join` with it and an empty state folder"};
  }
  if (neighbours.silent > 0) {
    return {Verdict::warning, "neighbours", known + ", " + std::to_string(neighbours.silent) + " of them silent",
            "`mesh peers` shows since when; look at that link or node"};
  }
  return {Verdict::good, "neighbours", known + ", " + std::to_string(neighbours.in_sync) + " in sync", ""};
}

Finding judge_conflicts(const Json& status) {
  const auto conflicts = status.at("conflicts").count();
  if (conflicts == 0) return {Verdict::good, "conflicts", "none", ""};
  return {Verdict::warning, "conflicts",
          count_text(conflicts, "file has several versions", "files have several versions"),
          "`mesh conflicts` lists them and settles them"};
}

Finding judge_history(const Json& status) {
  const Json& flagged = status.at("flagged");
  if (!flagged.truth && flagged.count() == 0) return {Verdict::good, "history", "every device wrote one history", ""};
  return {Verdict::bad, "history", "this device wrote two histories (a copied or restored store): it publishes no more",
          "move the state folder away and join again with a fresh invite; files written here and not sent are in the "
          "old one"};
}

Finding judge_writes(const Json& status) {
  const Json& read_only = status.at("read_only");
  // Two reasons have a finding of their own.
  if (status.at("flagged").truth || status.at("store").at("read_only").truth)
    return {Verdict::unknown, "store", "takes no writes", ""};
  if (!read_only.truth && read_only.text.empty()) return {Verdict::good, "store", "takes writes", ""};
  return {Verdict::bad, "store", "takes no writes" + (read_only.text.empty() ? "" : ": " + printable(read_only.text)),
          "free space on its disk or repair it, then restart meshfs-fsd"};
}

}  // namespace

bool in_sync(const Json& peer) {
  const auto& sets = peer.at("in_sync").members;
  return !sets.empty() && std::all_of(sets.begin(), sets.end(), [](const auto& set) { return set.second.truth; });
}

std::string loss_text(const Json& peer) {
  const Json& loss = peer.at("loss_permille");
  if (loss.kind != Json::Kind::number) return "-";
  return std::to_string(loss.count() / 10) + "." + std::to_string(loss.count() % 10) + " %";
}

Neighbours count_neighbours(const Json& peers) {
  Neighbours out;
  for (const auto& peer : peers.at("peers").list) {
    ++out.known;
    out.in_sync += in_sync(peer) ? 1 : 0;
    out.silent += peer.at("state").text == "silent" || peer.at("state").text == "banned" ? 1 : 0;
    const std::string_view reason = peer.at("reason").text;
    constexpr std::string_view kToldUs = "told us: ";  // what this node told others is no trouble of its own
    if (peer.at("state").text == "refused" && reason.starts_with(kToldUs)) out.refusal = reason.substr(kToldUs.size());
  }
  for (const auto& one : peers.at("bulletins").list) {
    out.by_engine += one.at("nodes").count();
    out.engine_behind += one.at("different").count();
  }
  return out;
}

Finding judge_disk(std::int64_t free_bytes, std::int64_t total_bytes, bool read_only, const std::string& folder) {
  const std::string free = bytes_text(free_bytes) + " free of " + bytes_text(total_bytes);
  if (read_only) {
    return {Verdict::bad, "disk", "the disk of " + printable(folder) + " is mounted read-only: nothing can be written",
            "look at dmesg for what went wrong with it; mount -o remount,rw once it is repaired"};
  }
  const std::int64_t reserve = std::max(kReserve, total_bytes / 100);
  const std::string repair = "delete files in the mesh that nobody needs, or free space beside " + printable(folder);
  if (free_bytes <= reserve) return {Verdict::bad, "disk", "full: " + free + ", only deletes go through", repair};
  if (free_bytes <= 10 * reserve && free_bytes * 20 <= total_bytes)
    return {Verdict::warning, "disk", "almost full: " + free, repair};
  return {Verdict::good, "disk", free, ""};
}

void judge_bulletins(const Json& peers, std::vector<Finding>& out) {
  for (const auto& one : peers.at("bulletins").list) {
    const std::string name = printable(one.at("name").text);
    const std::string trouble = printable(one.at("trouble").text);
    if (!trouble.empty()) {
      out.push_back({Verdict::warning, name, trouble, "it is tried again by itself; `mesh peers` shows how it is"});
    } else if (one.at("up").truth) {
      out.push_back({Verdict::good, name, count_text(one.at("nodes").count(), "node", "nodes") + " heard", ""});
    }
  }
}

std::vector<Finding> judge_view(const Json& status, const Json& peers, const std::string& mount) {
  std::vector<Finding> out{judge_network_daemon(status), judge_neighbours(status, count_neighbours(peers)),
                           judge_writes(status), judge_history(status), judge_conflicts(status)};
  judge_bulletins(peers, out);
  const Json& store = status.at("store");
  if (store.at("total").count() > 0) {
    out.push_back(
        judge_disk(store.at("free").count(), store.at("total").count(), store.at("read_only").truth, "the store"));
  }
  const auto candidates = status.at("candidates").count();
  if (candidates > 0) {
    out.push_back({Verdict::warning, "candidates", count_text(candidates, "node waits", "nodes wait") + " to be let in",
                   "nothing if the node that invited it can be reached; `mesh nodes` shows who, an admin may approve"});
  }
  const auto pending = status.at("pending").count();
  if (pending > 0) {
    out.push_back({Verdict::warning, "arrivals",
                   count_text(pending, "entry waits", "entries wait") + " for what it refers to",
                   "nothing if it is gone in a minute; else see " + printable(mount) + "/.mesh/pending"});
  }
  return out;
}

}  // namespace meshfs::tools
