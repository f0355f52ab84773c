// Needs, as far as deltas go: the contents that what is missing may come as a delta against.
#include "fsd/core/index_keys.h"
#include "fsd/core/needs.h"

namespace meshfs::fsd {

using keys::Space;

void Needs::put_bases(const Hash& root, const std::vector<codec::ChunkedContent>& bases) {
  if (bases.empty()) return;
  Packer row;
  for (const codec::ChunkedContent& base : bases) {
    row.fixed(base.root);
    index_.put(std::move(keys::of(Space::base_of, base.root).fixed(root)).view(), {});
  }
  index_.put(keys::of(Space::bases, root).view(), row.view());
}

// Those that are still here, as far as their root tells.
std::vector<Hash> Needs::bases_of(const Hash& root) {
  std::vector<Hash> out;
  const auto row = index_.get(keys::of(Space::bases, root).view());
  if (!row) return out;
  for (Unpacker in(*row); in.ok() && !in.done();) out.push_back(in.fixed<Hash>());
  std::erase_if(out, [this](const Hash& base) { return !blobs_.has(base); });
  return out;
}

void Needs::drop_bases(const Hash& root) {
  const Packer key = keys::of(Space::bases, root);
  const auto row = index_.get(key.view());
  if (!row) return;
  std::vector<Hash> bases;
  for (Unpacker in(*row); in.ok() && !in.done();) bases.push_back(in.fixed<Hash>());
  for (const Hash& base : bases) index_.erase(std::move(keys::of(Space::base_of, base).fixed(root)).view());
  index_.erase(key.view());
}

// A chunk keeps its distance from the last one before it that the base has.
void Needs::guess_offsets(const Hash& root, std::vector<Part>& chunks) {
  if (versions_ == nullptr || chunks.empty() || chunks.front().level != 0) return;
  const auto bases = bases_of(root);
  const auto base = bases.empty() ? nullptr : versions_->get(bases.front(), chunks.front().offset);
  if (base == nullptr) return;
  std::int64_t shift = 0;
  std::size_t next = base->at_offset(chunks.front().offset);
  for (Part& chunk : chunks) {
    if (const auto at = base->find(chunk.hash, next)) {
      shift = static_cast<std::int64_t>(base->items()[*at].offset) - static_cast<std::int64_t>(chunk.offset);
      next = *at + 1;
    } else {
      chunk.offset =
          static_cast<std::uint64_t>(std::max<std::int64_t>(0, static_cast<std::int64_t>(chunk.offset) + shift));
    }
  }
}

bool Needs::in_use_as_base(const Hash& root) {
  bool found = false;
  const Packer prefix = keys::of(Space::base_of, root);
  index_.scan(prefix.view(), [&](ByteView key, ByteView) {
    found = keys::after(key, prefix.view()).has_value();
    return false;
  });
  return found;
}

std::optional<Needs::DeltaTarget> Needs::delta_target(const Hash& blob) {
  const auto roots = roots_needing(blob);
  if (roots.empty()) return std::nullopt;
  DeltaTarget out;
  out.kind = roots.front().second.level == 0 ? codec::BlobKind::chunk : codec::BlobKind::list;
  out.size = roots.front().second.size;
  for (const auto& [root, part] : roots) {
    for (const Hash& base : bases_of(root)) out.bases.push_back(base);
  }
  return out;
}

Needs::Put Needs::put_patched(const codec::Blob& list, const std::vector<codec::Blob>& chunks,
                              std::vector<ObjectId>& released, std::vector<Hash>& stored) {
  const auto roots = roots_needing(list.hash);
  if (roots.empty()) return blobs_.has(list.hash) ? Put::known : Put::refused;
  for (const codec::Blob& chunk : chunks) {
    if (!roots_needing(chunk.hash).empty()) {
      if (put(chunk, released) == Put::full) return Put::full;
    } else {
      if (!blobs_.put(chunk).ok()) return Put::full;
      if (arrival_) arrival_(roots.front().first, chunk.plain_size);
    }
    stored.push_back(chunk.hash);
  }
  const Put outcome = put(list, released);
  if (outcome == Put::stored) stored.push_back(list.hash);
  return outcome;
}

}  // namespace meshfs::fsd
