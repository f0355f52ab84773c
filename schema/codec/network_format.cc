#include "schema/codec/network_format.h"

namespace meshfs::codec {
namespace {

constexpr std::uint32_t kIdentityVersion = 1;

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
  write(to.initAdmission(), from.admission_key);
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
  if (Status s = read(from.getAdmission(), to.admission_key); !s) return s;
  return read_fixed(from.getSignature(), to.signature);
}

void write(format::Member::Builder to, const Member& from) {
  to.setNode(data_of(from.node.view()));
  to.setDevice(data_of(from.device.view()));
  to.setStore(word_of(from.store, 0));
  to.setEpoch(from.epoch);
  to.setName(data_of(from.name));
  to.setByNode(data_of(from.by_node.view()));
  to.setByAdmission(data_of(from.by_admission.view()));
}

Status read(format::Member::Reader from, Member& to) {
  if (Status s = read_fixed(from.getNode(), to.node); !s) return s;
  if (Status s = read_fixed(from.getDevice(), to.device); !s) return s;
  to.store = from_words<StoreId>(from.getStore());
  to.epoch = from.getEpoch();
  if (to.epoch == 0) return malformed("a member of epoch 0");
  if (Status s = read_name(from.getName(), to.name); !s) return s;
  if (Status s = read_fixed(from.getByNode(), to.by_node); !s) return s;
  return read_fixed(from.getByAdmission(), to.by_admission);
}

void write(format::Credential::Builder to, const Credential& from) {
  write(to.initMember(), from.member);
  to.setByDevice(data_of(from.by_device.view()));
}

Status read(format::Credential::Reader from, Credential& to) {
  if (Status s = read(from.getMember(), to.member); !s) return s;
  return read_fixed(from.getByDevice(), to.by_device);
}

void write(format::Invite::Builder to, const Invite& from) {
  write(to.initGenesis(), from.genesis);
  to.setSecret(data_of(from.secret.view()));
}

Status read(format::Invite::Reader from, Invite& to) {
  if (Status s = read(from.getGenesis(), to.genesis); !s) return s;
  return read_fixed(from.getSecret(), to.secret);
}

void write(format::Identity::Builder to, const Identity& from) {
  to.setVersion(kIdentityVersion);
  write(to.initGenesis(), from.genesis);
  to.setSecret(data_of(from.network_secret.view()));
  to.setNodeSeed(data_of(from.node_seed.view()));
  to.setDeviceSeed(data_of(from.device_seed.view()));
  write(to.initMember(), from.member);
}

Status read(format::Identity::Reader from, Identity& to) {
  if (from.getVersion() != kIdentityVersion) return error(Errc::unsupported, "an identity of another version");
  if (Status s = read(from.getGenesis(), to.genesis); !s) return s;
  if (Status s = read_fixed(from.getSecret(), to.network_secret); !s) return s;
  if (Status s = read_fixed(from.getNodeSeed(), to.node_seed); !s) return s;
  if (Status s = read_fixed(from.getDeviceSeed(), to.device_seed); !s) return s;
  return read(from.getMember(), to.member);
}

}  // namespace meshfs::codec
