// Needs, second half: contents that this node chose not to have, and how their bytes come when somebody asks for them.
#include "fsd/core/index_keys.h"
#include "fsd/core/needs.h"

namespace meshfs::fsd {

using keys::order_key, keys::pair_key, keys::waiting_key;
using keys::Space;

void Needs::leave_out(const ObjectId& object, const codec::ChunkedContent& content) {
  index_.put(waiting_key(content.root, object).view(), {});
  const bool one_chunk = root_part(content).level == 0;
  if (state(content.root) || (one_chunk && is_here(content.root))) return;
  if (here(content)) return store(content.root, {content.size, 0});
  RootState out{content.size, 0};
  out.shows = out.rests = true;
  store(content.root, out);
}

bool Needs::shows(const codec::ChunkedContent& content) {
  if (complete(content)) return true;
  const auto known = state(content.root);
  return known && known->shows;
}

void Needs::show(const Hash& root) {
  auto known = state(root);
  if (!known || known->shows || known->missing == 0) return;
  known->shows = true;
  store(root, *known);
}

bool Needs::rests(const Hash& root) {
  const auto known = state(root);
  return known && known->rests;
}

std::optional<codec::ChunkedContent> Needs::resting(const Hash& root) {
  const auto known = state(root);
  if (!known || !known->rests) return std::nullopt;
  return codec::ChunkedContent{known->size, root};
}

bool Needs::left_by_hand(const Hash& root) {
  const auto known = state(root);
  return known && known->rests && known->by_hand;
}

std::vector<ObjectId> Needs::start(const codec::ChunkedContent& content, bool first) {
  const auto known = state(content.root);
  if (!known || !known->rests || known->size != content.size) return {};
  RootState fresh{content.size, 0};
  fresh.shows = true;
  fresh.first = first;
  const Part part = root_part(content);
  walk(content.root, fresh, part);
  if (fresh.missing > 0 || fresh.broken) {
    store(content.root, fresh);
    return {};
  }
  if (part.level == 0)
    forget(content.root);
  else
    store(content.root, {content.size, 0});
  return waiting_for(content.root);
}

void Needs::rest(const codec::ChunkedContent& content) {
  const auto known = state(content.root);
  if (!known || known->rests || known->missing == 0) return;
  for (const Hash& blob : blobs_needed_by(content.root)) drop_need(content.root, blob);
  RootState out{content.size, 0};
  out.shows = out.rests = true;
  store(content.root, out);
}

void Needs::vacate(const codec::ChunkedContent& content, bool by_hand) {
  for (const Hash& blob : blobs_needed_by(content.root)) drop_need(content.root, blob);
  RootState out{content.size, 0};
  out.shows = out.rests = true;
  out.by_hand = by_hand;
  store(content.root, out);
}

std::vector<Hash> Needs::missing_of(const codec::ChunkedContent& content, std::uint64_t offset, std::uint64_t length,
                                    std::size_t limit) {
  struct Span {
    Part part;
    std::uint64_t start;
  };
  const std::uint64_t end = offset + std::min(length, content.size);
  std::vector<Hash> out;
  std::vector<Span> open{{root_part(content), 0}};
  while (!open.empty() && out.size() < limit) {
    const Span span = open.back();
    open.pop_back();
    if (span.start >= end || span.start + span.part.size <= offset) continue;
    if (!is_here(span.part.hash)) {
      out.push_back(span.part.hash);
      continue;
    }
    const auto plain = span.part.level > 0 ? blobs_.plain(span.part.hash) : Result<Bytes>(Errc::not_found);
    const auto below = plain.ok() ? parts_of(span.part, *plain) : std::nullopt;
    if (!below) continue;
    std::uint64_t at = span.start + span.part.size;
    for (auto part = below->rbegin(); part != below->rend(); ++part) {
      at -= part->size;
      open.push_back({*part, at});
    }
  }
  return out;
}

void Needs::urge(const std::vector<Hash>& blobs) {
  for (const Hash& blob : blobs) {
    const auto roots = roots_needing(blob);
    bool is_first = false;
    for (const auto& [root, part] : roots) {
      const Packer key = pair_key(Space::need, blob, root);
      const auto row = index_.get(key.view());
      Unpacker in(*row);
      in.byte();
      in.number();
      const std::uint64_t rank = in.number();
      is_first = is_first || rank == 0;
      index_.erase(order_key(rank, blob).view());
      Packer now;
      now.byte(part.level).number(part.size).number(0).number(part.offset);
      index_.put(key.view(), now.view());
    }
    if (roots.empty()) continue;
    put_order(roots.front().first, 0, roots.front().second);
    if (!is_first) urged_.push_back(blob);
  }
}

bool Needs::each_blob(const codec::ChunkedContent& content, const std::function<bool(const Hash& blob)>& visit) {
  std::vector<Part> open{root_part(content)};
  while (!open.empty()) {
    const Part part = open.back();
    open.pop_back();
    if (!blobs_.has(part.hash)) continue;
    if (!visit(part.hash)) return false;
    if (part.level == 0) continue;
    const auto plain = blobs_.plain(part.hash);
    const auto below = plain.ok() ? parts_of(part, *plain) : std::nullopt;
    if (below) open.insert(open.end(), below->begin(), below->end());
  }
  return true;
}

std::vector<codec::ChunkedContent> Needs::listed_roots(const Hash& after, std::size_t limit) {
  std::vector<codec::ChunkedContent> out;
  const Packer prefix = keys::begin(Space::root);
  index_.scan(keys::of(Space::root, after).view(), [&](ByteView key, ByteView row) {
    const auto rest = keys::after(key, prefix.view());
    const auto root = rest ? Hash::from(*rest) : std::nullopt;
    if (!root || out.size() >= limit) return false;
    if (*root != after) out.push_back({Unpacker(row).number(), *root});
    return true;
  });
  return out;
}

}  // namespace meshfs::fsd
