#include "fsd/main/device_seals.h"

#include <algorithm>

namespace meshfs::fsd {
namespace {

using Opened = Result<std::shared_ptr<const crypto::Seal>>;

// Devices of the last epoch of each of these nodes, and no other's.
std::vector<crypto::SealReader> devices_of(const std::vector<codec::Member>& members,
                                           const std::vector<NodeId>& nodes) {
  std::vector<crypto::SealReader> out;
  for (const codec::Member& member : members) {
    if (std::find(nodes.begin(), nodes.end(), member.node) == nodes.end()) continue;
    const bool older = std::any_of(members.begin(), members.end(), [&](const codec::Member& other) {
      return other.node == member.node && other.epoch > member.epoch;
    });
    if (older) continue;
    out.push_back({codec::author_tag(member), *crypto::PublicKey::from(member.device.view())});
  }
  return out;
}

}  // namespace

DeviceSeals::DeviceSeals(const codec::Identity& identity, Replica& replica)
    : own_(codec::author_tag(identity.member)), replica_(replica), reader_(replica.blobs()) {
  devices_.push_back({own_, crypto::SigningKey::from_seed(identity.device_seed)});
  for (const codec::FormerDevice& former : identity.former) {
    auto key = crypto::SigningKey::from_seed(former.seed);
    const DeviceKey device{key.public_key().data};
    devices_.push_back({codec::author_tag(identity.member.node, device, former.store), std::move(key)});
  }
}

bool DeviceSeals::own_among(const SealTags& readers) const {
  return std::any_of(devices_.begin(), devices_.end(),
                     [&](const Device& one) { return std::binary_search(readers.begin(), readers.end(), one.author); });
}

Result<crypto::Seal> DeviceSeals::open_with_any(ByteView first, std::uint64_t sealed) const {
  Result<crypto::Seal> out = Errc::denied;
  for (const Device& one : devices_) {
    out = crypto::Seal::open(first, sealed, one.author, one.key);
    if (out.ok() || out.code() != Errc::denied) break;
  }
  return out;
}

Opened DeviceSeals::open(const codec::Content& content) {
  const auto* chunked = std::get_if<codec::ChunkedContent>(&content);
  if (chunked != nullptr) {
    if (const auto at = known_.find(chunked->root); at != known_.end()) return at->second;
  }
  const auto first = reader_.read(content, 0, crypto::kMaxSealHeaderBytes);
  if (!first && first.code() == Errc::not_found)
    return error(Errc::unreachable, "the header of a sealed file is not here");
  if (!first) return first.failure();
  std::shared_ptr<const crypto::Seal> out;
  if (crypto::looks_sealed(*first)) {
    auto seal = open_with_any(*first, codec::size_of(content));
    if (!seal && seal.code() != Errc::denied) return seal.failure();
    if (seal) out = std::make_shared<const crypto::Seal>(std::move(*seal));
  }
  if (chunked != nullptr) {
    if (known_.size() >= kMaxKnown) known_.clear();
    known_[chunked->root] = out;
  }
  return out;
}

Opened DeviceSeals::make(const SealTags& readers, std::uint64_t plain_bytes) {
  const std::vector<codec::Member> members = replica_.members();
  std::vector<NodeId> nodes;
  for (const AuthorTag& reader : readers) {
    const auto one = std::find_if(members.begin(), members.end(),
                                  [&](const codec::Member& member) { return codec::author_tag(member) == reader; });
    if (one == members.end())
      return error(Errc::not_found, "a reader's member record has not come here yet: wait, or seal it for others");
    if (!replica_.epochs().revoked(one->node)) nodes.push_back(one->node);
  }
  crypto::SealSecrets secrets;
  crypto::fill_random(secrets.once.data);
  crypto::fill_random(secrets.file.data);
  auto seal = crypto::Seal::make(devices_of(members, nodes), secrets, plain_bytes);
  if (!seal) return seal.failure();
  return std::make_shared<const crypto::Seal>(std::move(*seal));
}

std::optional<crypto::Secret<crypto::LinkKey>> DeviceSeals::directory_secret(const codec::Attributes& attributes) {
  const ByteView value = seal_value(attributes);
  const auto seal = open_with_any(value, value.size());
  crypto::Secret<crypto::LinkKey> out;
  if (!seal || seal->plain_bytes != crypto::LinkKey::kSize) return std::nullopt;
  if (!seal->open_chunk(0, value.subspan(seal->header.size()), out.data.data())) return std::nullopt;
  return out;
}

std::optional<crypto::SivKey> DeviceSeals::key_of_directory(const codec::Attributes& attributes) {
  const auto secret = directory_secret(attributes);
  return secret ? std::optional(crypto::SivKey(*secret)) : std::nullopt;
}

Status DeviceSeals::seal_directory(codec::Attributes& attributes, const SealTags& readers) {
  auto secret = directory_secret(attributes);
  if (!secret && !seal_value(attributes).empty()) return Errc::denied;
  if (!secret) crypto::fill_random(secret.emplace().data);
  const auto seal = make(readers, crypto::LinkKey::kSize);
  if (!seal) return seal.failure();
  set_seal_value(attributes, crypto::sealed_whole(**seal, secret->view()));
  return {};
}

// Adds who is in it, by every policy epoch that counts.
bool DeviceSeals::is_group(const std::string& name, std::vector<NodeId>& nodes) const {
  const Effective epochs = replica_.epochs().now();
  if (!has_group(*epochs.front(), name)) return false;
  for (const auto& folder : replica_.node_folders()) {
    const NodeId& node = folder.second;
    const auto has_it = [&](const codec::Policy* epoch) { return in_group(*epoch, name, node); };
    if (std::all_of(epochs.begin(), epochs.end(), has_it) && !replica_.epochs().revoked(node)) nodes.push_back(node);
  }
  return true;
}

Result<SealTags> DeviceSeals::readers_named(std::string_view names) {
  const auto& folders = replica_.node_folders();
  std::vector<NodeId> nodes;
  while (!names.empty()) {
    const std::string_view name = names.substr(0, names.find(','));
    names.remove_prefix(std::min(name.size() + 1, names.size()));
    const auto at = folders.find(std::string(name));
    if (at == folders.end() && is_group(std::string(name), nodes)) continue;
    if (at == folders.end() || replica_.epochs().revoked(at->second))
      return error(Errc::not_found, "there is no node or group " + std::string(name) + ", or it was revoked");
    nodes.push_back(at->second);
  }
  SealTags out{own_};
  for (const auto& device : devices_of(replica_.members(), nodes)) {
    if (device.author != own_) out.push_back(device.author);
  }
  if (out.size() > crypto::kMaxSealReaders) return error(Errc::too_large, "more than 64 readers");
  std::sort(out.begin(), out.end());
  return out;
}

std::string DeviceSeals::names_of(const SealTags& readers) {
  std::vector<std::string> names;
  for (const AuthorTag& reader : readers) names.push_back(replica_.node_name(reader));
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  std::string out;
  for (const std::string& name : names) (out += out.empty() ? "" : ",") += name;
  return out;
}

}  // namespace meshfs::fsd
