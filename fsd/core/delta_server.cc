#include "fsd/core/delta_server.h"

#include "fsd/delta/patch_make.h"
#include "fsd/delta/run_delta.h"
#include "schema/crypto/hash.h"

namespace meshfs::fsd {

namespace {

std::size_t kept_items(const PatchPlan& plan) {
  std::size_t kept = 0;
  for (const PatchPlan::Piece& piece : plan.pieces) kept += piece.kept ? piece.items.count : 0;
  return kept;
}

codec::Blob coded(const codec::Blob& stored, codec::BlobEncoding encoding, Bytes data, const Hash& base) {
  return {stored.hash, stored.kind, encoding, stored.plain_size, std::move(data), base};
}

}  // namespace

void DeltaServer::serve(const codec::local::GetBlobs& request) {
  if (queue_.size() >= kMaxQueued) {
    serve_blobs(blobs_, request, send_);
    return;
  }
  queue_.push_back(request);
  step();
}

void DeltaServer::answer(std::uint64_t request, codec::Blob blob) {
  codec::local::BlobsFound found;
  found.request = request;
  found.blobs.push_back(std::move(blob));
  send_(std::move(found));
}

bool DeltaServer::step() {
  if (queue_.empty() || at_work_ >= kMaxAtWork) return false;
  const codec::local::GetBlobs request = std::move(queue_.front());
  queue_.pop_front();
  Job job;
  const auto stored = blobs_.get(request.hashes.front());
  if (stored.ok()) {
    const auto plain =
        stored->kind == codec::BlobKind::list ? blobs_.plain(stored->hash) : Result<Bytes>(Errc::invalid);
    auto list = plain.ok() ? codec::decode_list(*plain) : Result<codec::HashList>(Errc::invalid);
    job = list.ok() && list->level == 1 ? patch_job(request, *stored, std::move(*list)) : delta_job(request, *stored);
    if (!job && !request.signature.empty()) job = rsync_job(request, *stored);
  }
  if (!job) {
    serve_blobs(blobs_, request, send_);
  } else if (workshop_ == nullptr) {
    Workshop::Tools none;
    ++at_work_;
    job(none)();
  } else {
    ++at_work_;
    workshop_->run(std::move(job));
  }
  return !queue_.empty() && at_work_ < kMaxAtWork;
}

Workshop::Job DeltaServer::finishing(std::uint64_t request, codec::Blob stored,
                                     std::function<std::optional<codec::Blob>()> make) {
  return [this, alive = std::weak_ptr(alive_), request, stored = std::move(stored),
          make = std::move(make)](Workshop::Tools&) -> Workshop::Done {
    auto made = std::make_shared<std::optional<codec::Blob>>(make());
    if (!*made) *made = stored;
    return [this, alive, request, made] {
      if (alive.expired()) return;
      --at_work_;
      answer(request, std::move(**made));
    };
  };
}

Workshop::Job DeltaServer::delta_job(const codec::local::GetBlobs& request, const codec::Blob& stored) {
  for (const Hash& base : request.bases) {
    const auto old = blobs_.get(base);
    if (base == stored.hash || !old.ok() || old->kind != stored.kind) continue;
    auto base_plain = blobs_.plain(base);
    auto plain = blobs_.plain(stored.hash);
    if (!base_plain.ok() || !plain.ok()) continue;
    auto make = [stored, base, plain = std::move(*plain),
                 base_plain = std::move(*base_plain)]() -> std::optional<codec::Blob> {
      DeltaCodec codec;
      auto frame = codec.make(plain, base_plain);
      if (!frame || frame->size() >= stored.data.size()) return std::nullopt;
      return coded(stored, codec::BlobEncoding::delta, std::move(*frame), base);
    };
    return finishing(request.request, stored, std::move(make));
  }
  return nullptr;
}

Workshop::Job DeltaServer::rsync_job(const codec::local::GetBlobs& request, const codec::Blob& stored) {
  auto plain = blobs_.plain(stored.hash);
  if (stored.kind != codec::BlobKind::chunk || !plain.ok()) return nullptr;
  return finishing(request.request, stored,
                   [stored, plain = std::move(*plain), signature = request.signature]() -> std::optional<codec::Blob> {
                     auto delta = delta_run(plain, signature);
                     if (!delta || !*delta || (*delta)->size() >= stored.data.size()) return std::nullopt;
                     return coded(stored, codec::BlobEncoding::rsync, std::move(**delta), crypto::hash_of(signature));
                   });
}

Workshop::Job DeltaServer::patch_job(const codec::local::GetBlobs& request, const codec::Blob& stored,
                                     codec::HashList list) {
  std::optional<PatchPlan> best;
  FlatVersions::Version version;
  Hash root;
  for (const Hash& base : request.bases) {
    const auto here = versions_.get(base, request.offset);
    if (here == nullptr) continue;
    auto plan = plan_patch(list, *here, {request.offset, 0});
    if (!plan || (best && kept_items(*plan) <= kept_items(*best))) continue;
    best = std::move(plan);
    version = here;
    root = base;
  }
  if (!best) return nullptr;
  PatchBytes bytes;
  for (const std::size_t at : best->chunks) {
    auto chunk = blobs_.plain(best->list.items[at].hash);
    bytes.chunks.push_back(chunk.ok() ? std::move(*chunk) : Bytes{});
  }
  for (const ItemRange& range : best->ranges) {
    auto part = versions_.read(*version, best->offset_of(range), best->bytes_of(range));
    bytes.ranges.push_back(part.ok() ? std::move(*part) : Bytes{});
  }
  // Shared, not copied: a function object must be copyable.
  const auto order = std::make_shared<const std::pair<PatchPlan, PatchBytes>>(std::move(*best), std::move(bytes));
  return finishing(request.request, stored, [stored, root, order]() -> std::optional<codec::Blob> {
    auto patch = make_patch(order->first, order->second);
    if (!patch) return std::nullopt;
    return coded(stored, codec::BlobEncoding::patch, std::move(*patch), root);
  });
}

}  // namespace meshfs::fsd
