#include "tests/unit/core/test_network.h"

#include <map>

#include "fsd/core/statements.h"
#include "schema/codec/commit.h"
#include "schema/vocab/rng.h"

namespace meshfs::sim {

crypto::Seed test_seed(std::uint64_t number, std::uint8_t kind) {
  crypto::Seed seed;
  Rng rng(number * 256 + kind);
  for (auto& byte : seed.data) byte = static_cast<std::uint8_t>(rng.next());
  return seed;
}

namespace {

// The device of the admin's node that lets in whoever has a test identity. Its record, by network: whoever has an identity can be
// let in, though only test_genesis() has the admin's root key.
std::map<NetworkId, codec::Member>& registrars() {
  static std::map<NetworkId, codec::Member> all;
  return all;
}

crypto::SigningKey registrars_device() { return crypto::SigningKey::from_seed(test_seed(1, 101)); }

void add_registrar(const codec::Genesis& genesis, const crypto::SigningKey& admin) {
  codec::Member out;
  out.node.data = admin.public_key().data;
  out.device.data = registrars_device().public_key().data;
  out.store.data[0] = 1;
  out.name = "-";  // any other is greater: the node has the name of its other device
  codec::sign_member(out, codec::network_id(genesis), admin, nullptr);
  registrars()[codec::network_id(genesis)] = out;
}

codec::Bundle stated(const NetworkId& network, std::uint64_t sequence, const codec::Place& place, Bytes bytes,
                     std::string_view type) {
  codec::ObjectEntry file;
  file.kind = codec::Kind::file;
  file.object = fsd::file_at(place).local;
  file.place.value = codec::PlaceValue{place, std::nullopt};
  file.attributes.value = codec::Attributes{};
  file.attributes.value->type = type;
  file.contents.push_back({{}, std::move(bytes)});
  codec::Header header;
  header.author = codec::author_tag(registrars().at(network));
  header.sequence = sequence;
  header.hlc = Hlc::at({1000});  // moves nobody's clock
  if (sequence > 1) header.previous.data[0] = 1;
  header.volume = kNetworkVolume;
  header.total_entries = sequence;
  const codec::Commit commit = codec::sign_commit(network, header, {std::move(file)}, registrars_device());
  return {codec::ItemForm::commit, codec::encode_commit(commit)};
}

}  // namespace

codec::Genesis test_genesis(const crypto::Seed&, std::uint64_t admin) {
  const auto key = crypto::SigningKey::from_seed(test_seed(admin, 1));
  codec::Genesis genesis;
  genesis.name = "test";
  genesis.created = {1'700'000'000'000};
  genesis.admins = {key.public_key(), crypto::SigningKey::from_seed(test_seed(1, 100)).public_key()};
  codec::sign_genesis(genesis, key);
  add_registrar(genesis, key);
  return genesis;
}

codec::Identity test_identity(const codec::Genesis& genesis, const crypto::Seed& secret, std::uint64_t number,
                              const std::string& name) {
  codec::Identity out;
  out.genesis = genesis;
  out.network_secret = secret;
  out.node_seed = test_seed(number, 1);
  out.device_seed = test_seed(number, 2);
  const auto node = crypto::SigningKey::from_seed(*out.node_seed);
  out.member.node.data = node.public_key().data;
  out.member.device.data = crypto::SigningKey::from_seed(out.device_seed).public_key().data;
  for (std::size_t i = 0; i < StoreId::kSize; ++i) out.member.store.data[i] = static_cast<std::uint8_t>(number + i);
  out.member.name = name;
  codec::sign_member(out.member, codec::network_id(genesis), node, nullptr);
  return out;
}

codec::Proof test_proof(const codec::Identity& identity) {
  const NetworkId network = codec::network_id(identity.genesis);
  const codec::Member& by = registrars().at(network);
  codec::Proof out;
  out.admitter = by;
  out.admission.node = identity.member.node;
  out.admission.admitter = codec::author_tag(by);
  codec::sign_admission(out.admission, network, registrars_device());
  return out;
}

std::vector<codec::Bundle> test_admission(const codec::Identity& identity) {
  const NetworkId network = codec::network_id(identity.genesis);
  const codec::Member& by = registrars().at(network);
  const codec::Admission admission = test_proof(identity).admission;
  std::uint64_t sequence = 0;  // of its own, the same wherever it is made
  for (std::size_t i = 0; i < 5; ++i) sequence = sequence << 8 | identity.member.node.data[i];
  return {stated(network, 1, fsd::member_place(codec::author_tag(by)), codec::encode_member(by), fsd::kMemberType),
          stated(network, sequence + 2, fsd::admission_place(admission.node), codec::encode_admission(admission),
                 fsd::kAdmissionType)};
}

}  // namespace meshfs::sim
