#include "tests/unit/schema/example.h"

#include "schema/crypto/hash.h"

namespace meshfs::testing {

using namespace codec;

namespace {

constexpr std::int64_t kMadeMs = 1'790'000'123'456;                     // 2026-09-21, UTC
constexpr std::int64_t kMtimeNs = (kMadeMs - 7) * 1'000'000 + 123'456;  // 7 ms before it was published

// As random as a real hash, and the same for everybody.
template <class Fixed>
Fixed hashed(std::string_view label) {
  return crypto::prefix_of<Fixed>(crypto::hash_in("meshfs example", {as_bytes(label)}));
}

Attributes attributes(std::uint16_t mode) {
  Attributes out;
  out.mode = mode;
  out.mtime_ns = kMtimeNs;
  return out;
}

ObjectEntry made(std::string_view name, Kind kind, std::uint16_t mode) {
  ObjectEntry object;
  object.kind = kind;
  object.place.value = PlaceValue{{hashed<LocalId>("directory"), *FileName::from(name)}, std::nullopt};
  object.object = object_id({kSharedVolume, hashed<LocalId>("directory")}, *FileName::from(name), kind);
  object.attributes.value = attributes(mode);
  return object;
}

}  // namespace

crypto::SigningKey example_key() { return crypto::SigningKey::from_seed(filled<crypto::Seed>(1)); }
NetworkId example_network() { return hashed<NetworkId>("network"); }

Header example_header() {
  Header header;
  header.author = hashed<AuthorTag>("author");
  header.sequence = 1000;
  header.hlc = Hlc{Hlc::at({kMadeMs}).value + 2};
  header.previous = hashed<HeaderHash>("previous");
  header.total_bytes = 3'456'789;
  header.total_entries = 1'234'567;
  return header;
}

ObjectEntry example_file() {
  ObjectEntry object = made("report.txt", Kind::file, 0644);
  object.contents.push_back({{}, ChunkedContent{12'345, hashed<Hash>("chunk")}});
  return object;
}

ObjectEntry example_inline(std::size_t bytes) {
  ObjectEntry object = made("report.txt", Kind::file, 0644);
  object.contents.push_back({{}, Bytes(bytes, 'x')});
  return object;
}

ObjectEntry example_directory() { return made("reports", Kind::directory, 0755); }

ObjectEntry example_rename() {
  const std::uint64_t hour = std::uint64_t{3'600'000} << 16;
  ObjectEntry object = example_file();
  object.place.value =
      PlaceValue{{hashed<LocalId>("another directory"), *FileName::from("report-2026.txt")}, object.place.value->now};
  object.attributes.stamp.age = hour;
  object.contents[0].stamp.age = hour;
  object.context = {{example_header().author, hour}};
  return object;
}

ObjectEntry example_edit() {
  const std::uint64_t hour = std::uint64_t{3'600'000} << 16;
  ObjectEntry object = example_file();
  object.place = {{hour, ForeignStamp{hashed<AuthorTag>("maker"), hashed<Hash>("origin")}}, std::nullopt};
  object.context = {{hashed<AuthorTag>("maker"), hour}};
  return object;
}

ObjectEntry example_full() {
  ObjectEntry file = example_file();
  file.context = {{filled<AuthorTag>(1), 5}, {filled<AuthorTag>(2), 6}};
  file.attributes.value->xattrs = {{"user.a", {1}}, {"user.b", {2}}};
  file.links = {{filled<LocalId>(1), {}, Place{filled<LocalId>(9), *FileName::from("x")}},
                {filled<LocalId>(2), {3, {}}, {}}};
  return file;
}

BatchTombstone example_tombstones(std::size_t count) {
  BatchTombstone batch;
  for (std::size_t i = 0; i < count; ++i) {
    batch.items.push_back({hashed<LocalId>("object " + std::to_string(i)),
                           Kind::file,
                           {{example_header().author, std::uint64_t{3'600'000 + 40 * i} << 16}},
                           {},
                           {}});
  }
  std::sort(batch.items.begin(), batch.items.end(), [](const auto& a, const auto& b) { return a.object < b.object; });
  return batch;
}

Commit example_commit(Entry entry) {
  std::vector<Entry> entries;
  entries.push_back(std::move(entry));
  return sign_commit(example_network(), example_header(), std::move(entries), example_key());
}

HashList example_list() {
  return {1, {{hashed<Hash>("chunk 0"), 65'536}, {hashed<Hash>("chunk 1"), 16'000}, {hashed<Hash>("chunk 2"), 1}}};
}

Beacon example_beacon() {
  Beacon beacon;
  beacon.node = hashed<NodeId>("node");
  beacon.boot = hashed<Nonce>("boot");
  beacon.tcp_port = 4711;
  beacon.has_clock = true;
  beacon.network_time = {kMadeMs};
  beacon.salt_epoch = 7;
  for (const SetId set : kAllSets) beacon.sets.push_back({set, 10'000, hashed<Fingerprint>("set")});
  return beacon;
}

}  // namespace meshfs::testing
