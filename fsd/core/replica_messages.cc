// What syncd and tools tell the replica.
#include "fsd/core/replica_parts.h"
#include "fsd/core/serve.h"
#include "schema/crypto/hash_many.h"

namespace meshfs::fsd {

static bool is_plain_chunk(const codec::Blob& blob) {
  return blob.kind == codec::BlobKind::chunk && blob.encoding == codec::BlobEncoding::plain && blob.base.is_zero();
}

local::Judged::One Replica::Parts::judge(const codec::Bundle& bundle) {
  if (bundle.form != codec::ItemForm::squeezed) return intake.judge(bundle);
  auto plain = squeezer.unsqueeze(bundle);
  if (!plain.ok()) {
    // Without the dictionary it comes plain: by reconciliation, since its item is still missing here.
    const bool lacks = plain.code() == Errc::not_found;
    return {lacks ? local::Verdict::pending : local::Verdict::refused, plain.failure().message};
  }
  local::Judged::One verdict = intake.judge(*plain);
  if (verdict.verdict == local::Verdict::accepted) verdict.plain = std::move(plain->bytes);
  return verdict;
}

void Replica::Parts::on(const local::Offer& offer) {
  outbox.before_seal();
  const Status sealed = authoring.seal();  // what comes may be later than the open batch's stamps
  names.settle();
  if (auto own = objects.take_visible(); on_change) changes.add(own);
  local::Judged judged;
  judged.offer = offer.offer;
  bool accepted = false;
  std::size_t plain_bytes = 0;
  for (const auto& bundle : offer.bundles) {
    if (!sealed.ok()) {
      judged.bundles.push_back({local::Verdict::pending, "the disk is full"});
      continue;
    }
    judged.bundles.push_back(judge(bundle));
    follow_policy(false);
    // Many squeezed bundles could unpack to more than a frame: who needs those plain gets them by reconciliation.
    plain_bytes += judged.bundles.back().plain.size();
    if (plain_bytes > kMaxAnswerBytes) judged.bundles.back().plain.clear();
    collect_visible();
    accepted = accepted || judged.bundles.back().verdict == local::Verdict::accepted;
  }
  authoring.recompose(intake.take_touched());
  outbox.send(std::move(judged));
  settle(true);
  if (!accepted) return;
  log.when_durable([this, number = offer.offer, alive = std::weak_ptr(alive_)](const Status& status) {
    if (!alive.expired() && status.ok()) outbox.send(local::Durable{number});
  });
}

void Replica::Parts::on(const local::PutBlobs& put) {
  local::BlobsStored outcome;
  std::vector<ObjectId> released;
  needs.on_arrival([&](const Hash& root, std::size_t bytes) {
    transfers.arrived(root, put.from, bytes, now);
    demands.progress(root);
  });
  // Most are plain chunks: hashed side by side.
  std::vector<ByteView> chunks;
  for (const auto& blob : put.blobs) {
    if (is_plain_chunk(blob)) chunks.emplace_back(blob.data);
  }
  std::vector<Hash> hashes(chunks.size());
  crypto::hash_many(chunks, hashes);
  auto hash = hashes.begin();
  for (const auto& blob : put.blobs) {
    if (!blob.base.is_zero()) {
      delta_intake.take(blob, put.from);
      continue;
    }
    signing.came(blob.hash, false);
    const auto result = needs.put(blob, released, is_plain_chunk(blob) ? &*hash++ : nullptr);
    if (result == Needs::Put::stored || result == Needs::Put::known) outcome.stored.push_back(blob.hash);
    if (result == Needs::Put::stored) stored(blob.hash);
    if (result == Needs::Put::refused) outcome.refused.push_back(blob.hash);
    if (result == Needs::Put::full) no_room_for(blob.hash);
  }
  needs.on_arrival(nullptr);
  for (const ObjectId& object : released) objects.refresh(object);
  if (!outcome.stored.empty() || !outcome.refused.empty()) outbox.send(std::move(outcome));
  settle(true);
}

void Replica::Parts::stored(const Hash& blob) {
  demands.arrived(blob);
  full = false;
  room_pause = kFirstRoomPause;
}

void Replica::Parts::no_room_for(const Hash& blob) {
  demands.no_room(blob);
  needs.put_off(blob);
  full = true;
  if (room_at != kNever) return;
  room_at = now + room_pause;
  room_pause = std::min(room_pause * 2, kLongestRoomPause);
}

// A delta's way ends here: as if it had come plain.
void Replica::Parts::delta_done(const DeltaIntake::Arrived& what, DeltaIntake::Outcome outcome) {
  using Verdict = DeltaIntake::Outcome::Verdict;
  const bool by_signature = what.blob.encoding == codec::BlobEncoding::rsync;
  signing.came(what.blob.hash, by_signature && outcome.verdict == Verdict::whole);
  local::BlobsStored told;
  std::vector<ObjectId> released;
  if (outcome.verdict == Verdict::whole) {
    needs.on_arrival([&](const Hash& root, std::size_t bytes) {
      transfers.arrived(root, what.from, bytes, now);
      demands.progress(root);
    });
    const auto put = needs.put_patched(outcome.blob, outcome.chunks, released, told.stored);
    needs.on_arrival(nullptr);
    for (const Hash& blob : told.stored) stored(blob);
    if (put == Needs::Put::known) told.stored.push_back(what.blob.hash);
    if (put == Needs::Put::full) no_room_for(what.blob.hash);
  } else if (outcome.verdict == Verdict::refused) {
    told.refused.push_back(what.blob.hash);
  } else {
    told.unusable.push_back(what.blob.hash);
  }
  for (const ObjectId& object : released) objects.refresh(object);
  if (!told.stored.empty() || !told.refused.empty() || !told.unusable.empty()) outbox.send(std::move(told));
  settle(true);
}

void Replica::Parts::on(const local::GetBlobs& get) {
  if (counters.placeholders > 0) {
    demands.pass_on(get.hashes);
    tell_needs(false);
  }
  if (!get.bases.empty() || !get.signature.empty()) return delta_server.serve(get);
  serve_blobs(ports.blobs, get, [this](local::ToSyncd message) { outbox.send(std::move(message)); });
}

void Replica::Parts::on(const local::GetItems& get) {
  serve_items(sets, view, squeezer, get, [this](local::ToSyncd message) { outbox.send(std::move(message)); });
}

void Replica::Parts::on(const local::ClockVotes& votes) {
  if (options.has_clock || !time.neighbour_votes(votes.votes, now)) return;
  advance(now, time.at(now));
  settle(true);
  tell_time();
}

void Replica::Parts::on(const local::Ask& ask) {
  local::Answer answer;
  answer.request = ask.request;
  if (ask.verb == "status") {
    answer.ok = true;
    answer.text = "{\"objects\":" + std::to_string(counters.objects) + ",\"files\":" + std::to_string(counters.files) +
                  ",\"entries\":" + std::to_string(counters.entries) +
                  ",\"conflicts\":" + std::to_string(counters.conflicts) +
                  ",\"pending\":" + std::to_string(intake.pending().all().size()) +
                  ",\"missing_blobs\":" + std::to_string(counters.missing_blobs) +
                  ",\"network_time_ms\":" + std::to_string(time.at(now).ms) + "}";
  } else if (ask.verb == "peers") {
    answer.ok = true;
    answer.text = peers_json;
  } else {
    answer.code = Errc::unsupported;
    answer.text = "fsd does not know the verb '" + ask.verb + "'";
  }
  outbox.send(std::move(answer));
}

}  // namespace meshfs::fsd
