#include "tests/sim/light_fsd.h"

#include "schema/codec/commit.h"
#include "tests/unit/syncd/fake_members.h"

namespace meshfs::sim {

namespace local = codec::local;

namespace {

constexpr std::size_t kItemsPerMessage = 4096;
constexpr std::size_t kItemsBytes = 256 * 1024;  // of one answer, as fsd's (fsd/core/serve.h)

template <class Fixed>
Fixed named(std::string_view kind, std::uint64_t number) {
  const ByteView bytes{reinterpret_cast<const std::uint8_t*>(&number), sizeof number};
  return crypto::prefix_of<Fixed>(crypto::hash_in(kind, {bytes}));
}

}  // namespace

Record light_record(std::uint64_t number, std::size_t content_bytes) {
  constexpr std::int64_t kMadeMs = 1'790'000'000'000;
  codec::ObjectEntry object;
  const auto directory = named<LocalId>("light directory", 1);
  const auto name = *FileName::from("record-" + std::to_string(number));
  object.kind = codec::Kind::file;
  object.place.value = codec::PlaceValue{{directory, name}, std::nullopt};
  object.object = codec::object_id({kSharedVolume, directory}, name, codec::Kind::file);
  codec::Attributes attributes;
  attributes.mode = 0644;
  attributes.mtime_ns = kMadeMs * 1'000'000 + static_cast<std::int64_t>(number);
  object.attributes.value = attributes;
  Bytes content;  // nothing that packs
  Rng rng(number);
  while (content.size() < content_bytes) content.push_back(static_cast<std::uint8_t>(rng.next()));
  object.contents.push_back({{}, content});
  codec::Commit commit;
  commit.header.author = named<AuthorTag>("light author", number % 50);
  commit.header.sequence = number + 1;
  commit.header.hlc = Hlc::at({kMadeMs + static_cast<std::int64_t>(number)});
  if (number > 0) commit.header.previous = named<HeaderHash>("light previous", number);  // the first has none
  commit.header.total_bytes = 1'000'000 + number;
  commit.header.total_entries = 10'000 + number;
  const auto first = named<Hash>("light signature", 2 * number),
             second = named<Hash>("light signature", 2 * number + 1);
  std::copy(first.data.begin(), first.data.end(), commit.signature.data.begin());
  std::copy(second.data.begin(), second.data.end(), commit.signature.data.begin() + Hash::kSize);
  commit.entries.emplace_back(std::move(object));
  return std::make_shared<const Bytes>(codec::encode_commit(commit));
}

LightFsd::LightFsd(SimHost& host, std::uint64_t number) : host_(host), self_(number) {
  host_.set_fsd([this](const local::ToFsd& message) { hear(message); });
}

std::optional<local::ItemAdded> LightFsd::take(const Record& record) {
  const Hash hash = crypto::hash_of(*record);
  const auto [it, is_new] = number_of_.try_emplace(hash, records_.size() + 1);
  if (!is_new) return std::nullopt;
  records_.push_back(record);
  return local::ItemAdded{it->second, SetId::shared, hash};
}

void LightFsd::greet() {
  host_.to_syncd(fake_welcome("n" + std::to_string(self_)));
  local::Items snapshot;
  for (const auto& [hash, number] : number_of_) {
    snapshot.added.push_back({number, SetId::shared, hash});
    if (snapshot.added.size() == kItemsPerMessage) host_.to_syncd(std::exchange(snapshot, {}));
  }
  snapshot.snapshot_done = true;
  host_.to_syncd(snapshot);
}

void LightFsd::learn(const Record& record) {
  local::Items news;
  if (const auto added = take(record)) news.added.push_back(*added);
  host_.to_syncd(news);
}

void LightFsd::publish(const Record& record) {
  learn(record);
  local::Publish publish;
  publish.push.bundles.push_back({codec::ItemForm::commit, *record});
  host_.to_syncd(publish);
}

void LightFsd::on(const local::Offer& offer) {
  local::Judged judged{offer.offer, {}};
  local::Items news;
  for (const codec::Bundle& bundle : offer.bundles) {
    ++offered;
    if (!codec::decode_commit(bundle.bytes)) {
      judged.bundles.push_back({local::Verdict::refused, {}});
      continue;
    }
    const auto added = take(std::make_shared<const Bytes>(bundle.bytes));
    judged.bundles.push_back({added ? local::Verdict::accepted : local::Verdict::known, {}});
    if (!added) continue;
    news.added.push_back(*added);
    if (on_new) on_new(added->hash);
  }
  host_.to_syncd(std::move(judged));
  if (!news.added.empty()) host_.to_syncd(std::move(news));
  host_.to_syncd(local::Durable{offer.offer});
}

void LightFsd::on(const local::GetItems& get) {
  local::ItemsFound found{get.request, {}};
  std::size_t bytes = 0;
  for (const std::uint64_t number : get.items) {
    if (number == 0 || number > records_.size()) continue;
    if (bytes >= kItemsBytes) {
      found.left.push_back(number);
      continue;
    }
    bytes += records_[number - 1]->size() + 64;
    found.bundles.push_back({codec::ItemForm::commit, *records_[number - 1]});
  }
  host_.to_syncd(std::move(found));
}

void LightFsd::hear(const local::ToFsd& message) {
  if (const auto* offer = std::get_if<local::Offer>(&message)) {
    on(*offer);
  } else if (const auto* get = std::get_if<local::GetItems>(&message)) {
    on(*get);
  } else if (on_other) {
    on_other(message);
  }
}

}  // namespace meshfs::sim
