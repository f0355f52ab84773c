#include "fsd/core/network_files.h"

#include <algorithm>

namespace meshfs::fsd {

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
  codec::Content content = bytes;
  if (bytes.size() > codec::kMaxInlineBytes) {
    codec::Blob blob{crypto::hash_of(bytes), codec::BlobKind::chunk, codec::BlobEncoding::plain,
                     static_cast<std::uint32_t>(bytes.size()), bytes};
    if (Status stored = parts_.blobs.put(blob); !stored.ok()) return stored;
    content = codec::ChunkedContent{bytes.size(), blob.hash};
  }
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
