#include "fsd/fuse/held_tree.h"

namespace meshfs::fsd::fuse {

void HeldTree::hide(const NodeKey& directory, const std::string& name, std::uint64_t owner) {
  hidden_[directory][name] = owner;
}

void HeldTree::unhide(const NodeKey& directory, const std::string& name, std::uint64_t owner) {
  const auto names = hidden_.find(directory);
  if (names == hidden_.end()) return;
  const auto at = names->second.find(name);
  if (at == names->second.end() || at->second != owner) return;
  names->second.erase(at);
  if (names->second.empty()) hidden_.erase(names);
}

bool HeldTree::hides(const NodeKey& directory, std::string_view name) const {
  if (hidden_.empty()) return false;
  const auto names = hidden_.find(directory);
  return names != hidden_.end() && names->second.contains(name);
}

void HeldTree::keep_version(const NodeKey& node, std::shared_ptr<const Visible::Before> before, std::uint64_t owner) {
  kept_[node] = {std::move(before), owner};
}

void HeldTree::show_version(const NodeKey& node, std::uint64_t owner) {
  const auto at = kept_.find(node);
  if (at != kept_.end() && at->second.owner == owner) kept_.erase(at);
}

const Visible::Before* HeldTree::kept_version(const NodeKey& node) const {
  if (kept_.empty()) return nullptr;
  const auto at = kept_.find(node);
  return at == kept_.end() ? nullptr : at->second.before.get();
}

std::uint64_t HeldTree::hider(const NodeKey& directory, std::string_view name) const {
  const auto names = hidden_.find(directory);
  if (names == hidden_.end()) return 0;
  const auto at = names->second.find(name);
  return at == names->second.end() ? 0 : at->second;
}

std::uint64_t HeldTree::keeper(const NodeKey& node) const {
  const auto at = kept_.find(node);
  return at == kept_.end() ? 0 : at->second.owner;
}

void HeldTree::meet(const NodeKey& directory, std::string_view name) {
  if (const auto names = hidden_.find(directory); names != hidden_.end()) {
    if (const auto at = names->second.find(name); at != names->second.end()) names->second.erase(at);
    if (names->second.empty()) hidden_.erase(names);
  }
  if (kept_.empty()) return;
  if (const auto node = real_.lookup(directory, name)) kept_.erase(*node);
}

Result<NodeKey> HeldTree::lookup(const NodeKey& directory, std::string_view name) {
  if (hides(directory, name)) return Errc::not_found;
  return real_.lookup(directory, name);
}

Result<NodeInfo> HeldTree::info(const NodeKey& node) {
  auto info = real_.info(node);
  const Visible::Before* const before = kept_version(node);
  if (before == nullptr || !info) return info;
  info->content = before->content;
  info->content_stamp = before->content_stamp;
  info->attributes = before->attributes;
  return info;
}

Status HeldTree::list(const NodeKey& directory, std::string_view after,
                      const std::function<bool(const DirectoryItem&)>& visit) {
  if (!hidden_.contains(directory)) return real_.list(directory, after, visit);
  return real_.list(directory, after,
                    [&](const DirectoryItem& item) { return hides(directory, item.name) || visit(item); });
}

Result<NodeKey> HeldTree::make_directory(const NodeKey& directory, std::string_view name,
                                         const codec::Attributes& attributes) {
  meet(directory, name);
  return real_.make_directory(directory, name, attributes);
}

Result<NodeKey> HeldTree::make_symlink(const NodeKey& directory, std::string_view name, std::string_view target,
                                       const codec::Attributes& attributes) {
  meet(directory, name);
  return real_.make_symlink(directory, name, target, attributes);
}

Result<NodeKey> HeldTree::make_file(const NodeKey& directory, std::string_view name,
                                    const codec::Attributes& attributes) {
  meet(directory, name);
  return real_.make_file(directory, name, attributes);
}

Status HeldTree::set_attributes(const NodeKey& node, const codec::Attributes& attributes) {
  if (const auto kept = kept_.find(node); kept != kept_.end()) {  // the old version, with the new attributes
    auto before = std::make_shared<Visible::Before>(*kept->second.before);
    before->attributes = attributes;
    kept->second.before = std::move(before);
  }
  return real_.set_attributes(node, attributes);
}

// Who opens the old version edits that one: what came meanwhile stands beside it as a conflict, nothing is lost.
Result<std::vector<Stamp>> HeldTree::content_base(const NodeKey& node) {
  if (const Visible::Before* before = kept_version(node)) return std::vector<Stamp>{before->content_stamp};
  return real_.content_base(node);
}

Status HeldTree::write_content(const NodeKey& node, const codec::Content& content, const std::vector<Stamp>& base,
                               std::int64_t mtime_ns) {
  kept_.erase(node);
  return real_.write_content(node, content, base, mtime_ns);
}

Status HeldTree::link(const NodeKey& node, const NodeKey& directory, std::string_view name) {
  meet(directory, name);
  return real_.link(node, directory, name);
}

Status HeldTree::unlink(const NodeKey& directory, std::string_view name) {
  meet(directory, name);
  return real_.unlink(directory, name);
}

Status HeldTree::remove_directory(const NodeKey& directory, std::string_view name) {
  meet(directory, name);
  return real_.remove_directory(directory, name);
}

Result<FileTree::Renamed> HeldTree::rename(const NodeKey& from_directory, std::string_view from,
                                           const NodeKey& to_directory, std::string_view to, RenameMode mode) {
  meet(from_directory, from);
  meet(to_directory, to);
  return real_.rename(from_directory, from, to_directory, to, mode);
}

}  // namespace meshfs::fsd::fuse
