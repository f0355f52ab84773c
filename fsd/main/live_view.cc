#include "fsd/main/live_view.h"

#include "schema/vocab/quoting.h"

namespace meshfs::fsd {
namespace {

std::string member(std::string_view key, const std::string& value) { return json_quoted(key) + ":" + value; }
std::string member(std::string_view key, std::uint64_t value) { return member(key, std::to_string(value)); }
std::string truth(bool value) { return value ? "true" : "false"; }

}  // namespace

Result<std::string> LiveView::text(std::string_view name) {
  if (name == "status") return status();
  if (name == "peers") return peers_.empty() ? std::string("{\"peers\":[]}\n") : peers_;
  if (name == "conflicts") return conflicts();
  if (name == "pending") return pending();
  return Errc::not_found;
}

std::string LiveView::status() const {
  const Replica::Status_ now = replica_.status();
  std::string sets;
  for (const codec::SetSummary& set : now.sets) {
    sets += (sets.empty() ? "{" : ",{") + member("set", json_quoted(set_name(set.set))) + "," +
            member("count", set.count) + "," + member("fingerprint", json_quoted(set.fingerprint.hex())) + "}";
  }
  return "{" + member("network", json_quoted(network_.name)) + "," + member("node", json_quoted(network_.node_name)) +
         "," + member("node_id", json_quoted(network_.node.hex())) + "," +
         member("socket", json_quoted(network_.socket)) + "," + member("objects", now.objects) + "," +
         member("files", now.files) + "," + member("entries", now.entries) + "," + member("conflicts", now.conflicts) +
         "," + member("pending", now.pending) + "," + member("missing_blobs", now.missing_blobs) + "," +
         member("network_time_ms", std::to_string(now.network_time.ms)) + "," + member("flagged", truth(now.flagged)) +
         "," + member("syncd_connected", truth(now.syncd_connected)) + "," + member("sets", "[" + sets + "]") + "}\n";
}

std::string LiveView::conflicts() const {
  std::string list;
  for (const Replica::Conflict& one : replica_.conflicts()) {
    list += (list.empty() ? "{" : ",{") + member("path", json_quoted(one.path)) + "," +
            member("author", json_quoted(one.author)) + "," + member("when_ms", std::to_string(one.when.ms)) + "}";
  }
  return "{" + member("conflicts", "[" + list + "]") + "}\n";
}

std::string LiveView::pending() const {
  std::string list;
  for (const Replica::Pending& one : replica_.pending()) {
    list += (list.empty() ? "{" : ",{") + member("what", json_quoted(one.what)) + "," +
            member("waits_for", json_quoted(one.waits_for)) + "}";
  }
  return "{" + member("pending", "[" + list + "]") + "}\n";
}

}  // namespace meshfs::fsd
