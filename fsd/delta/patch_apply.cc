#include "fsd/delta/patch_apply.h"

#include "schema/crypto/hash.h"

namespace meshfs::fsd {

namespace {

// Gives the plain bytes of one delta or raw op after another, within what a list of `total` bytes may cost.
class Rebuilder {
 public:
  Rebuilder(std::span<const BaseItem> window, const ReadBase& read, std::uint64_t total)
      : window_(window), read_(read), base_left_(kBasePerPlain * total + kMaxBaseBytes) {}

  // A view of the patch or of this object, good until the next call.
  Result<ByteView> plain_of(const PatchOp& op) {
    if (op.kind == PatchOp::Kind::raw) return op.data;
    base_.clear();
    for (const ItemRange& range : op.ranges)
      if (Status s = append(range); !s) return s.failure();
    std::size_t size = 0;
    for (const std::uint32_t chunk : op.sizes) size += chunk;
    auto plain = codec_.apply(op.data, base_, size);
    if (!plain) return plain.failure();
    plain_ = std::move(*plain);
    return ByteView(plain_);
  }

 private:
  Status append(const ItemRange& range) {
    const std::uint64_t from = window_[range.first].offset;
    const auto length = static_cast<std::size_t>(window_[range.end() - 1].end() - from);
    if (length > base_left_) return error(Errc::too_large, "a patch reads more of its base than it may");
    base_left_ -= length;
    const auto bytes = read_(from, length);
    if (!bytes || bytes->size() != length) return error(Errc::not_found, "a part of a patch's base is not here");
    base_.insert(base_.end(), bytes->begin(), bytes->end());
    return {};
  }

  std::span<const BaseItem> window_;
  const ReadBase& read_;
  std::uint64_t base_left_;
  DeltaCodec codec_;
  Bytes base_, plain_;
};

// Calls `each(index within the op, bytes)` for the chunks of one delta or raw op.
template <class Each>
Status for_each_chunk(const PatchOp& op, ByteView plain, Each each) {
  for (std::size_t i = 0; i < op.sizes.size(); ++i) {
    if (Status s = each(i, plain.first(op.sizes[i])); !s) return s;
    plain = plain.subspan(op.sizes[i]);
  }
  return {};
}

}  // namespace

// What can be known before anything is rebuilt: number and size of the chunks.
static Status check_sizes(PatchReader reader, std::span<const BaseItem> window, std::uint64_t total) {
  std::uint64_t bytes = 0, items = 0;
  for (;;) {
    const auto next = reader.next();
    if (!next) return next.failure();
    if (!*next) break;
    const PatchOp& op = **next;
    items += op.chunks();
    if (op.kind == PatchOp::Kind::keep)
      bytes += window[op.ranges.front().end() - 1].end() - window[op.ranges.front().first].offset;
    for (const std::uint32_t size : op.sizes) bytes += size;
    if (items > codec::kMaxListItems || bytes > total) return error(Errc::bad_bytes, "a patch for a larger list");
  }
  if (bytes != total || items == 0) return error(Errc::bad_bytes, "a patch for another list");
  return {};
}

Result<PatchedList> check_patch(ByteView patch, std::span<const BaseItem> window, const ReadBase& read,
                                const Hash& wanted, std::uint64_t total) {
  if (total > codec::kMaxListItems * codec::kMaxChunkBytes)
    return error(Errc::too_large, "no level-1 list covers that");
  auto reader = PatchReader::open(patch, window);
  if (!reader) return reader.failure();
  if (Status s = check_sizes(*reader, window, total); !s) return s.failure();
  PatchedList out;
  auto& items = out.list.items;
  Rebuilder rebuilder(window, read, total);
  for (;;) {
    const auto next = reader->next();
    if (!next) return next.failure();
    if (!*next) break;
    const PatchOp& op = **next;
    if (op.kind == PatchOp::Kind::keep) {
      for (const BaseItem& item : window.subspan(op.ranges.front().first, op.chunks()))
        items.push_back({item.hash, item.size});
    } else if (op.kind == PatchOp::Kind::named) {
      out.named.push_back({items.size(), op.chunks()});
      for (std::size_t i = 0; i < op.chunks(); ++i) items.push_back({op.hashes[i], op.sizes[i]});
    } else {
      const auto plain = rebuilder.plain_of(op);
      if (!plain) return plain.failure();
      out.brought.push_back({items.size(), op.chunks()});
      CHECK(for_each_chunk(op, *plain, [&](std::size_t, ByteView chunk) -> Status {
        items.push_back({crypto::hash_of(chunk), chunk.size()});
        return {};
      }));
    }
  }
  out.encoded = codec::encode_list(out.list);
  if (codec::list_hash(out.encoded) != wanted) return error(Errc::bad_bytes, "a patch gives another list than wanted");
  return out;
}

Status unpack_patch(ByteView patch, std::span<const BaseItem> window, const ReadBase& read, const codec::HashList& list,
                    const ChunkSink& sink) {
  auto reader = PatchReader::open(patch, window);
  if (!reader) return reader.failure();
  if (Status s = check_sizes(*reader, window, codec::size_of(list)); !s) return s;
  Rebuilder rebuilder(window, read, codec::size_of(list));
  std::size_t at = 0;
  for (;;) {
    const auto next = reader->next();
    if (!next) return next.failure();
    if (!*next) return {};
    const PatchOp& op = **next;
    if (at + op.chunks() > list.items.size()) return error(Errc::bad_bytes, "a patch for another list");
    if (op.kind == PatchOp::Kind::delta || op.kind == PatchOp::Kind::raw) {
      const auto plain = rebuilder.plain_of(op);
      if (!plain) return plain.failure();
      const auto given = for_each_chunk(op, *plain, [&](std::size_t i, ByteView chunk) -> Status {
        const codec::ListItem& item = list.items[at + i];
        if (crypto::hash_of(chunk) != item.hash) return error(Errc::bad_bytes, "a patch for another list");
        return sink(item, chunk);
      });
      if (!given) return given;
    }
    at += op.chunks();
  }
}

}  // namespace meshfs::fsd
