#include "fsd/main/live_view.h"

#include "fsd/main/disk_figures.h"
#include "fsd/main/json_text.h"
#include "schema/os/loop.h"

namespace meshfs::fsd {
Result<std::string> LiveView::text(std::string_view name) {
  if (name == "status") return status();
  if (name == "peers") return peers_.empty() ? std::string("{\"peers\":[]}\n") : peers_;
  if (name == "conflicts") return conflicts();
  if (name == "pending") return pending();
  if (name == "transfers") return transfers();
  return Errc::not_found;
}

// Root keys.
static std::string keys_of(const std::set<NodeId>& nodes) {
  JsonList keys('[', ']');
  for (const NodeId& node : nodes) keys.add(json_quoted(node.hex()));
  return keys.str();
}

std::string LiveView::status() const {
  const Replica::Status_ now = replica_.status();
  const fuse::Mount::Figures mount = figures_();
  JsonList sets('[', ']');
  for (const codec::SetSummary& set : now.sets) {
    sets.add(json_object({text_member("set", set_name(set.set)), member("count", set.count),
                          text_member("fingerprint", set.fingerprint.hex())}));
  }
  JsonList groups('{', '}');
  for (const auto& [name, nodes] : now.groups) groups.add(member(name, keys_of(nodes)));
  JsonList node_keys('{', '}');
  for (const auto& [name, node] : replica_.node_folders()) node_keys.add(text_member(name, node.hex()));
  return json_object({text_member("network", network_.name),
                      text_member("node", network_.node_name),
                      text_member("node_id", network_.node.hex()),
                      text_member("socket", network_.socket),
                      text_member("mount", network_.mount),
                      text_member("version", MESHFS_VERSION),
                      member("started_ms", network_.started.ms),
                      member("now_ms", os::Loop::wall().ms),
                      member("store", store_figures()),
                      member("content", content_figures()),
                      member("objects", now.objects),
                      member("files", now.files),
                      member("entries", now.entries),
                      member("conflicts", now.conflicts),
                      member("pending", now.pending),
                      member("missing_blobs", now.missing_blobs),
                      member("keeps", keeps()),
                      member("network_time_ms", now.network_time.ms),
                      member("nodes", now.nodes),
                      member("candidates", now.candidates),
                      text_member("standing", now.standing),
                      member("admins", keys_of(now.admins)),
                      member("guests", keys_of(now.guests)),
                      member("revoked", keys_of(now.revoked)),
                      member("groups", groups.str()),
                      member("commanders", commanders()),
                      member("node_keys", node_keys.str()),
                      member("flagged", now.flagged),
                      text_member("read_only", why_read_only(now.flagged)),
                      member("syncd_connected", now.syncd_connected),
                      member("events_made", mount.events),
                      member("events_unwatched", mount.unwatched),
                      member("watcher_scans", mount.scans),
                      member("watcher_scan_us", mount.scan_us),
                      member("sets", sets.str())}) +
         "\n";
}

// Whom rules of policy or loans let command: by root key, then by verb; "*" is any verb that is not named.
std::string LiveView::commanders() const {
  JsonList all('{', '}');
  const auto verbs = replica_.verbs_of_policy();
  if (verbs.empty()) return all.str();
  for (const auto& [folder, node] : replica_.folders()) {
    const auto may = [&, &key = node](std::string_view verb) {
      return replica_.decide_now(key, {codec::PolicyVerb::command, kCommandsVolume, verb, replica_.network_time()})
          .allowed;
    };
    const bool any = !replica_.epochs().revoked(node) && may({});
    JsonList one('{', '}');
    if (any) one.add(member("*", true));
    for (const std::string& verb : verbs) {
      if (!verb.empty() && !replica_.epochs().revoked(node) && may(verb) != any) one.add(member(verb, !any));
    }
    if (one.str() != JsonList('{', '}').str()) all.add(member(node.hex(), one.str()));
  }
  return all.str();
}

// What of the contents is here by choice. `budget` is null without one.
std::string LiveView::keeps() const {
  const Replica::Keep now = replica_.keep();
  return json_object({member("everything", now.rules.everything()),
                      member("budget", now.budget ? std::to_string(*now.budget) : "null"),
                      member("kept_bytes", now.kept_bytes), member("placeholders", now.placeholders),
                      member("placeholder_bytes", now.placeholder_bytes), member("dropped", now.gone.dropped),
                      member("dropped_bytes", now.gone.dropped_bytes), member("over_budget", now.gone.over_budget),
                      member("last_copies", now.gone.last_copies)});
}

// Empty while everything can be written; else what stands in the way and what to do.
std::string LiveView::why_read_only(bool flagged) const {
  if (flagged) return "Two stores sign with this node's key (a copied or restored store): join again with a new key.";
  if (!look_at_disk(network_.store).read_only) return {};
  return "The disk is full but for a reserve: make room on it. Deleting files still works.";
}

std::string LiveView::store_figures() const {
  const DiskFigures disk = look_at_disk(network_.store);
  return json_object({member("used", disk.used), member("free", disk.free), member("total", disk.total),
                      member("read_only", disk.read_only)});
}

// What the chunks are for. history, bases and live are of the last look (cycle); garbage is what compaction has yet to give
// back.
std::string LiveView::content_figures() const {
  const Replica::Kept kept = replica_.kept();
  const Store::Usage usage = usage_();
  return json_object({member("bytes", usage.live_bytes), member("live", kept.live_bytes),
                      member("history", kept.history_bytes), member("bases", kept.base_bytes),
                      member("garbage", usage.dead_bytes), member("blobs", usage.blobs), member("cycles", kept.cycles),
                      member("collecting", kept.collecting), member("erased", kept.erased_bytes),
                      member("compacted_segments", usage.compacted.segments + usage.meta_compacted.segments),
                      member("compacted_bytes", usage.compacted.copied_bytes + usage.meta_compacted.copied_bytes),
                      member("freed_bytes", usage.compacted.freed_bytes + usage.meta_compacted.freed_bytes)});
}

std::string LiveView::conflicts() const {
  JsonList list('[', ']');
  for (const Replica::Conflict& one : replica_.conflicts()) {
    list.add(json_object(
        {text_member("path", one.path), text_member("author", one.author), member("when_ms", one.when.ms)}));
  }
  return json_object({member("conflicts", list.str())}) + "\n";
}

std::string LiveView::pending() const {
  JsonList list('[', ']');
  for (const Replica::Pending& one : replica_.pending()) {
    list.add(json_object({text_member("what", one.what), text_member("waits_for", one.waits_for)}));
  }
  return json_object({member("pending", list.str())}) + "\n";
}

std::string LiveView::transfers() const {
  JsonList list('[', ']');
  for (const Replica::Transfer& one : replica_.transfers()) {
    JsonList from('[', ']');
    std::uint64_t rate = 0;
    for (const auto& source : one.from) {
      rate += source.bytes_per_s;
      from.add(json_object({text_member("node", source.from), member("bytes_per_s", source.bytes_per_s)}));
    }
    list.add(json_object({text_member("path", one.path), text_member("content", one.content.hex()),
                          member("bytes", one.bytes), member("have", one.progress.have), member("of", one.progress.of),
                          member("from", from.str()), member("bytes_per_s", rate)}));
  }
  JsonList too_large('[', ']');
  for (const Replica::TooLarge& one : replica_.too_large(100)) {
    too_large.add(
        json_object({text_member("path", one.path), member("bytes", one.bytes), text_member("why", one.why)}));
  }
  return json_object({member("transfers", list.str()), member("too_large", too_large.str())}) + "\n";
}

}  // namespace meshfs::fsd
