#include "fsd/core/needs.h"

#include <zstd.h>

#include "fsd/core/index_keys.h"
#include "schema/codec/zstd_frame.h"

namespace meshfs::fsd {

using keys::order_key, keys::pair_key, keys::waiting_key;
using keys::Space;

namespace {

// A list of kMaxListItems takes ~40 kB; one frame bounds it anyway.
constexpr std::size_t kMaxListBytes = 256 * 1024;

// The plain bytes of a blob in transit, if it is what it says: capped before anything is decoded. `hash` is that of its data
// as a chunk, if it is known already.
std::optional<SharedView> verified(const codec::Blob& blob, const Hash* hash) {
  const std::size_t cap = blob.kind == codec::BlobKind::chunk ? codec::kMaxChunkBytes : kMaxListBytes;
  if (blob.plain_size > cap) return std::nullopt;
  SharedView plain = blob.data;
  if (blob.encoding != codec::BlobEncoding::plain) {
    if (!codec::is_one_zstd_frame(blob.data)) return std::nullopt;
    Bytes unpacked(blob.plain_size);
    const std::size_t got = ZSTD_decompress(unpacked.data(), unpacked.size(), blob.data.data(), blob.data.size());
    if (ZSTD_isError(got) != 0 || got != unpacked.size()) return std::nullopt;
    plain = SharedView(std::move(unpacked));
    hash = nullptr;
  }
  const bool known = hash != nullptr && blob.kind == codec::BlobKind::chunk;
  if (plain.size() != blob.plain_size) return std::nullopt;
  if ((known ? *hash : codec::blob_hash(blob.kind, plain)) != blob.hash) return std::nullopt;
  return plain;
}

}  // namespace

Needs::Part Needs::root_part(const codec::ChunkedContent& content) {
  // The level of a large root is what its list says; 1 stands for "some list" (see parts_of).
  return {content.root, static_cast<std::uint8_t>(content.size <= codec::kMaxChunkBytes ? 0 : 1), content.size};
}

std::optional<Needs::RootState> Needs::state(const Hash& root) {
  const auto row = index_.get(keys::of(Space::root, root).view());
  if (!row) return std::nullopt;
  Unpacker in(*row);
  RootState out;
  out.size = in.number();
  out.missing = in.number();
  const std::uint8_t flags = in.byte();
  out.broken = (flags & 1) != 0;
  out.shows = (flags & 2) != 0;
  out.rests = (flags & 4) != 0;
  out.by_hand = (flags & 8) != 0;
  out.first = (flags & 16) != 0;
  return out;
}

// What the totals say of placeholders and of bytes on their way.
void Needs::recount(const Hash& root, const RootState* now) {
  const auto before = state(root);
  const auto add = [&](const RootState& one, std::uint64_t sign) {
    if (one.rests) {
      counters_.placeholders += sign;
      counters_.placeholder_bytes += sign * one.size;
    } else if (one.missing > 0) {
      counters_.fetching_bytes += sign * one.size;
    }
  };
  if (before) add(*before, ~std::uint64_t{0});
  if (now != nullptr) add(*now, 1);
}

void Needs::forget(const Hash& root) {
  recount(root, nullptr);
  index_.erase(keys::of(Space::root, root).view());
}

void Needs::store(const Hash& root, const RootState& state) {
  recount(root, &state);
  Packer row;
  const int flags = (state.broken ? 1 : 0) | (state.shows ? 2 : 0) | (state.rests ? 4 : 0) | (state.by_hand ? 8 : 0) |
                    (state.first ? 16 : 0);
  row.number(state.size).number(state.missing).byte(static_cast<std::uint8_t>(flags));
  index_.put(keys::of(Space::root, root).view(), row.view());
}

void Needs::want(const ObjectId& object, const codec::ChunkedContent& content, const Alike& alike) {
  const Part part = root_part(content);
  index_.put(waiting_key(content.root, object).view(), {});
  if (part.level == 0 && is_here(content.root)) return;  // the usual small file: nothing else to remember
  if (const auto known = state(content.root)) {
    if (known->rests && !known->by_hand) (void)start(content, false);
    return;
  }
  RootState fresh{content.size, 0};
  walk(content.root, fresh, part);
  store(content.root, fresh);
  if (fresh.missing > 0 && alike && content.size >= kMinBaseBytes) put_bases(content.root, alike());
}

void Needs::unwant(const ObjectId& object, const codec::ChunkedContent& content) {
  index_.erase(waiting_key(content.root, object).view());
  if (state(content.root) && waiting_for(content.root).empty()) drop_root(content.root);
}

void Needs::trust(const codec::ChunkedContent& content) {
  const auto known = state(content.root);
  if (!known && root_part(content).level > 0) store(content.root, {content.size, 0});
  // A copy of a placeholder is one as well; what was written here anew is whole now.
  if (known && known->rests && here(content)) (void)start(content, false);
}

bool Needs::complete(const codec::ChunkedContent& content) {
  if (root_part(content).level == 0 && blobs_.has(content.root) && !dying_.contains(content.root)) return true;
  const auto known = state(content.root);
  return known && !known->rests && known->missing == 0 && !known->broken && known->size == content.size;
}

bool Needs::here(const codec::ChunkedContent& content) {
  std::vector<Part> open{root_part(content)};
  while (!open.empty()) {
    const Part part = open.back();
    open.pop_back();
    if (!is_here(part.hash)) return false;
    if (part.level == 0) continue;
    const auto plain = blobs_.plain(part.hash);
    if (!plain.ok()) return false;
    const auto below = parts_of(part, *plain);
    if (!below) return false;
    open.insert(open.end(), below->begin(), below->end());
  }
  return true;
}

Needs::Progress Needs::progress(const codec::ChunkedContent& content) {
  constexpr std::uint64_t kAverageChunk = 16 * 1024;
  constexpr std::size_t kMaxLists = 256;  // 4 GB of file, ~30 ms; beyond, estimated
  const auto guess = [](std::uint64_t size) { return (size + kAverageChunk - 1) / kAverageChunk; };
  const Part root = root_part(content);
  if (root.level == 0) return {blobs_.has(content.root) ? 1u : 0u, 1};
  const auto known = state(content.root);
  std::uint64_t missing = known ? known->missing : 0, chunks = 0, unlisted = 0;
  std::size_t lists = 0;
  std::vector<Part> open{root};
  while (!open.empty()) {
    const Part list = open.back();
    open.pop_back();
    const bool is_here = blobs_.has(list.hash);
    const auto plain = is_here && lists++ < kMaxLists ? blobs_.plain(list.hash) : Result<Bytes>(Errc::not_found);
    const auto below = plain.ok() ? parts_of(list, *plain) : std::nullopt;
    if (below && !below->empty() && below->front().level > 0) {
      open.insert(open.end(), below->begin(), below->end());
    } else if (below || is_here) {
      chunks += below ? below->size() : guess(list.size);
    } else {
      unlisted += guess(list.size);
      missing -= std::min<std::uint64_t>(missing, 1);  // the list itself is no chunk
    }
  }
  return {known ? chunks - std::min(chunks, missing) : 0, chunks + unlisted};
}

std::vector<codec::ChunkedContent> Needs::incomplete(std::size_t limit) {
  std::vector<codec::ChunkedContent> out;
  const Packer prefix = keys::begin(Space::need_of_root);
  Packer from = prefix;
  while (out.size() < limit) {
    std::optional<Hash> root;
    index_.scan(from.view(), [&](ByteView key, ByteView) {
      const auto rest = keys::after(key, prefix.view());
      if (rest && rest->size() >= Hash::kSize) root = Hash::from(rest->first(Hash::kSize));
      return false;
    });
    if (!root) break;
    if (const auto known = state(*root)) out.push_back({known->size, *root});
    // Behind every row of this root: its other half is 32 bytes at most 0xff.
    from = keys::of(Space::need_of_root, *root);
    for (std::size_t i = 0; i <= Hash::kSize; ++i) from.byte(0xff);
  }
  return out;
}

std::optional<std::vector<Needs::Part>> Needs::parts_of(const Part& list, ByteView plain) {
  const auto decoded = codec::decode_list(plain);
  if (!decoded.ok() || codec::size_of(*decoded) != list.size) return std::nullopt;
  std::vector<Part> out;
  out.reserve(decoded->items.size());
  std::uint64_t offset = list.offset;
  for (const auto& item : decoded->items) {
    out.push_back({item.hash, static_cast<std::uint8_t>(decoded->level - 1), item.size, offset});
    offset += item.size;
  }
  return out;
}

void Needs::mend(const codec::ChunkedContent& content) {
  if (const auto known = state(content.root); known && (known->missing > 0 || known->broken || known->rests)) return;
  RootState fresh{content.size, 0};
  fresh.shows = true;
  const bool read_all = content.size <= kMaxMendBytes;
  // A blob whose record is damaged is forgotten by the store as soon as it is read.
  walk(content.root, fresh, root_part(content),
       [&](const Hash& blob) { return is_here(blob) && (!read_all || blobs_.plain(blob).ok()); });
  if (fresh.missing > 0) store(content.root, fresh);
}

void Needs::walk(const Hash& root, RootState& state, const Part& part) {
  walk(root, state, part, [this](const Hash& blob) { return is_here(blob); });
}

void Needs::walk(const Hash& root, RootState& state, const Part& part, const Has& has) {
  std::vector<Part> open{part};
  while (!open.empty()) {
    const Part next = open.back();
    open.pop_back();
    if (!has(next.hash)) {
      add_need(root, state, next);
      continue;
    }
    if (next.level == 0) continue;
    const auto plain = blobs_.plain(next.hash);
    const auto below = plain.ok() ? parts_of(next, *plain) : std::nullopt;
    if (!below) {
      state.broken = true;
      return;
    }
    open.insert(open.end(), below->begin(), below->end());
  }
}

void Needs::add_need(const Hash& root, RootState& state, const Part& part) {
  const Packer key = pair_key(Space::need, part.hash, root);
  if (index_.get(key.view())) return;  // the same chunk twice in one file
  const bool first = roots_needing(part.hash).empty();
  Packer row;
  const std::uint64_t rank = state.first ? 1 : state.size;
  row.byte(part.level).number(part.size).number(rank).number(part.offset);
  index_.put(key.view(), row.view());
  index_.put(pair_key(Space::need_of_root, root, part.hash).view(), {});
  ++state.missing;
  if (!first) return;
  put_order(root, rank, part);
  ++counters_.missing_blobs;
  if (part.level == 0 && chunk_needs_) ++*chunk_needs_;
  grew_ = true;
}

// What may come as a delta says of which content it is: lists, what is a content by itself, chunks if that has bases.
void Needs::put_order(const Hash& root, std::uint64_t rank, const Part& part) {
  Packer order;
  order.byte(part.level == 0 ? 0 : 1).number(part.size);
  const bool base_helps = part.level > 0 || part.hash == root || index_.get(keys::of(Space::bases, root).view());
  if (base_helps) order.number(part.offset).fixed(root);
  index_.put(order_key(rank, part.hash).view(), order.view());
}

std::vector<std::pair<Hash, Needs::Part>> Needs::roots_needing(const Hash& blob) {
  std::vector<std::pair<Hash, Part>> out;
  const Packer prefix = keys::of(Space::need, blob);
  index_.scan(prefix.view(), [&](ByteView key, ByteView row) {
    const auto rest = keys::after(key, prefix.view());
    if (!rest) return false;
    if (const auto root = Hash::from(*rest)) {
      Unpacker in(row);
      Part part{blob, in.byte(), 0, 0};
      part.size = in.number();
      in.number();
      part.offset = in.number();
      out.emplace_back(*root, part);
    }
    return true;
  });
  return out;
}

std::vector<ObjectId> Needs::waiting_for(const Hash& root) {
  std::vector<ObjectId> out;
  const Packer prefix = keys::of(Space::waiting, root);
  index_.scan(prefix.view(), [&](ByteView key, ByteView) {
    const auto rest = keys::after(key, prefix.view());
    if (!rest) return false;
    Unpacker in(*rest);
    const auto volume = in.fixed<VolumeTag>();
    out.push_back({volume, in.fixed<LocalId>()});
    return true;
  });
  return out;
}

void Needs::drop_need(const Hash& root, const Hash& blob) {
  const Packer key = pair_key(Space::need, blob, root);
  const auto row = index_.get(key.view());
  if (!row) return;
  Unpacker in(*row);
  in.byte();
  in.number();
  const std::uint64_t rank = in.number();
  index_.erase(key.view());
  index_.erase(pair_key(Space::need_of_root, root, blob).view());
  const Packer place = order_key(rank, blob);
  if (const auto order = index_.get(place.view()); order && order->front() == 0 && chunk_needs_) --*chunk_needs_;
  index_.erase(place.view());
  const auto others = roots_needing(blob);
  if (others.empty()) {
    --counters_.missing_blobs;
    asked_lists_.erase(blob);
    if (asked_.erase(blob) > 0) no_longer_.push_back(blob);
    return;
  }
  // Another content still needs it: the order row goes on under that one's rank.
  if (const auto other = state(others.front().first)) {
    const auto kept = index_.get(pair_key(Space::need, blob, others.front().first).view());
    Unpacker kept_row(*kept);
    kept_row.byte();
    kept_row.number();
    const std::uint64_t other_rank = kept_row.number();
    const Packer other_place = order_key(other_rank, blob);
    if (others.front().second.level == 0 && chunk_needs_ && !index_.get(other_place.view())) ++*chunk_needs_;
    put_order(others.front().first, other_rank, others.front().second);
  }
}

std::vector<Hash> Needs::blobs_needed_by(const Hash& root) {
  std::vector<Hash> blobs;
  const Packer prefix = keys::of(Space::need_of_root, root);
  index_.scan(prefix.view(), [&](ByteView key, ByteView) {
    const auto rest = keys::after(key, prefix.view());
    if (!rest) return false;
    if (const auto blob = Hash::from(*rest)) blobs.push_back(*blob);
    return true;
  });
  return blobs;
}

void Needs::drop_root(const Hash& root) {
  for (const Hash& blob : blobs_needed_by(root)) drop_need(root, blob);
  drop_bases(root);
  forget(root);
}

bool Needs::forget_unwanted(Bytes& cursor) {
  constexpr std::size_t kRows = 128;
  std::vector<Hash> roots;
  const Packer prefix = keys::begin(Space::root);
  Packer from = prefix;
  if (!cursor.empty()) from = std::move(Packer().raw(cursor).byte(0));
  index_.scan(from.view(), [&](ByteView key, ByteView) {
    const auto rest = keys::after(key, prefix.view());
    if (!rest) return false;
    if (const auto root = Hash::from(*rest)) roots.push_back(*root);
    cursor = copy_of(key);
    return roots.size() < kRows;
  });
  for (const Hash& root : roots) {
    if (waiting_for(root).empty()) drop_root(root);
  }
  return roots.size() == kRows;
}

Needs::Put Needs::put(const codec::Blob& blob, std::vector<ObjectId>& released, const Hash* data_hash) {
  if (roots_needing(blob.hash).empty()) return blobs_.has(blob.hash) ? Put::known : Put::refused;
  const auto plain = verified(blob, data_hash);
  return plain ? keep(blob, *plain, released) : Put::refused;
}

Needs::Put Needs::keep(const codec::Blob& blob, ByteView plain, std::vector<ObjectId>& released) {
  const auto roots = roots_needing(blob.hash);
  if (!blobs_.put(blob).ok()) return Put::full;  // not the sender's fault; still needed
  for (const auto& [root, part] : roots) {
    auto now = state(root);
    drop_need(root, blob.hash);
    if (!now) continue;
    --now->missing;
    if (arrival_) arrival_(root, part.level == 0 ? plain.size() : 0);
    if (part.level == 0) {
      now->broken = now->broken || blob.kind != codec::BlobKind::chunk || plain.size() != part.size;
    } else if (auto below = parts_of(part, plain)) {
      guess_offsets(root, *below);
      for (const Part& child : *below) walk(root, *now, child);
    } else {
      now->broken = true;
    }
    store(root, *now);
    if (now->missing > 0) continue;
    drop_bases(root);
    const auto objects = waiting_for(root);
    released.insert(released.end(), objects.begin(), objects.end());
    if (now->size > codec::kMaxChunkBytes || now->broken) continue;
    forget(root);  // one chunk: its presence says it all
  }
  return Put::stored;
}

}  // namespace meshfs::fsd
