#include "tests/sim/signed_lies.h"

#include <algorithm>

#include "fsd/core/policy_files.h"
#include "fsd/core/statements.h"
#include "schema/codec/packing.h"
#include "schema/codec/policy.h"

namespace meshfs::sim {

namespace {

constexpr std::int64_t kTenYearsMs = std::int64_t{10} * 365 * 86'400'000;

void append(Bytes& to, ByteView bytes) { to.insert(to.end(), bytes.begin(), bytes.end()); }
template <class Number>
void append_number(Bytes& to, Number number) {
  for (std::size_t i = 0; i < sizeof number; ++i) to.push_back(static_cast<std::uint8_t>(number >> (8 * i)));
}

// As commit.capnp has it.
Bytes header_bytes(const codec::Header& header) {
  Bytes out;
  append(out, header.author.view());
  append_number(out, header.sequence);
  append_number(out, header.hlc.value);
  append(out, header.previous.view());
  append_number(out, header.policy_epoch);
  append(out, header.volume.view());
  append_number(out, header.total_bytes);
  append_number(out, header.total_entries);
  return out;
}

void replace_once(Bytes& in, ByteView there, ByteView instead) {
  CHECK(there.size() == instead.size());
  const auto at = std::search(in.begin(), in.end(), there.begin(), there.end());
  CHECK(at != in.end());
  std::copy(instead.begin(), instead.end(), at);
}

codec::ObjectEntry object_of(const VolumeTag& volume, const FileName& name, codec::Kind kind, codec::Content content) {
  codec::ObjectEntry out;
  out.kind = kind;
  out.place.value = codec::PlaceValue{{LocalId(), name}, std::nullopt};
  out.object = codec::object_id({volume, LocalId()}, name, kind);
  out.attributes.value = codec::Attributes{};
  out.attributes.value->mode = 0644;
  out.contents.push_back({{}, std::move(content)});
  return out;
}

}  // namespace

SignedLies::SignedLies(const codec::Identity& identity, const AuthorTag& victim, std::uint64_t first,
                       std::uint64_t seed)
    : device_(crypto::SigningKey::from_seed(identity.device_seed)),
      identity_(identity),
      network_(codec::network_id(identity.genesis)),
      me_(codec::author_tag(identity.member)),
      victim_(victim),
      sequence_(first),
      rng_(seed) {}

codec::Header SignedLies::header(WallMs now, const VolumeTag& volume) {
  codec::Header out;
  out.author = me_;
  out.sequence = ++sequence_;
  out.hlc = Hlc::at(now);
  for (auto& byte : out.previous.data) byte = static_cast<std::uint8_t>(rng_.next());
  out.volume = volume;
  out.total_bytes = out.total_entries = sequence_;
  return out;
}

std::string SignedLies::fresh_name(const char* stem) { return stem + std::to_string(++names_); }

codec::Bundle SignedLies::bundle(const codec::Header& header, codec::Entry entry) const {
  std::vector<codec::Entry> entries;
  entries.push_back(std::move(entry));
  return {codec::ItemForm::commit,
          codec::encode_commit(codec::sign_commit(network_, header, std::move(entries), device_))};
}

codec::Bundle SignedLies::misnamed(const codec::Header& header, const codec::Entry& entry, ByteView there,
                                   ByteView instead) const {
  Bytes canonical = codec::canonical_bytes(header.volume, entry);
  replace_once(canonical, there, instead);
  Bytes place;
  append(place, header.author.view());
  append_number(place, header.hlc.value);
  append_number(place, header.sequence);
  append(place, header.volume.view());
  append_number(place, std::uint32_t{0});
  const Hash leaf = crypto::hash_in("meshfs entry", {place, canonical});
  codec::Commit commit{header, {}, {entry}};
  commit.signature =
      device_.sign("meshfs commit 1", {network_.view(), codec::merkle_root({leaf}).view(), header_bytes(header)});
  const auto words = codec::unpack(codec::encode_commit(commit), codec::kMaxCommitUnpacked / 8);
  CHECK(words.ok());
  Bytes bytes = copy_of(codec::bytes_of(*words));
  replace_once(bytes, there, instead);
  return {codec::ItemForm::commit, codec::pack(codec::words_from(bytes))};
}

codec::Bundle SignedLies::forged(WallMs now) {
  codec::Header header = this->header(now, kSharedVolume);
  header.author = victim_;
  return bundle(header, object_of(kSharedVolume, *FileName::from(fresh_name("forged-")), codec::Kind::file, Bytes(20)));
}

std::pair<codec::Bundle, codec::Bundle> SignedLies::twins(WallMs now) {
  const codec::Header header = this->header(now, kSharedVolume);
  const auto one = *FileName::from(fresh_name("twin-")), other = *FileName::from(fresh_name("twin-"));
  return {bundle(header, object_of(kSharedVolume, one, codec::Kind::file, Bytes(20))),
          bundle(header, object_of(kSharedVolume, other, codec::Kind::file, Bytes(20)))};
}

codec::Bundle SignedLies::dated(WallMs now) {
  const WallMs when = rng_.percent(50) ? WallMs{1} : WallMs{now.ms + kTenYearsMs};
  const codec::Header header = this->header(when, kSharedVolume);
  return bundle(header, object_of(kSharedVolume, *FileName::from(fresh_name("dated-")), codec::Kind::file, Bytes(20)));
}

codec::Bundle SignedLies::sound(WallMs now) {
  const codec::Header header = this->header(now, kSharedVolume);
  return bundle(header, object_of(kSharedVolume, *FileName::from(fresh_name("sound-")), codec::Kind::file, Bytes(20)));
}

codec::Bundle SignedLies::path(WallMs now) {
  const codec::Header header = this->header(now, kSharedVolume);
  const auto of = [&](std::string_view name) {
    return codec::Entry(object_of(kSharedVolume, *FileName::from(name), codec::Kind::file, Bytes(20)));
  };
  const auto instead_of = [&](std::string_view there, std::string_view instead) {
    return misnamed(header, of(there), as_bytes(there), as_bytes(instead));
  };
  using namespace std::string_view_literals;
  switch (rng_.below(6)) {
    case 0:
      return instead_of("~~"sv, ".."sv);
    case 1:
      return instead_of("qqqqq"sv, "q/q/q"sv);
    case 2:
      return instead_of("qqqqq"sv, "qq\0qq"sv);
    case 3:
      return instead_of("qqqqqqqqqqqq"sv, "../../../etc"sv);
    case 4: {  // a name of 256 bytes: its pointer's length and the byte that pads it
      const std::string longest(FileName::kMaxBytes, 'q');
      Bytes there, instead;
      append_number(there, static_cast<std::uint32_t>(longest.size() << 3 | 2));
      append_number(instead, static_cast<std::uint32_t>((longest.size() + 1) << 3 | 2));
      return misnamed(header, of(longest), there, instead);
    }
    default: {
      static constexpr std::array kReserved{"nodes", "network", "commands", "clouds", ".mesh"};
      return bundle(header, of(kReserved.at(rng_.below(kReserved.size()))));
    }
  }
}

codec::Bundle SignedLies::symlink(WallMs now) {
  static constexpr std::array kTargets{"/etc/shadow", "../../../../../../etc/shadow", "/proc/self/mem", "."};
  const codec::Header header = this->header(now, kSharedVolume);
  const std::string_view target = kTargets.at(rng_.below(kTargets.size()));
  return bundle(header, object_of(kSharedVolume, *FileName::from(fresh_name("symlink-")), codec::Kind::symlink,
                                  copy_of(as_bytes(target))));
}

codec::Bundle SignedLies::network(WallMs now) {
  const codec::Header header = this->header(now, kNetworkVolume);
  return bundle(header, object_of(kNetworkVolume, *FileName::from(fresh_name("rule-")), codec::Kind::file, Bytes(20)));
}

codec::Bundle SignedLies::at_place(WallMs now, const codec::Place& place, std::string_view type, Bytes bytes) {
  codec::ObjectEntry entry = object_of(kNetworkVolume, place.name, codec::Kind::file, std::move(bytes));
  entry.place.value->now = place;
  entry.object = codec::object_id({kNetworkVolume, place.parent}, place.name, codec::Kind::file);
  entry.attributes.value->type = type;
  return bundle(header(now, kNetworkVolume), std::move(entry));
}

codec::Bundle SignedLies::policy(WallMs now) {
  const auto root = crypto::SigningKey::from_seed(*identity_.node_seed);
  codec::Policy epoch = codec::genesis_policy(identity_.genesis);
  epoch.number = 1;
  epoch.follows = {Hash{network_.data}};
  epoch.admins = {root.public_key()};
  const Bytes body = codec::encode_policy(epoch);
  const Hash hash = crypto::hash_of(body);
  const auto file = [](const std::string& name) {
    return codec::Place{fsd::policy_directory(), *FileName::from(name)};
  };
  auto signature = codec::sign_policy(network_, epoch.number, hash, root);
  switch (rng_.below(5)) {
    case 0:
      return at_place(now, file(codec::policy_file_name(epoch.number, hash)), "policy", body);
    case 1:
      break;
    case 2:
      signature.admin = identity_.genesis.admins.front();
      break;
    case 3: {
      codec::Invitation invitation;
      for (auto& byte : invitation.key.data) byte = static_cast<std::uint8_t>(rng_.next());
      invitation.issuer = identity_.member.node;
      const auto place = fsd::invitation_place(codec::invitation_id(invitation.key));
      return at_place(now, place, fsd::kInvitationType, codec::encode_invitation(invitation));
    }
    default: {
      codec::Admission admission;
      for (auto& byte : admission.node.data) byte = static_cast<std::uint8_t>(rng_.next());
      admission.admitter = me_;
      codec::sign_admission(admission, network_, device_);
      return at_place(now, fsd::admission_place(admission.node), fsd::kAdmissionType,
                      codec::encode_admission(admission));
    }
  }
  return at_place(now, file(codec::signature_file_name(signature)), "policy",
                  codec::encode_policy_signature(signature));
}

codec::Bundle SignedLies::lent(WallMs now) {
  const NodeId admin{identity_.genesis.admins.front().data};
  const VolumeTag folder = codec::node_volume(admin);
  codec::Delegation loan;
  loan.issuer = identity_.member.node;
  loan.verbs = bit(codec::PolicyVerb::write);
  loan.volume = folder;
  loan.until.ms = now.ms + 3'600'000 + static_cast<std::int64_t>(rng_.below(1'000'000));
  for (auto& byte : loan.audience.data) byte = static_cast<std::uint8_t>(rng_.next());
  switch (rng_.below(4)) {
    case 0:
      return bundle(header(now, folder),
                    object_of(folder, *FileName::from(fresh_name("lent-")), codec::Kind::file, Bytes(20)));
    case 1:
      loan.issuer = admin;
      loan.audience = identity_.member.node;
      break;
    case 2:  // its own statement, and worth nothing
      break;
    default:
      loan.parent.data[0] = 1;
  }
  return at_place(now, fsd::delegation_place(codec::delegation_id(loan)), fsd::kDelegationType,
                  codec::encode_delegation(loan));
}

codec::Bundle SignedLies::stolen(WallMs now) {
  const codec::Header header = this->header({now.ms - 3'600'000}, kSharedVolume);
  return bundle(header, object_of(kSharedVolume, *FileName::from(fresh_name("stolen-")), codec::Kind::file, Bytes(20)));
}

codec::Bundle SignedLies::promised(WallMs now, const codec::ChunkedContent& content) {
  const codec::Header header = this->header(now, kSharedVolume);
  return bundle(header, object_of(kSharedVolume, *FileName::from(fresh_name("promised-")), codec::Kind::file, content));
}

}  // namespace meshfs::sim
