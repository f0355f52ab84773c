// Blobs by hash: the BlobStore side of Store.
#include "fsd/store/store.h"

#include "schema/codec/hash_list.h"

namespace meshfs::fsd {

bool Store::Blobs::has(const Hash& hash) { return store_.index_->find_blob(hash).has_value(); }

Status Store::Blobs::put(const codec::Blob& blob) {
  if (auto s = store_.index_->health(); !s) return s;
  if (has(blob.hash)) return {};
  Bytes label;
  const BlobLabel meaning{blob.hash, blob.kind, blob.encoding, blob.plain_size};
  encode_label(label, meaning);
  auto position = store_.chunks_.append(static_cast<std::uint8_t>(RecordType::blob), label, blob.data, meaning, false);
  if (!position) return position.failure();
  if (store_.chunks_.waiting_bytes() > kFlushAtBytes && !store_.flushing_) store_.start_flush();
  store_.place_blob(blob.hash, {static_cast<std::uint32_t>(*position >> 32), static_cast<std::uint32_t>(*position),
                                static_cast<std::uint32_t>(label.size() + blob.data.size())});
  return store_.index_->health();
}

Result<codec::Blob> Store::Blobs::get(const Hash& hash) {
  ++store_.looked_up_;
  const auto place = store_.index_->find_blob(hash);
  if (!place) return error(Errc::not_found, "this node does not have that content");
  auto record = store_.chunks_.read(std::uint64_t{place->segment} << 32 | place->offset, place->length);
  if (!record) {
    if (record.code() == Errc::io) store_.drop_blob(hash);  // so that it can be had from a neighbour again
    return record.failure();
  }
  const auto label = decode_label(record->payload);
  if (record->type != static_cast<std::uint8_t>(RecordType::blob) || !label || label->hash != hash) {
    store_.distrust_index();  // the record is sound, so the index led us astray
    return error(Errc::io, "the index names a wrong place for a blob: it is rebuilt at the next start");
  }
  return codec::Blob{hash, label->kind, label->encoding, label->plain_size,
                     record->payload.subview(kBlobLabelBytes, record->payload.size() - kBlobLabelBytes)};
}

void Store::Blobs::erase(const Hash& hash) {
  cache_.forget(hash);
  ++store_.erased_since_checkpoint_;
  store_.drop_blob(hash);
}

void Store::Blobs::each(const Hash& from, const std::function<bool(const Hash&, std::uint64_t)>& visit) {
  store_.index_->each_blob(
      from, [&](const Hash& hash, const BlobPlace& place) { return visit(hash, record_bytes(place.length)); });
}

Result<Bytes> Store::Blobs::plain(const Hash& hash) {
  if (const Bytes* known = cache_.find(hash)) return *known;
  auto blob = get(hash);
  if (!blob) return blob.failure();
  const auto damaged = [&] {
    store_.drop_blob(hash);
    return error(Errc::io, "stored content does not match its hash: this copy is damaged");
  };
  // Chunks and encoded lists are at most 64 KiB; whatever a label says, no more memory than that is taken.
  if (blob->plain_size > codec::kMaxChunkBytes) return damaged();
  Bytes bytes;
  if (blob->encoding == codec::BlobEncoding::zstd) {
    auto decoded = zstd_.decompress(blob->data, blob->plain_size);
    if (!decoded) return damaged();
    bytes = std::move(*decoded);
  } else {
    bytes = copy_of(blob->data);
  }
  if (codec::blob_hash(blob->kind, bytes) != hash) return damaged();
  cache_.put(hash, bytes);
  return bytes;
}

}  // namespace meshfs::fsd
