#include "fsd/core/network_files.h"

#include <algorithm>

namespace meshfs::fsd {

namespace {

Result<Hash> put_blob(BlobStore& blobs, codec::BlobKind kind, ByteView plain) {
  const codec::Blob blob{codec::blob_hash(kind, plain), kind, codec::BlobEncoding::plain,
                         static_cast<std::uint32_t>(plain.size()), copy_of(plain)};
  if (Status stored = blobs.put(blob); !stored.ok()) return stored.failure();
  return blob.hash;
}

}  // namespace

// Chunks of one size below one list: whoever cuts the same bytes gets the same root.
Result<codec::Content> NetworkFiles::store(ByteView bytes) {
  if (bytes.size() <= codec::kMaxInlineBytes) return codec::Content(copy_of(bytes));
  codec::HashList list;
  for (ByteView rest = bytes; !rest.empty();) {
    const ByteView chunk = rest.first(std::min(rest.size(), codec::kMaxChunkBytes));
    const auto hash = put_blob(parts_.blobs, codec::BlobKind::chunk, chunk);
    if (!hash.ok()) return hash.failure();
    list.items.push_back({*hash, chunk.size()});
    rest = rest.subspan(chunk.size());
  }
  if (list.items.size() == 1) return codec::Content(codec::ChunkedContent{bytes.size(), list.items.front().hash});
  const auto root = put_blob(parts_.blobs, codec::BlobKind::list, codec::encode_list(list));
  if (!root.ok()) return root.failure();
  return codec::Content(codec::ChunkedContent{bytes.size(), *root});
}

codec::Attributes NetworkFiles::attributes(std::uint16_t mode) const {
  codec::Attributes out;
  out.mode = mode;
  out.mtime_ns = parts_.time.at(parts_.now).ms * 1'000'000;
  return out;
}

Status NetworkFiles::make_directory(std::string_view name) {
  const ObjectId directory{kNetworkVolume, statement_directory(name)};
  if (parts_.objects.shown(parts_.objects.load(directory))) return {};
  return parts_.authoring.change(directory, codec::Kind::directory, [&](Change& change) {
    change.place = codec::Place{LocalId{}, *FileName::from(name)};
    change.attributes = attributes(0755);
  });
}

Status NetworkFiles::put(const codec::Place& place, const Bytes& bytes, std::string_view type) {
  const ObjectId object = file_at(place);
  auto stored = store(bytes);
  if (!stored.ok()) return stored.failure();
  const codec::Content content = std::move(*stored);
  std::vector<Stamp> base;
  if (const auto shown = parts_.objects.shown(parts_.objects.load(object))) {
    for (const auto& one : shown->contents) {
      if (one.value == content) return {};
      base.push_back(one.stamp);
    }
  }
  return parts_.authoring.change(object, codec::Kind::file, [&](Change& change) {
    change.place = place;
    change.attributes = attributes(0644);
    change.attributes->type = type;
    change.content = content;
    change.base = base;
  });
}

}  // namespace meshfs::fsd
