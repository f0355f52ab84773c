#include "fsd/core/flat_versions.h"

#include <algorithm>

namespace meshfs::fsd {

FlatVersions::Version FlatVersions::get(const Hash& root, std::uint64_t near) {
  const auto blob = blobs_.get(root);
  if (!blob.ok()) return nullptr;
  std::uint64_t from = 0, to = UINT64_MAX;
  if (blob->kind == codec::BlobKind::list) {
    const auto plain = blobs_.plain(root);
    const auto list = plain.ok() ? codec::decode_list(*plain) : Result<codec::HashList>(Errc::not_found);
    if (!list.ok()) return nullptr;
    if (codec::size_of(*list) > kWholeBytes) {
      from = near / kStep * kStep;
      from -= std::min(from, kStep);
      to = from + kWholeBytes;
    }
  }
  const auto known =
      std::find_if(kept_.begin(), kept_.end(), [&](const Kept& k) { return k.root == root && k.from == from; });
  if (known != kept_.end()) {
    kept_.splice(kept_.begin(), kept_, known);
    return known->version;
  }
  const Version version = blob->kind == codec::BlobKind::list
                              ? build(root, from, to)
                              : std::make_shared<const BaseVersion>(std::vector<BaseItem>{{root, 0, blob->plain_size}});
  if (version == nullptr) return nullptr;
  kept_.push_front({root, from, version});
  std::size_t items = 0, keep = 0;
  for (const Kept& one : kept_) {
    items += one.version->items().size();
    if (keep > 0 && (items > kMaxKeptItems || keep >= kMaxKept)) break;
    ++keep;
  }
  kept_.resize(keep, kept_.front());
  return version;
}

FlatVersions::Version FlatVersions::build(const Hash& root, std::uint64_t from, std::uint64_t to) {
  struct Part {
    Hash hash;
    std::uint64_t offset;
    std::optional<std::uint64_t> size;  // as its parent says; the root has none
  };
  std::vector<BaseItem> items;
  std::vector<Part> open{{root, 0, std::nullopt}};  // the next one last
  while (!open.empty()) {
    const Part part = open.back();
    open.pop_back();
    const auto plain = blobs_.plain(part.hash);
    const auto list = plain.ok() ? codec::decode_list(*plain) : Result<codec::HashList>(Errc::not_found);
    if (!list.ok() || (part.size && codec::size_of(*list) != *part.size)) return nullptr;
    std::vector<Part> below;
    std::uint64_t at = part.offset;
    for (const codec::ListItem& item : list->items) {
      const std::uint64_t begin = std::exchange(at, at + item.size);
      if (at <= from || begin >= to) continue;
      if (list->level > 1) {
        below.push_back({item.hash, begin, item.size});
      } else if (items.size() < kMaxBaseItems) {
        items.push_back({item.hash, begin, static_cast<std::uint32_t>(item.size)});
      }
    }
    open.insert(open.end(), below.rbegin(), below.rend());
  }
  return items.empty() || !well_formed(items) ? nullptr : std::make_shared<const BaseVersion>(std::move(items));
}

Result<Bytes> FlatVersions::read(const BaseVersion& base, std::uint64_t offset, std::size_t length) {
  const Error gone = error(Errc::not_found, "a part of the base is not here");
  Bytes out;
  out.reserve(length);
  for (std::size_t i = base.at_offset(offset); out.size() < length && i < base.items().size(); ++i) {
    const BaseItem& item = base.items()[i];
    if (offset < item.offset || offset >= item.end()) return gone;
    const auto plain = blobs_.plain(item.hash);
    if (!plain.ok() || plain->size() != item.size) return gone;
    const auto begin = static_cast<std::size_t>(offset - item.offset);
    const std::size_t take = std::min(plain->size() - begin, length - out.size());
    out.insert(out.end(), plain->begin() + static_cast<std::ptrdiff_t>(begin),
               plain->begin() + static_cast<std::ptrdiff_t>(begin + take));
    offset += take;
  }
  return out.size() == length ? Result<Bytes>(std::move(out)) : gone;
}

}  // namespace meshfs::fsd
