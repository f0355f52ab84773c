#include "fsd/core/members.h"

#include "fsd/core/index_keys.h"
#include "fsd/core/volumes.h"

namespace meshfs::fsd {

Members::Members(Table& index, const codec::Genesis& genesis)
    : index_(index), genesis_(genesis), network_(codec::network_id(genesis)) {
  for (const auto& member : all()) take(member);
}

std::vector<codec::Member> Members::all() const {
  std::vector<codec::Member> out;
  const Packer prefix = keys::begin(keys::Space::member);
  index_.scan(prefix.view(), [&](ByteView key, ByteView row) {
    if (!keys::after(key, prefix.view())) return false;
    if (auto member = codec::decode_member(row); member.ok()) out.push_back(std::move(*member));
    return true;
  });
  return out;
}

const KnownMember* Members::find(const AuthorTag& author) const {
  const auto at = by_author_.find(author);
  return at == by_author_.end() ? nullptr : &at->second;
}

bool Members::is_admin(const NodeId& node) const {
  return std::any_of(genesis_.admins.begin(), genesis_.admins.end(),
                     [&](const crypto::PublicKey& admin) { return admin.data == node.data; });
}

std::string Members::name_of(const AuthorTag& author) const {
  const KnownMember* member = find(author);
  if (member == nullptr) return author.hex();
  (void)folders();
  const auto name = names_.find(member->node);
  return name == names_.end() ? member->name : name->second;
}

std::optional<NodeId> Members::owner_of(const VolumeTag& node_volume) const {
  const auto at = owners_.find(node_volume);
  return at == owners_.end() ? std::nullopt : std::optional(at->second);
}

bool Members::verified(const codec::Member& member) const {
  return codec::verify_member(member, network_, genesis_.admission_key);
}

bool Members::add(const codec::Member& member) {
  const AuthorTag author = codec::author_tag(member.device, member.store);
  if (by_author_.contains(author)) return false;
  index_.put(keys::of(keys::Space::member, author).view(), codec::encode_member(member));
  take(member);
  return true;
}

void Members::take(const codec::Member& member) {
  by_author_[codec::author_tag(member.device, member.store)] = {member.node, member.device, member.epoch, member.name};
  owners_[codec::node_volume(member.node)] = member.node;
  folders_stale_ = true;
}

// Smallest key first: the same on every node that knows the same members.
const std::map<std::string, NodeId>& Members::folders() const {
  if (!std::exchange(folders_stale_, false)) return folders_;
  std::map<NodeId, std::pair<std::uint32_t, std::string>> newest;  // the name of each node's latest epoch
  for (const auto& [author, known] : by_author_) {
    auto& name = newest[known.node];
    name = std::max(name, std::pair(known.epoch, known.name));
  }
  folders_.clear();
  names_.clear();
  for (const auto& [node, name] : newest) {
    std::string folder = name.second;
    if (folders_.contains(folder)) folder += "-" + node.hex().substr(0, 4);
    if (folders_.contains(folder)) folder = name.second + "-" + node.hex();
    folders_.emplace(folder, node);
    names_[node] = folder;
  }
  return folders_;
}

std::optional<codec::Member> Members::stated_in(const codec::Entry& entry) const {
  const auto* state = std::get_if<codec::ObjectEntry>(&entry);
  if (state == nullptr || state->kind != codec::Kind::file || !state->place.value || !state->attributes.value) {
    return std::nullopt;
  }
  if (state->attributes.value->type != kMemberType || state->contents.size() != 1) return std::nullopt;
  const auto& content = state->contents.front().value;
  const auto* bytes = content ? std::get_if<Bytes>(&*content) : nullptr;
  if (bytes == nullptr) return std::nullopt;
  const auto member = codec::decode_member(*bytes);
  if (!member.ok()) return std::nullopt;
  const codec::Place place = member_place(codec::author_tag(member->device, member->store));
  if (state->place.value->now != place ||
      state->object != codec::object_id({kNetworkVolume, place.parent}, place.name, codec::Kind::file)) {
    return std::nullopt;
  }
  return *member;
}

std::optional<codec::Member> Members::introduced_by(const codec::Header& header,
                                                    const std::vector<codec::Entry>& entries) const {
  if (header.volume != kNetworkVolume) return std::nullopt;
  for (const auto& entry : entries) {
    const auto member = stated_in(entry);
    if (member && codec::author_tag(member->device, member->store) == header.author && verified(*member)) {
      return member;
    }
  }
  return std::nullopt;
}

}  // namespace meshfs::fsd
