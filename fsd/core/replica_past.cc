// The past, as tools ask for it.
#include "fsd/core/replica_parts.h"

namespace meshfs::fsd {

Status Replica::Parts::seal_now() {
  if (!authoring.has_open()) return {};
  collect_visible();  // what fsd made itself: the mount has not heard of it
  outbox.before_seal();
  Status sealed = authoring.seal();
  names.settle();
  (void)objects.take_visible();
  counters.save(ports.index);  // whoever asked may give up before anything else does
  return sealed;
}

Result<Hash> Replica::Parts::newest_entry(const ObjectId& object) {
  if (Status sealed = seal_now(); !sealed.ok()) return sealed.failure();
  const ObjectRecord record = objects.load(object);
  if (record.heads.empty()) return Errc::not_found;
  return record.heads.back().entry;
}

Result<PathLog> Replica::log(std::string_view path, std::size_t limit, std::string_view after) {
  std::optional<Bytes> from;
  if (!after.empty()) {
    auto version = parse_version(after);
    if (!version.ok()) return version.failure();
    from = std::move(*version);
  }
  (void)parts_->seal_now();  // a full disk must not hide what there is
  return parts_->files.log(path, limit, from);
}

Result<codec::Content> Replica::past_content(std::string_view path, std::string_view version) {
  const auto prefix = parse_version(version);
  if (!prefix.ok()) return prefix.failure();
  return parts_->files.past_content(path, *prefix);
}

Result<Hash> Replica::restore(std::string_view path, std::string_view version) {
  Parts& p = *parts_;
  const auto prefix = parse_version(version);
  if (!prefix.ok()) return prefix.failure();
  if (Status sealed = p.seal_now(); !sealed.ok()) return sealed.failure();
  const auto found = p.files.find_past(path);
  if (!found.ok()) return found.failure();
  const auto old = p.files.version_of(*found, *prefix);
  if (!old.ok()) return old.failure();
  if (Status restored = p.files.restore(*found, *old); !restored.ok()) return restored.failure();
  return p.newest_entry(found->object);
}

Result<Settled> Replica::settle_conflict(std::string_view path, bool keep_all, std::string_view version) {
  Parts& p = *parts_;
  if (Status sealed = p.seal_now(); !sealed.ok()) return sealed.failure();
  const auto found = p.files.find_past(path);
  if (!found.ok()) return found.failure();
  std::optional<Version> keep;
  if (!version.empty()) {
    const auto prefix = parse_version(version);
    if (!prefix.ok()) return prefix.failure();
    auto named = p.files.version_of(*found, *prefix);
    if (!named.ok()) return named.failure();
    keep = std::move(*named);
  }
  auto settled = p.files.settle_conflict(*found, keep_all, keep);
  if (!settled.ok()) return settled.failure();
  const auto kept = p.newest_entry(found->object);
  if (!kept.ok()) return kept.failure();
  settled->kept = *kept;
  return settled;
}

}  // namespace meshfs::fsd
