#include "fsd/core/delta_intake.h"

#include <algorithm>
#include <map>

#include "fsd/delta/patch_apply.h"
#include "fsd/delta/run_delta.h"

namespace meshfs::fsd {

using codec::BlobEncoding;
using codec::BlobKind;

// What a patch reads of its base, so that it can be rebuilt elsewhere.
struct DeltaIntake::Gathered {
  std::map<std::pair<std::uint64_t, std::size_t>, Bytes> parts;  // by offset and length, as the patch asks for them
  [[nodiscard]] ReadBase reader() const {
    return [this](std::uint64_t offset, std::size_t length) -> Result<Bytes> {
      const auto at = parts.find({offset, length});
      return at == parts.end() ? Result<Bytes>(Errc::not_found) : at->second;
    };
  }
};

namespace {

// False bytes are the sender's fault; a base that is not as the patch needs it, or memory, is not.
DeltaIntake::Outcome::Verdict blame_of(Errc code) {
  const bool false_bytes = code == Errc::bad_bytes || code == Errc::too_large;
  return false_bytes ? DeltaIntake::Outcome::Verdict::refused : DeltaIntake::Outcome::Verdict::unusable;
}

codec::Blob plain_blob(const Hash& hash, BlobKind kind, Bytes plain) {
  return {hash, kind, BlobEncoding::plain, static_cast<std::uint32_t>(plain.size()), std::move(plain), {}};
}

}  // namespace

void DeltaIntake::take(codec::Blob blob, const std::string& from) {
  if (queued_bytes_ + blob.data.size() > kMaxQueuedBytes) {
    finished_({std::move(blob), from}, {});
    return;
  }
  queued_bytes_ += blob.data.size();
  queue_.push_back({std::move(blob), from});
}

bool DeltaIntake::step() {
  if (queue_.empty() || at_work_ >= kMaxAtWork) return false;
  const auto what = std::make_shared<const Arrived>(std::move(queue_.front()));
  queue_.pop_front();
  queued_bytes_ -= what->blob.data.size();
  Begun begun = begin(what->blob);
  if (!begun.rebuild) {
    Outcome outcome;
    outcome.verdict = begun.verdict;
    finished_(*what, std::move(outcome));
  } else {
    ++at_work_;
    Workshop::Job job = [this, alive = std::weak_ptr(alive_), what,
                         rebuild = std::move(begun.rebuild)](Workshop::Tools& tools) -> Workshop::Done {
      const auto outcome = std::make_shared<Outcome>(rebuild(tools));
      return [this, alive, what, outcome] {
        if (alive.expired()) return;
        --at_work_;
        finished_(*what, std::move(*outcome));
      };
    };
    Workshop::Tools none;
    if (workshop_ == nullptr)
      job(none)();
    else
      workshop_->run(std::move(job));
  }
  return !queue_.empty() && at_work_ < kMaxAtWork;
}

DeltaIntake::Begun DeltaIntake::begin(const codec::Blob& blob) {
  const auto target = needs_.delta_target(blob.hash);
  if (!target || target->kind != blob.kind)
    return {nullptr, blobs_.has(blob.hash) ? Verdict::unusable : Verdict::refused};
  if (blob.encoding == BlobEncoding::rsync) return begin_rsync(blob, target->size);
  // A base that we no longer name may have been named when this was asked for.
  if (std::find(target->bases.begin(), target->bases.end(), blob.base) == target->bases.end()) return {};
  if (blob.encoding == BlobEncoding::patch) return begin_patch(blob, target->size);
  if (blob.encoding == BlobEncoding::delta) return begin_delta(blob, target->size);
  return {nullptr, Verdict::refused};
}

DeltaIntake::Begun DeltaIntake::begin_delta(const codec::Blob& blob, std::uint64_t size) {
  const bool fits = blob.kind == BlobKind::chunk ? blob.plain_size == size : true;
  if (!fits || blob.plain_size > codec::kMaxChunkBytes) return {nullptr, Verdict::refused};
  auto base = blobs_.plain(blob.base);
  if (!base.ok()) return {};
  return {[blob, base = std::move(*base)](Workshop::Tools& tools) {
    Outcome out;
    DeltaCodec codec;
    auto plain = codec.apply(blob.data, base, blob.plain_size);
    if (!plain.ok()) {
      out.verdict = blame_of(plain.code());
    } else if (codec::blob_hash(blob.kind, *plain) != blob.hash) {
      out.verdict = Verdict::refused;
    } else {
      out.verdict = Verdict::whole;
      out.blob = tools.pack(plain_blob(blob.hash, blob.kind, std::move(*plain)));
    }
    return out;
  }};
}

DeltaIntake::Begun DeltaIntake::begin_rsync(const codec::Blob& blob, std::uint64_t size) {
  const Signing::Signed* what = signing_.find(blob.hash);
  if (what == nullptr || what->signature != blob.base) return {};
  if (blob.kind != BlobKind::chunk || blob.plain_size != size) return {nullptr, Verdict::refused};
  const auto version = versions_.get(what->base, what->from);
  auto base = version == nullptr ? Result<Bytes>(Errc::not_found) : versions_.read(*version, what->from, what->length);
  if (!base.ok()) return {};
  return {[blob, base = std::move(*base)](Workshop::Tools& tools) {
    Outcome out;
    auto plain = patch_run(base, blob.data, blob.plain_size);
    if (!plain.ok()) {
      out.verdict = blame_of(plain.code());
    } else if (codec::blob_hash(blob.kind, *plain) != blob.hash) {
      out.verdict = Verdict::refused;
    } else {
      out.verdict = Verdict::whole;
      out.blob = tools.pack(plain_blob(blob.hash, blob.kind, std::move(*plain)));
    }
    return out;
  }};
}

DeltaIntake::Begun DeltaIntake::begin_patch(const codec::Blob& blob, std::uint64_t size) {
  const auto place = patch_window(blob.data);
  if (!place) return {nullptr, blame_of(place.code())};
  if (size > kMaxPlain) return {};
  const auto base = versions_.get(blob.base, place->from);
  if (base == nullptr) return {};
  const std::size_t first = base->at_offset(place->from);
  const auto items = base->items();
  const bool fits = items[first].offset == place->from && place->items <= items.size() - first;
  if (!fits && place->items > 0) return {};
  std::vector<BaseItem> window(items.begin() + static_cast<std::ptrdiff_t>(first),
                               items.begin() + static_cast<std::ptrdiff_t>(first + place->items));
  auto reader = PatchReader::open(blob.data, window);
  if (!reader) return {nullptr, blame_of(reader.code())};
  const auto gathered = std::make_shared<Gathered>();
  std::uint64_t bytes = 0;
  for (;;) {
    const auto next = reader->next();
    if (!next) return {nullptr, blame_of(next.code())};
    if (!*next) break;
    if ((*next)->kind != PatchOp::Kind::delta) continue;
    for (const ItemRange& range : (*next)->ranges) {
      const std::uint64_t from = window[range.first].offset;
      const auto length = static_cast<std::size_t>(window[range.end() - 1].end() - from);
      if (gathered->parts.contains({from, length})) continue;
      if ((bytes += length) > kMaxRead) return {};
      auto part = versions_.read(*base, from, length);
      if (!part) return {};
      gathered->parts.emplace(std::pair(from, length), std::move(*part));
    }
  }
  return {[blob, size, gathered, window = std::move(window)](Workshop::Tools& tools) {
    Outcome out;
    const ReadBase read = gathered->reader();
    auto checked = check_patch(blob.data, window, read, blob.hash, size);
    const Status unpacked =
        !checked
            ? Status(checked.failure())
            : unpack_patch(blob.data, window, read, checked->list,
                           [&](const codec::ListItem& chunk, ByteView plain) -> Status {
                             out.chunks.push_back(tools.pack(plain_blob(chunk.hash, BlobKind::chunk, copy_of(plain))));
                             return {};
                           });
    if (!unpacked || checked->encoded.size() != blob.plain_size) {
      out.chunks.clear();
      out.verdict = unpacked ? Verdict::refused : blame_of(unpacked.code());
      return out;
    }
    out.verdict = Verdict::whole;
    out.blob = tools.pack(plain_blob(blob.hash, BlobKind::list, std::move(checked->encoded)));
    return out;
  }};
}

}  // namespace meshfs::fsd
