#include "tests/unit/schema/random_records.h"

#include <algorithm>

#include "schema/crypto/hash.h"

namespace meshfs::testing {
namespace {

using namespace codec;

constexpr std::uint64_t kNow = 1'790'000'000'000ULL << 16;  // a day in 2026, as an HLC

std::uint64_t random_age(Rng& rng) { return rng.percent(50) ? 0 : rng.below(kNow >> rng.below(40)); }

ForeignStamp random_foreign(Rng& rng) { return {random_fixed<AuthorTag>(rng), random_fixed<Hash>(rng)}; }
RegisterStamp random_stamp(Rng& rng) {
  RegisterStamp stamp{random_age(rng), std::nullopt};
  if (rng.percent(30)) stamp.foreign = random_foreign(rng);
  return stamp;
}

Place random_place(Rng& rng) {
  Place place;
  if (rng.percent(80)) place.parent = random_fixed<LocalId>(rng);
  place.name = *FileName::from(random_name(rng, 255));
  return place;
}

Owner random_owner(Rng& rng) {
  Owner owner;
  if (rng.percent(30)) {
    owner.name = "u" + random_text(rng, 20, "abc\xc3\xa9");
  } else if (rng.percent(50)) {
    owner.number = static_cast<std::uint32_t>(rng.next());
  }
  return owner;
}

Content random_content(Rng& rng, Kind kind) {
  if (kind == Kind::symlink) return random_bytes(rng, 1 + rng.below(rng.percent(90) ? 40 : kMaxSymlinkBytes));
  if (rng.percent(50)) return ChunkedContent{1 + rng.below(std::uint64_t{1} << rng.below(63)), random_fixed<Hash>(rng)};
  return random_bytes(rng, rng.below(kMaxInlineBytes + 1));
}

std::vector<ContentRegister> random_contents(Rng& rng, Kind kind) {
  std::vector<ContentRegister> out;
  const std::size_t count = rng.percent(70) ? 1 : 1 + rng.below(5);
  for (std::size_t i = 0; i < count; ++i) {
    ContentRegister one{random_stamp(rng), std::nullopt};
    one.stamp.age = random_age(rng) + i * 7919;  // stamps must differ
    const auto same = [&](const ContentRegister& c) { return c.stamp.age == one.stamp.age; };
    if (std::any_of(out.begin(), out.end(), same)) continue;
    if (!one.stamp.foreign) one.value = random_content(rng, kind);
    out.push_back(one);
  }
  return out;
}

Context random_context(Rng& rng, std::size_t at_least) {
  Context context;
  const std::size_t count = at_least + (rng.percent(60) ? rng.below(2) : rng.below(12));
  for (std::size_t i = 0; i < count; ++i) context.push_back({random_fixed<AuthorTag>(rng), random_age(rng)});
  sort_unique(context, [](const ContextSlot& slot) { return slot.author; });
  return context;
}

std::vector<LinkRegister> random_links(Rng& rng) {
  std::vector<LinkRegister> links;
  for (std::size_t count = rng.percent(80) ? 0 : rng.below(5); count > 0; --count) {
    LinkRegister link{random_fixed<LocalId>(rng), random_stamp(rng), std::nullopt};
    if (!link.stamp.foreign && rng.percent(80)) link.value = random_place(rng);
    links.push_back(link);
  }
  sort_unique(links, [](const LinkRegister& link) { return link.link; });
  return links;
}

}  // namespace

std::string random_text(Rng& rng, std::size_t max_size, std::string_view alphabet) {
  std::string out(rng.below(max_size + 1), ' ');
  for (char& c : out) c = alphabet[rng.below(alphabet.size())];
  return out;
}
std::string node_name(Rng& rng) { return "n" + random_text(rng, 31, "abcdefghijklmnopqrstuvwxyz0123456789-"); }

WallMs random_wall(Rng& rng) { return {static_cast<std::int64_t>(rng.below(std::uint64_t{1} << 48))}; }

Bytes random_bytes(Rng& rng, std::size_t size) {
  Bytes out(size);
  for (auto& byte : out) byte = static_cast<std::uint8_t>(rng.next());
  return out;
}

std::string random_name(Rng& rng, std::size_t max_size) {
  std::string name(1 + rng.below(rng.percent(90) ? std::min<std::size_t>(max_size, 20) : max_size), ' ');
  for (char& c : name) {
    do c = static_cast<char>(rng.next());
    while (c == '/' || c == '\0');
  }
  return name == "." || name == ".." ? "x" : name;
}

codec::Attributes random_attributes(Rng& rng) {
  Attributes a;
  a.mode = static_cast<std::uint16_t>(rng.percent(50) ? 0644 : rng.below(010000));
  a.user = random_owner(rng);
  a.group = random_owner(rng);
  a.mtime_ns = static_cast<std::int64_t>(rng.next());
  for (std::size_t count = rng.percent(70) ? 0 : rng.below(6); count > 0; --count) {
    a.xattrs.push_back({"user." + random_text(rng, 30, "abcdef"), random_bytes(rng, rng.below(100))});
  }
  sort_unique(a.xattrs, [](const Xattr& x) { return x.name; });
  if (rng.percent(20)) a.lifetime_ms = rng.next();
  if (rng.percent(20)) a.type = random_text(rng, 64, "abc.");
  return a;
}

codec::ObjectEntry random_object(Rng& rng, const VolumeTag& volume) {
  ObjectEntry object;
  object.kind = static_cast<Kind>(rng.percent(60) ? 0 : rng.below(3));
  object.place.stamp = random_stamp(rng);
  if (!object.place.stamp.foreign) {
    object.place.value = PlaceValue{random_place(rng), std::nullopt};
    if (rng.percent(20)) object.place.value->previous = random_place(rng);
  }
  object.object = random_fixed<LocalId>(rng);
  if (object.place.value && rng.percent(70)) {
    object.object = object_id({volume, object.place.value->now.parent}, object.place.value->now.name, object.kind);
  }
  if (object.kind == Kind::directory && rng.percent(10)) {  // the volume's root
    object.object = {};
    if (object.place.value) object.place.value = PlaceValue{};
  }
  object.attributes.stamp = random_stamp(rng);
  if (!object.attributes.stamp.foreign) object.attributes.value = random_attributes(rng);
  if (object.kind != Kind::directory) {
    object.contents = random_contents(rng, object.kind);
    object.links = random_links(rng);
  }
  object.context = random_context(rng, 0);
  if (rng.percent(20)) object.latest_expiry_ms = rng.next();
  return object;
}

codec::BatchTombstone random_batch(Rng& rng) {
  BatchTombstone batch;
  for (std::size_t count = 1 + rng.below(rng.percent(80) ? 3 : 40); count > 0; --count) {
    Tombstone item{random_fixed<LocalId>(rng), static_cast<Kind>(rng.below(3)), random_context(rng, 1), {}, {}};
    if (item.kind == Kind::directory && rng.percent(80)) item.place = random_place(rng);
    if (item.kind == Kind::directory && rng.percent(80)) item.attributes = random_attributes(rng);
    batch.items.push_back(item);
  }
  sort_unique(batch.items, [](const Tombstone& item) { return item.object; });
  return batch;
}

codec::Entry random_entry(Rng& rng, const VolumeTag& volume) {
  if (rng.percent(25)) return random_batch(rng);
  return random_object(rng, volume);
}

codec::Header random_header(Rng& rng) {
  Header header;
  header.author = random_fixed<AuthorTag>(rng);
  header.sequence = 1 + rng.below(std::uint64_t{1} << rng.below(63));
  header.hlc.value = kNow + rng.below(std::uint64_t{1} << 40);
  if (header.sequence > 1) header.previous = random_fixed<HeaderHash>(rng);
  header.policy_epoch = rng.percent(70) ? 0 : static_cast<std::uint32_t>(rng.next());
  if (rng.percent(50)) header.volume = random_fixed<VolumeTag>(rng);
  header.total_bytes = rng.next() >> rng.below(64);
  header.total_entries = rng.next() >> rng.below(64);
  return header;
}

crypto::SigningKey random_key(Rng& rng) { return crypto::SigningKey::from_seed(random_fixed<crypto::Seed>(rng)); }

codec::Commit random_commit(Rng& rng, const NetworkId& network, const crypto::SigningKey& key) {
  const Header header = random_header(rng);
  std::vector<Entry> entries;
  for (std::size_t count = 1 + (rng.percent(60) ? 0 : rng.below(9)); count > 0; --count) {
    entries.push_back(random_entry(rng, header.volume));
  }
  return sign_commit(network, header, std::move(entries), key);
}

codec::HashList random_hash_list(Rng& rng) {
  HashList list;
  list.level = static_cast<std::uint8_t>(1 + rng.below(kMaxListLevel));
  for (std::size_t count = 1 + rng.below(rng.percent(90) ? 20 : kMaxListItems); count > 0; --count) {
    list.items.push_back({random_fixed<Hash>(rng), 1 + rng.below(kMaxChunkBytes)});
  }
  return list;
}

codec::Genesis random_genesis(Rng& rng, const crypto::SigningKey& admin) {
  Genesis genesis;
  genesis.name = node_name(rng);
  genesis.created = random_wall(rng);
  genesis.admins = random_list<crypto::PublicKey>(rng, 0, rng.percent(80) ? 2 : 15);
  genesis.admins.insert(genesis.admins.begin(), admin.public_key());
  genesis.threshold = static_cast<std::uint8_t>(1 + rng.below(genesis.admins.size()));
  sign_genesis(genesis, admin);
  return genesis;
}

codec::Identity random_identity(Rng& rng) {
  Identity identity;
  identity.network_secret = random_fixed<crypto::Seed>(rng);
  identity.node_seed = random_fixed<crypto::Seed>(rng);
  identity.device_seed = random_fixed<crypto::Seed>(rng);
  const auto node = crypto::SigningKey::from_seed(*identity.node_seed);
  identity.genesis = random_genesis(rng, node);
  identity.member.node.data = node.public_key().data;
  identity.member.device.data = crypto::SigningKey::from_seed(identity.device_seed).public_key().data;
  identity.member.store = random_fixed<StoreId>(rng);
  identity.member.epoch = static_cast<std::uint32_t>(1 + rng.below(1000));
  identity.member.name = node_name(rng);
  const crypto::SigningKey invite = random_key(rng);
  const bool invited = rng.percent(50);
  if (invited) identity.invited_by = node_name(rng);
  identity.guest = invited && rng.percent(50);
  sign_member(identity.member, network_id(identity.genesis), node, invited ? &invite : nullptr);
  if (rng.percent(20)) identity.node_seed.reset();
  for (std::size_t i = rng.below(3); i > 0; --i)
    identity.former.push_back({random_fixed<StoreId>(rng), random_fixed<crypto::Seed>(rng)});
  return identity;
}

codec::Invitation random_invitation(Rng& rng) {
  codec::Invitation out;
  out.key = random_fixed<crypto::PublicKey>(rng);
  out.issuer = random_fixed<NodeId>(rng);
  if (rng.percent(50)) out.until = random_wall(rng);
  out.way = static_cast<codec::Invitation::Way>(rng.below(3));
  out.uses = out.way == codec::Invitation::Way::any_admin ? 0 : static_cast<std::uint32_t>(rng.below(100));
  out.guest = rng.percent(50);
  return out;
}

codec::Admission random_admission(Rng& rng) {
  codec::Admission out;
  out.node = random_fixed<NodeId>(rng);
  if (rng.percent(80)) out.invitation = random_fixed<codec::InvitationId>(rng);
  out.admitter = random_fixed<AuthorTag>(rng);
  out.guest = rng.percent(50);
  out.signature = random_fixed<crypto::Signature>(rng);
  return out;
}

codec::Token random_token(Rng& rng) {
  codec::Token out;
  out.genesis = random_genesis(rng, random_key(rng));
  out.secret = random_fixed<crypto::Seed>(rng);
  const bool sealed = rng.percent(50);
  out.seed = random_bytes(rng, sealed ? codec::kSealedSeed : crypto::Seed::kSize);
  if (sealed) out.salt = random_bytes(rng, codec::kTokenSalt);
  out.issuer = node_name(rng);
  out.guest = rng.percent(50);
  return out;
}

}  // namespace meshfs::testing
