// Versions of a file cut as the store cuts them, and patches between them as both ends make and apply them. Without a test
// framework: benchmarks use it too.
#pragma once

#include "fsd/delta/patch_apply.h"
#include "fsd/delta/patch_make.h"
#include "fsd/store/chunker.h"
#include "fsd/store/list_builder.h"
#include "schema/crypto/hash.h"
#include "schema/vocab/rng.h"

namespace meshfs::fsd {

inline Bytes random_bytes(Rng& rng, std::size_t size) {
  Bytes bytes(size);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(rng.next());
  return bytes;
}

// A file's bytes, its chunks, its level-1 lists and where each begins.
struct Version {
  struct List {
    codec::HashList list;
    Hash hash;
    std::uint64_t offset = 0;
  };
  Bytes bytes;
  std::vector<BaseItem> items;
  std::vector<List> lists;

  explicit Version(Bytes content) : bytes(std::move(content)) {
    ListBuilder builder([&](codec::Blob blob) -> Status {
      const auto list = codec::decode_list(blob.data);
      if (!list) return list.failure();
      if (list->level == 1) lists.push_back({*list, blob.hash, 0});
      return {};
    });
    const Chunker chunker;
    for (std::size_t at = 0; at < bytes.size();) {
      const ByteView rest = ByteView(bytes).subspan(at);
      const ByteView chunk = rest.first(chunker.next(rest));
      items.push_back({crypto::hash_of(chunk), at, static_cast<std::uint32_t>(chunk.size())});
      CHECK(builder.add({items.back().hash, chunk.size()}));
      at += chunk.size();
    }
    CHECK(builder.finish());
    std::uint64_t offset = 0;
    for (List& list : lists) {
      list.offset = offset;
      offset += codec::size_of(list.list);
    }
  }
  [[nodiscard]] Bytes read(std::uint64_t offset, std::size_t length) const {
    const ByteView view(bytes);
    return copy_of(view.subspan(static_cast<std::size_t>(offset), length));
  }
};

// What the maker of a patch knows of the list's place.
enum class Known { place_and_size, place, nothing };

// The patch for one list of `next`, as a node that holds both versions makes it.
inline std::optional<Bytes> patch_for(const Version& next, const Version::List& list, const Version& before,
                                      Known known = Known::place_and_size) {
  ListPlace place;
  if (known != Known::nothing) place.offset = list.offset;
  if (known == Known::place_and_size) place.file_bytes = next.bytes.size();
  const auto plan = plan_patch(list.list, BaseVersion(before.items), place);
  if (!plan) return std::nullopt;
  PatchBytes bytes;
  std::vector<std::uint64_t> offsets{list.offset};
  for (const auto& item : list.list.items) offsets.push_back(offsets.back() + item.size);
  std::size_t read = 0;
  for (const std::size_t item : plan->chunks) {
    bytes.chunks.push_back(next.read(offsets[item], static_cast<std::size_t>(list.list.items[item].size)));
    read += bytes.chunks.back().size();
  }
  for (const ItemRange& range : plan->ranges) {
    bytes.ranges.push_back(before.read(plan->offset_of(range), plan->bytes_of(range)));
    read += bytes.ranges.back().size();
  }
  CHECK(read <= kMaxPlanBytes);
  return make_patch(*plan, bytes);
}

// What a receiver that holds `before` has in hand for a patch.
inline std::vector<BaseItem> window_of(ByteView patch, const Version& before) {
  const auto wanted = patch_window(patch);
  if (!wanted) return {};
  std::vector<BaseItem> window;
  for (const BaseItem& item : before.items)
    if (item.offset >= wanted->from && window.size() < wanted->items) window.push_back(item);
  return window;
}

inline ReadBase reader_of(const Version& before) {
  return [&before](std::uint64_t offset, std::size_t length) -> Result<Bytes> {
    if (offset > before.bytes.size() || length > before.bytes.size() - offset) return error(Errc::not_found);
    return before.read(offset, length);
  };
}

}  // namespace meshfs::fsd
