#include "tests/unit/syncd/fake_members.h"

namespace meshfs::sim {

namespace {

crypto::Seed seed_of(std::string_view kind, std::string_view name) {
  return {crypto::hash_in(kind, {as_bytes(name)}).data};
}
crypto::Seed secret() { return seed_of("fake network", ""); }

}  // namespace

const codec::Genesis& fake_genesis() {
  static const codec::Genesis made = [] {
    const auto admin = crypto::SigningKey::from_seed(seed_of("fake node", "admin"));
    codec::Genesis out;
    out.name = "fake";
    out.created = {1'700'000'000'000};
    out.admins = {admin.public_key()};
    codec::sign_genesis(out, admin);
    return out;
  }();
  return made;
}

codec::Identity fake_member(const std::string& name) {
  codec::Identity out;
  out.genesis = fake_genesis();
  out.network_secret = secret();
  out.node_seed = seed_of("fake node", name);
  out.device_seed = seed_of("fake device", name);
  const auto node = crypto::SigningKey::from_seed(*out.node_seed);
  out.member.node.data = node.public_key().data;
  out.member.device.data = crypto::SigningKey::from_seed(out.device_seed).public_key().data;
  out.member.store = crypto::prefix_of<StoreId>(crypto::hash_in("fake store", {as_bytes(name)}));
  out.member.name = name;
  codec::sign_member(out.member, codec::network_id(out.genesis), node, nullptr);
  return out;
}

codec::Proof fake_proof(const codec::Member& member) {
  const codec::Identity admin = fake_member("admin");
  codec::Proof out;
  out.admitter = admin.member;
  out.admission.node = member.node;
  out.admission.admitter = codec::author_tag(admin.member);
  codec::sign_admission(out.admission, codec::network_id(admin.genesis),
                        crypto::SigningKey::from_seed(admin.device_seed));
  return out;
}

codec::local::Welcome fake_welcome(const std::string& name) {
  const codec::Identity identity = fake_member(name);
  return codec::local::welcome_of(identity, fake_proof(identity.member));
}

crypto::LinkKey fake_network_key() { return codec::network_link_key(secret(), codec::network_id(fake_genesis())); }

}  // namespace meshfs::sim
