// Far questions and transfers, as tools ask for them.
#include "fsd/core/replica_parts.h"

namespace meshfs::fsd {

namespace {

constexpr std::size_t kMaxTransfers = 100;

Subject subject_from(const ObjectId& object, const Hash& entry, const std::optional<codec::Content>& content) {
  Subject out{object, entry, {}};
  if (!content) return out;
  if (const auto* chunked = std::get_if<codec::ChunkedContent>(&*content)) out.content = *chunked;
  return out;
}

}  // namespace

Result<Replica::Asked> Replica::Parts::version_of(const PastPath& path, std::string_view version) {
  Asked out;
  out.path = path.path;
  if (!version.empty()) {
    const auto prefix = parse_version(version);
    if (!prefix.ok()) return prefix.failure();
    const auto found = files.version_of(path, *prefix);
    if (!found.ok()) return found.failure();
    out.entry = found->entry;
    if (found->content) out.content = found->content->value;
    return out;
  }
  const ObjectRecord record = objects.load(path.object);
  const auto shown = objects.shown(record);
  if (!shown || record.heads.empty()) return error(Errc::not_found, "'/" + path.path + "' has no version yet.");
  out.entry = record.heads.back().entry;
  if (!shown->contents.empty()) out.content = shown->contents.front().value;
  if (!path.shown || !path.shown->sibling) return out;
  for (const auto& content : shown->contents) {
    if (content.stamp != *path.shown->sibling) continue;
    out.entry = content.origin;
    out.content = content.value;
  }
  return out;
}

Status Replica::ask_far(std::string_view path, std::string_view version, std::string_view node, Duration wait,
                        Answered done) {
  Parts& p = *parts_;
  (void)p.seal_now();
  const auto found = p.files.find_past(path);
  if (!found.ok()) return found.failure();
  auto asked = p.version_of(*found, version);
  if (!asked.ok()) return asked.failure();
  asked->node = node;
  std::optional<NodeId> target;
  if (!node.empty()) {
    const auto& folders = p.members.folders();
    const auto at = folders.find(std::string(node));
    if (at == folders.end()) {
      return error(Errc::not_found, "No node is called '" + std::string(node) +
                                        "': those of this network have a folder in /mesh/nodes.");
    }
    target = at->second;
  }
  const bool far = target != p.identity.member.node;
  if (far && !p.outbox.is_connected()) {
    return error(Errc::unreachable, "meshfs-syncd is not connected, so no other node can be asked: start it.");
  }
  const Subject subject = subject_from(found->object, asked->entry, asked->content);
  return p.inquiries.ask(
      subject, target, wait,
      [asked = std::move(*asked), done = std::move(done)](const FarOutcome& outcome) { done(asked, outcome); });
}

std::vector<Replica::Transfer> Replica::transfers() const {
  Parts& p = *parts_;
  std::vector<Transfer> out;
  for (const auto& content : p.needs.incomplete(kMaxTransfers)) {
    Transfer one;
    one.content = content.root;
    one.bytes = content.size;
    one.progress = p.needs.progress(content);
    one.from = p.transfers.rates(content.root, p.now);
    const auto objects = p.needs.waiting_for(content.root);
    if (!objects.empty()) one.path = p.files.path_to_be(objects.front());
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace meshfs::fsd
