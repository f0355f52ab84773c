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
  return Errc::not_found;
}

std::string LiveView::status() const {
  const Replica::Status_ now = replica_.status();
  JsonList sets('[', ']');
  for (const codec::SetSummary& set : now.sets) {
    sets.add(json_object({text_member("set", set_name(set.set)), member("count", set.count),
                          text_member("fingerprint", set.fingerprint.hex())}));
  }
  return json_object({text_member("network", network_.name), text_member("node", network_.node_name),
                      text_member("node_id", network_.node.hex()), text_member("socket", network_.socket),
                      text_member("version", MESHFS_VERSION), member("started_ms", network_.started.ms),
                      member("now_ms", os::Loop::wall().ms), member("store", store_figures()),
                      member("objects", now.objects), member("files", now.files), member("entries", now.entries),
                      member("conflicts", now.conflicts), member("pending", now.pending),
                      member("missing_blobs", now.missing_blobs), member("network_time_ms", now.network_time.ms),
                      member("flagged", now.flagged), member("syncd_connected", now.syncd_connected),
                      member("sets", sets.str())}) +
         "\n";
}

std::string LiveView::store_figures() const {
  const DiskFigures disk = look_at_disk(network_.store);
  return json_object({member("used", disk.used), member("free", disk.free), member("total", disk.total),
                      member("read_only", disk.read_only)});
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

}  // namespace meshfs::fsd
