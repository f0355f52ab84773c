// Policy: bodies and signatures as bytes; and small epochs that the input describes, told in two orders: what is in force, and what
// it says of an entry, must be the same.
#include "fsd/core/epochs.h"
#include "fsd/core/policy_files.h"
#include "fsd/core/volumes.h"
#include "tests/fuzz/same_again.h"
#include "tests/sim/memory_ports.h"

using namespace meshfs;

namespace {

crypto::SigningKey key(std::uint8_t number) {
  crypto::Seed seed;
  seed.data[0] = number;
  return crypto::SigningKey::from_seed(seed);
}

codec::Genesis genesis() {
  codec::Genesis out;
  out.name = "fuzz";
  out.admins = {key(1).public_key(), key(2).public_key()};
  codec::sign_genesis(out, key(1));
  return out;
}

codec::Entry file(const std::string& name, Bytes content) {
  codec::ObjectEntry out;
  const codec::Place place{fsd::policy_directory(), *FileName::from(name)};
  out.object = codec::object_id({kNetworkVolume, place.parent}, place.name, codec::Kind::file);
  out.place.value = codec::PlaceValue{place, std::nullopt};
  out.attributes.value.emplace();
  out.contents = {{{}, codec::Content(std::move(content))}};
  return out;
}

// Bytes of the input, one by one; zeros when it ends.
struct Source {
  ByteView rest;
  std::uint8_t next() {
    if (rest.empty()) return 0;
    const std::uint8_t out = rest.front();
    rest = rest.subspan(1);
    return out;
  }
};

struct Made {
  std::vector<codec::Entry> files;
  std::vector<Hash> hashes;
  std::vector<std::uint32_t> numbers;
};

void add_epoch(Source& in, const codec::Genesis& network, Made& made) {
  codec::Policy policy;
  policy.admins = {key(1).public_key(), key(2).public_key()};
  std::sort(policy.admins.begin(), policy.admins.end());
  policy.threshold = static_cast<std::uint8_t>(1 + in.next() % 2);
  std::uint32_t greatest = 0;
  const std::uint8_t follows = in.next();
  for (std::size_t i = 0; i < made.hashes.size() && i < 8; ++i) {
    if ((follows >> i & 1) == 0) continue;
    policy.follows.push_back(made.hashes[i]);
    greatest = std::max(greatest, made.numbers[i]);
  }
  if (policy.follows.empty()) policy.follows = {Hash{codec::network_id(network).data}};
  std::sort(policy.follows.begin(), policy.follows.end());
  policy.number = greatest + 1 + (in.next() % 16 == 0 ? 1 : 0);
  const std::uint8_t kind = in.next();
  if (kind % 3 == 1) policy.revoked = {NodeId{key(3).public_key().data}};
  if (kind % 3 == 2) {
    codec::PolicyRule& rule = policy.rules.emplace_back();
    rule.effect = static_cast<codec::PolicyRule::Effect>(in.next() % 3);
    rule.verbs = static_cast<std::uint8_t>(1 + in.next() % codec::kAllVerbs);
  }
  const Bytes body = codec::encode_policy(policy);
  if (body.size() > codec::kMaxInlineBytes) return;
  const Hash hash = crypto::hash_of(body);
  made.hashes.push_back(hash);
  made.numbers.push_back(policy.number);
  made.files.push_back(file(codec::policy_file_name(policy.number, hash), body));
  const std::uint8_t signers = in.next();
  for (const std::uint8_t who : {std::uint8_t{1}, std::uint8_t{2}}) {
    if ((signers >> who & 1) == 0) continue;
    const auto signature = codec::sign_policy(codec::network_id(network), policy.number, hash, key(who));
    made.files.push_back(file(codec::signature_file_name(signature), codec::encode_policy_signature(signature)));
  }
}

// All that one order of arrival ends in.
struct Told {
  sim::MemoryStore store;
  codec::Genesis network;
  fsd::Members members;
  fsd::Epochs epochs;

  Told(const codec::Genesis& of, const std::vector<codec::Entry>& files, bool backwards)
      : network(of), members(store.index, network), epochs(store.index, store.blobs, members, network) {
    codec::Header header;
    header.volume = kNetworkVolume;
    for (std::size_t i = 0; i < files.size(); ++i) {
      epochs.note(header, files[backwards ? files.size() - 1 - i : i]);
      (void)epochs.adopt(epochs.due());
    }
  }
  std::string verdicts() const {
    std::string out = std::to_string(epochs.highest());
    for (const Hash& head : epochs.heads()) out += " " + head.hex();
    for (const std::uint8_t who : {std::uint8_t{2}, std::uint8_t{3}}) {
      for (std::uint32_t number = 0; number < 5; ++number) {
        codec::Header header;
        header.hlc.value = 1;
        header.policy_epoch = number;
        codec::ObjectEntry entry;
        entry.attributes.value.emplace();
        const fsd::KnownMember author{NodeId{key(who).public_key().data}, {}, 1, "x", fsd::Role::member};
        out += "\n" + epochs.refusal(author, header, entry, Hash{});
      }
    }
    return out;
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const bool started = (crypto::start(), true);
  (void)started;
  const ByteView bytes(data, size);
  fuzz::same_bytes_again(bytes, codec::decode_policy, codec::encode_policy);
  fuzz::same_bytes_again(bytes, codec::decode_policy_signature, codec::encode_policy_signature);
  fuzz::same_bytes_again(bytes, codec::decode_delegation, codec::encode_delegation);
  static const codec::Genesis network = genesis();
  Source in{bytes.first(std::min<std::size_t>(bytes.size(), 64))};
  Made made;
  while (!in.rest.empty() && made.hashes.size() < 8) add_epoch(in, network, made);
  const Told forwards(network, made.files, false), backwards(network, made.files, true);
  CHECK(forwards.verdicts() == backwards.verdicts());
  return 0;
}
