#include "tests/unit/syncd/fake_fsd.h"

#include "tests/unit/syncd/fake_members.h"

namespace meshfs::sim {

namespace local = codec::local;

FakeFsd::FakeFsd(SimHost& host, std::string name) : host_(host), name_(std::move(name)) {
  host_.set_fsd([this](const local::ToFsd& message) { hear(message); });
}

void FakeFsd::greet() {
  host_.to_syncd(fake_welcome(name_));
  local::Items snapshot;
  for (const auto& [hash, bytes] : items) snapshot.added.push_back({number_of_.at(hash), SetId::shared, hash});
  snapshot.snapshot_done = true;
  host_.to_syncd(snapshot);
  for (const auto& [hash, bytes] : items) ask_for(bytes);
  host_.to_syncd(local::NetworkTime{{1000}, true, false});
}

bool FakeFsd::take(const Bytes& bytes) {
  const Hash hash = crypto::hash_of(bytes);
  if (!items.emplace(hash, bytes).second) return false;
  numbers_[next_] = hash;
  number_of_[hash] = next_++;
  if (clock) arrived[hash] = clock();
  return true;
}

Hash FakeFsd::publish(std::uint64_t text, const std::vector<Bytes>& contents, bool along) {
  Bytes bytes(8);
  std::memcpy(bytes.data(), &text, sizeof text);
  local::Publish publish;
  for (const Bytes& content : contents) {
    codec::Blob blob;
    blob.hash = crypto::hash_of(content);
    blob.plain_size = static_cast<std::uint32_t>(content.size());
    blob.data = content;
    bytes.insert(bytes.end(), blob.hash.data.begin(), blob.hash.data.end());
    if (clock) arrived[blob.hash] = clock();
    if (along) publish.push.blobs.push_back(blob);
    blobs[blob.hash] = std::move(blob);
  }
  take(bytes);
  const Hash hash = crypto::hash_of(bytes);
  local::Items news;
  news.added.push_back({number_of_.at(hash), SetId::shared, hash});
  host_.to_syncd(news);
  publish.push.bundles.push_back({codec::ItemForm::header, bytes});
  host_.to_syncd(publish);
  return hash;
}

void FakeFsd::forget(const Hash& item) {
  local::Items news;
  news.removed.push_back({number_of_.at(item), SetId::shared, item});
  numbers_.erase(number_of_.at(item));
  number_of_.erase(item);
  items.erase(item);
  host_.to_syncd(news);
}

void FakeFsd::ask_for(const Bytes& bytes) {
  local::NeedBlobs need;
  for (std::size_t at = 8; at + 32 <= bytes.size(); at += 32) {
    const Hash hash = *Hash::from(ByteView(bytes).subspan(at, 32));
    if (blobs.contains(hash)) continue;
    needs.insert(hash);
    need.needs.push_back({hash, codec::BlobKind::chunk, 0});
  }
  if (!need.needs.empty()) host_.to_syncd(need);
}

void FakeFsd::on(const local::Offer& offer) {
  ++offers;
  local::Judged judged{offer.offer, {}};
  local::Items news;
  std::vector<Bytes> fresh;
  for (const codec::Bundle& bundle : offer.bundles) {
    ++bundles_offered;
    if (believe && !believe(bundle)) {
      judged.bundles.push_back({local::Verdict::refused, "not believed"});
      continue;
    }
    const bool is_new = take(bundle.bytes);
    judged.bundles.push_back({is_new ? local::Verdict::accepted : local::Verdict::known, ""});
    if (!is_new) continue;
    const Hash hash = crypto::hash_of(bundle.bytes);
    news.added.push_back({number_of_.at(hash), SetId::shared, hash});
    fresh.push_back(bundle.bytes);
  }
  host_.to_syncd(judged);
  if (!news.added.empty()) host_.to_syncd(news);
  for (const Bytes& bytes : fresh) ask_for(bytes);
  host_.to_syncd(local::Durable{offer.offer});
}

void FakeFsd::on(const local::PutBlobs& put) {
  local::BlobsStored outcome;
  for (const codec::Blob& blob : put.blobs) {
    if (!needs.contains(blob.hash)) continue;
    if (crypto::hash_of(blob.data) != blob.hash) {
      ++refused_blobs;
      outcome.refused.push_back(blob.hash);
      continue;
    }
    needs.erase(blob.hash);
    blobs[blob.hash] = blob;
    if (clock) arrived[blob.hash] = clock();
    outcome.stored.push_back(blob.hash);
  }
  host_.to_syncd(outcome);
}

void FakeFsd::on(const local::GetBlobs& get) {
  local::BlobsFound found{get.request, {}, {}};
  for (const Hash& hash : get.hashes) {
    if (const auto it = blobs.find(hash); it != blobs.end())
      found.blobs.push_back(it->second), ++blobs_given;
    else
      found.missing.push_back(hash);
    if (found.blobs.size() + found.missing.size() < 5) continue;
    host_.to_syncd(std::exchange(found, {get.request, {}, {}}));  // fsd may cut an answer into several messages
  }
  host_.to_syncd(found);
}

void FakeFsd::on(const local::GetItems& get) {
  local::ItemsFound found{get.request, {}};
  for (const std::uint64_t number : get.items) {
    if (const auto it = numbers_.find(number); it != numbers_.end()) {
      found.bundles.push_back({codec::ItemForm::header, items.at(it->second)});
      if (found.bundles.size() == 50) host_.to_syncd(std::exchange(found, {get.request, {}}));
    }
  }
  host_.to_syncd(found);
}

void FakeFsd::hear(const local::ToFsd& message) {
  if (const auto* offer = std::get_if<local::Offer>(&message)) on(*offer);
  if (const auto* put = std::get_if<local::PutBlobs>(&message)) on(*put);
  if (const auto* get = std::get_if<local::GetBlobs>(&message)) on(*get);
  if (const auto* get = std::get_if<local::GetItems>(&message)) on(*get);
  if (const auto* report = std::get_if<local::PeersReport>(&message)) peers = report->json;
  if (const auto* vote = std::get_if<local::ClockVotes>(&message)) votes = vote->votes;
}

}  // namespace meshfs::sim
