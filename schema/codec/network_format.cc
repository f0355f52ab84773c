#include "schema/codec/network_format.h"

#include <algorithm>

namespace meshfs::codec {
namespace {

constexpr std::uint32_t kIdentityVersion = 2;

void write(format::Key::Builder to, const crypto::PublicKey& from) {
  to.setWord0(word_of(from, 0));
  to.setWord1(word_of(from, 1));
  to.setWord2(word_of(from, 2));
  to.setWord3(word_of(from, 3));
}
Status read(format::Key::Reader from, crypto::PublicKey& to) {
  to = from_words<crypto::PublicKey>(from.getWord0(), from.getWord1(), from.getWord2(), from.getWord3());
  return {};
}

Status read_name(capnp::Data::Reader from, std::string& to) {
  if (!valid_node_name(text_of(from))) return malformed("a name is 1 to 32 characters of a-z, 0-9 and '-'");
  to = text_of(from);
  return {};
}

}  // namespace

void write(format::Genesis::Builder to, const Genesis& from) {
  to.setName(data_of(from.name));
  to.setCreatedMs(from.created.ms);
  auto admins = to.initAdmins(list_size(from.admins.size()));
  for (std::size_t i = 0; i < from.admins.size(); ++i) write(admins[static_cast<unsigned>(i)], from.admins[i]);
  to.setThreshold(from.threshold);
  // Unsigned is what the signature covers: the field is then left out.
  if (!from.signature.is_zero()) to.setSignature(data_of(from.signature.view()));
}

Status read(format::Genesis::Reader from, Genesis& to) {
  if (Status s = read_name(from.getName(), to.name); !s) return s;
  to.created.ms = from.getCreatedMs();
  if (to.created.ms < 0) return malformed("a network made before 1970");
  const auto admins = from.getAdmins();
  if (admins.size() == 0) return malformed("a network without admins");
  if (admins.size() > kMaxAdmins) return over_limit("more admins than their limit");
  for (const auto admin : admins) {
    crypto::PublicKey key;
    if (Status s = read(admin, key); !s) return s;
    if (std::find(to.admins.begin(), to.admins.end(), key) != to.admins.end())
      return malformed("an admin is named twice");
    to.admins.push_back(key);
  }
  to.threshold = from.getThreshold();
  if (to.threshold < 1 || to.threshold > to.admins.size()) return malformed("a threshold that can't be reached");
  return read_fixed(from.getSignature(), to.signature);
}

void write(format::Member::Builder to, const Member& from) {
  to.setNode(data_of(from.node.view()));
  to.setDevice(data_of(from.device.view()));
  to.setStore(word_of(from.store, 0));
  to.setEpoch(from.epoch);
  to.setName(data_of(from.name));
  to.setByNode(data_of(from.by_node.view()));
  if (from.invitation.is_zero()) return;
  to.setInvitation(word_of(from.invitation, 0));
  to.setByInvite(data_of(from.by_invite.view()));
}

Status read(format::Member::Reader from, Member& to) {
  if (Status s = read_fixed(from.getNode(), to.node); !s) return s;
  if (Status s = read_fixed(from.getDevice(), to.device); !s) return s;
  to.store = from_words<StoreId>(from.getStore());
  to.epoch = from.getEpoch();
  if (to.epoch == 0) return malformed("a member of epoch 0");
  if (Status s = read_name(from.getName(), to.name); !s) return s;
  if (Status s = read_fixed(from.getByNode(), to.by_node); !s) return s;
  to.invitation = from_words<InvitationId>(from.getInvitation());
  return to.invitation.is_zero() ? Status() : read_fixed(from.getByInvite(), to.by_invite);
}

void write(format::Invitation::Builder to, const Invitation& from) {
  to.setKey(data_of(from.key.view()));
  to.setIssuer(data_of(from.issuer.view()));
  to.setUntilMs(from.until.ms);
  to.setUses(from.uses);
  to.setGuest(from.guest);
  to.setWay(static_cast<format::Invitation::Way>(from.way));
}

Status read(format::Invitation::Reader from, Invitation& to) {
  if (Status s = read_fixed(from.getKey(), to.key); !s) return s;
  if (Status s = read_fixed(from.getIssuer(), to.issuer); !s) return s;
  to.until.ms = from.getUntilMs();
  to.uses = from.getUses();
  to.guest = from.getGuest();
  if (Status s = read_enum(from.getWay(), Invitation::Way::any_admin, to.way); !s) return s;
  const bool sound = to.until.ms >= 0 && (to.way != Invitation::Way::any_admin || to.uses == 0);
  return sound ? Status() : malformed("an invitation that contradicts itself");
}

void write(format::Admission::Builder to, const Admission& from) {
  to.setNode(data_of(from.node.view()));
  to.setInvitation(word_of(from.invitation, 0));
  to.setAdmitter(word_of(from.admitter, 0));
  to.setGuest(from.guest);
  to.setSignature(data_of(from.signature.view()));
}

Status read(format::Admission::Reader from, Admission& to) {
  if (Status s = read_fixed(from.getNode(), to.node); !s) return s;
  to.invitation = from_words<InvitationId>(from.getInvitation());
  to.admitter = from_words<AuthorTag>(from.getAdmitter());
  to.guest = from.getGuest();
  return read_fixed(from.getSignature(), to.signature);
}

void write(format::Refusal::Builder to, const Refusal& from) {
  to.setAuthor(word_of(from.author, 0));
  to.setInvitation(word_of(from.invitation, 0));
  to.setReason(data_of(from.reason));
}

Status read(format::Refusal::Reader from, Refusal& to) {
  to.author = from_words<AuthorTag>(from.getAuthor());
  to.invitation = from_words<InvitationId>(from.getInvitation());
  if (from.getReason().size() == 0) return malformed("a refusal without a reason");
  return read_text(from.getReason(), kMaxRefusal, to.reason);
}

void write(format::Credential::Builder to, const Credential& from) {
  write(to.initMember(), from.member);
  to.setByDevice(data_of(from.by_device.view()));
  if (!from.proof) return;
  write(to.initAdmission(), from.proof->admission);
  write(to.initAdmitter(), from.proof->admitter);
}

Status read(format::Credential::Reader from, Credential& to) {
  if (Status s = read(from.getMember(), to.member); !s) return s;
  if (Status s = read_fixed(from.getByDevice(), to.by_device); !s) return s;
  if (from.hasAdmission() != from.hasAdmitter()) return malformed("half a proof");
  if (!from.hasAdmission()) return {};
  if (Status s = read(from.getAdmission(), to.proof.emplace().admission); !s) return s;
  return read(from.getAdmitter(), to.proof->admitter);
}

void write(format::Roster::Builder to, const Roster& from) {
  set_unless_empty(from.credential, [&](auto data) { to.setCredential(data); });
  set_unless_empty(joined(from.devices), [&](auto data) { to.setDevices(data); });
  set_unless_empty(joined(from.denied), [&](auto data) { to.setDenied(data); });
  set_unless_empty(joined(from.invites), [&](auto data) { to.setInvites(data); });
  set_unless_empty(joined(from.admins), [&](auto data) { to.setAdmins(data); });
  to.setOpen(from.open);
}

Status read(format::Roster::Reader from, Roster& to) {
  if (from.getCredential().size() > kMaxCredentialBytes) return over_limit("a credential is larger than its limit");
  to.credential = copy_of(view_of(from.getCredential()));
  to.open = from.getOpen();
  if (Status s = read_joined(from.getDevices(), kMaxRosterDevices, to.devices); !s) return s;
  if (Status s = read_joined(from.getDenied(), kMaxRosterDevices, to.denied); !s) return s;
  if (!std::is_sorted(to.devices.begin(), to.devices.end()) || !std::is_sorted(to.denied.begin(), to.denied.end()))
    return malformed("devices out of order");
  if (Status s = read_joined(from.getInvites(), kMaxRosterInvites, to.invites); !s) return s;
  return read_joined(from.getAdmins(), kMaxAdmins, to.admins);
}

void write(format::Token::Builder to, const Token& from) {
  write(to.initGenesis(), from.genesis);
  to.setSecret(data_of(from.secret.view()));
  to.setSeed(data_of(from.seed));
  to.setIssuer(data_of(from.issuer));
  set_unless_empty(from.salt, [&](auto data) { to.setSalt(data); });
  to.setGuest(from.guest);
}

Status read(format::Token::Reader from, Token& to) {
  if (Status s = read(from.getGenesis(), to.genesis); !s) return s;
  if (Status s = read_fixed(from.getSecret(), to.secret); !s) return s;
  if (Status s = read_name(from.getIssuer(), to.issuer); !s) return s;
  to.seed = copy_of(view_of(from.getSeed()));
  to.salt = copy_of(view_of(from.getSalt()));
  to.guest = from.getGuest();
  const bool plain = to.salt.empty() && to.seed.size() == crypto::Seed::kSize;
  const bool sealed = to.salt.size() == kTokenSalt && to.seed.size() == kSealedSeed;
  return plain || sealed ? Status() : malformed("an invite without its key");
}

void write(format::Identity::Builder to, const Identity& from) {
  to.setVersion(kIdentityVersion);
  write(to.initGenesis(), from.genesis);
  to.setSecret(data_of(from.network_secret.view()));
  if (from.node_seed) to.setNodeSeed(data_of(from.node_seed->view()));
  to.setDeviceSeed(data_of(from.device_seed.view()));
  write(to.initMember(), from.member);
  set_unless_empty(as_bytes(from.invited_by), [&](auto data) { to.setInvitedBy(data); });
  to.setGuest(from.guest);
  Bytes former;
  for (const FormerDevice& one : from.former) {
    for (const ByteView part : {one.store.view(), one.seed.view()})
      former.insert(former.end(), part.begin(), part.end());
  }
  set_unless_empty(former, [&](auto data) { to.setFormer(data); });
}

Status read(format::Identity::Reader from, Identity& to) {
  if (from.getVersion() != kIdentityVersion) return error(Errc::unsupported, "an identity of another version");
  if (Status s = read(from.getGenesis(), to.genesis); !s) return s;
  if (Status s = read_fixed(from.getSecret(), to.network_secret); !s) return s;
  if (from.hasNodeSeed()) {
    if (Status s = read_fixed(from.getNodeSeed(), to.node_seed.emplace()); !s) return s;
  }
  if (Status s = read_fixed(from.getDeviceSeed(), to.device_seed); !s) return s;
  to.guest = from.getGuest();
  if (from.hasInvitedBy()) {
    if (Status s = read_name(from.getInvitedBy(), to.invited_by); !s) return s;
  }
  ByteView former = view_of(from.getFormer());
  constexpr std::size_t kEach = StoreId::kSize + crypto::Seed::kSize;
  if (former.size() % kEach != 0 || former.size() / kEach > kMaxFormerDevices)
    return malformed("former devices cut off");
  for (; !former.empty(); former = former.subspan(kEach)) {
    to.former.push_back({*StoreId::from(former.first(StoreId::kSize)),
                         *crypto::Seed::from(former.subspan(StoreId::kSize, crypto::Seed::kSize))});
  }
  return read(from.getMember(), to.member);
}

}  // namespace meshfs::codec
