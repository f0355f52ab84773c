#include "syncd/core/shelf.h"

#include <algorithm>
#include <set>

namespace meshfs::syncd {

using codec::Extent;
using codec::ObjectId;

bool Shelf::put(ObjectId id, Bytes bytes, std::uint64_t blob, Kind kind, bool urgent) {
  if (!objects_.contains(id) && (objects_.size() >= kMaxObjects || bytes_ + bytes.size() > kMaxBytes)) return false;
  Object& object = objects_[id];
  bytes_ += bytes.size() - object.bytes.size();
  object.todo = {{0, static_cast<std::uint32_t>(bytes.size())}};
  object.bytes = std::move(bytes);
  object.kind = kind;
  object.whole = kind != Kind::asked;
  object.blob = blob;
  object.urgent = urgent;
  object.order = next_order_++;
  return true;
}

std::optional<ObjectId> Shelf::of_blob(std::uint64_t blob) const {
  for (const auto& [id, object] : objects_) {
    if (object.blob == blob) return id;
  }
  return std::nullopt;
}

void Shelf::begin_asking() {
  for (auto& [id, object] : objects_) {
    object.asked = false;
    object.seen = 0;
    if (!object.whole) object.todo.clear();
  }
}

void Shelf::ask(ObjectId id, const Extents& parts, std::uint32_t seen) {
  const auto it = objects_.find(id);
  if (it == objects_.end()) return;
  Object& object = it->second;
  object.seen = object.asked ? std::min(object.seen, seen) : seen;
  object.asked = true;
  const auto size = static_cast<std::uint32_t>(object.bytes.size());
  for (const Extent& part : parts) {
    if (part.offset >= size) continue;
    Extents lacking{{part.offset, std::min(part.size, size - part.offset)}};
    for (const auto& page : pages_) {
      for (const Placed& piece : page) {
        if (piece.object == id && piece.version > seen) lacking = without(lacking, piece.part);  // under way to it
      }
    }
    for (const Extent& one : lacking) object.todo = with(object.todo, one);
  }
}

void Shelf::sweep() {
  std::set<ObjectId> stand;
  for (const auto& page : pages_) {
    for (const Placed& piece : page) stand.insert(piece.object);
  }
  for (auto it = objects_.begin(); it != objects_.end();) {
    Object& object = it->second;
    if (object.todo.empty()) object.whole = false;  // from here on whoever missed it asks
    if (object.asked || !object.todo.empty() || stand.contains(it->first)) {
      ++it;
      continue;
    }
    bytes_ -= object.bytes.size();
    it = objects_.erase(it);
  }
}

bool Shelf::has_work() const {
  return std::ranges::any_of(objects_, [](const auto& one) { return !one.second.todo.empty(); });
}
bool Shelf::has_urgent_work() const {
  return std::ranges::any_of(objects_, [](const auto& one) { return one.second.urgent && !one.second.todo.empty(); });
}

bool Shelf::has_room(Instant now, Duration patience) const {
  if (!has_work()) return false;
  for (std::size_t page = 0; page < pages_.size(); ++page) {
    std::size_t busy_bytes = 0;
    for (const Placed& piece : pages_[page]) {
      if (busy(piece, patience, now)) busy_bytes += kPieceBytes + piece.part.size;
    }
    if (busy_bytes < traits_.page_bytes / 2) return true;
  }
  return false;
}

bool Shelf::busy(const Placed& piece, Duration patience, Instant now) const {
  const auto it = objects_.find(piece.object);
  if (it == objects_.end() || now - piece.at >= patience) return false;
  const Object& object = it->second;
  if (object.asked) return object.seen < piece.version;
  return object.kind != Kind::asked && seen_.at(static_cast<std::size_t>(object.kind)) < piece.version;
}

std::vector<ObjectId> Shelf::in_order() const {
  std::vector<ObjectId> out;
  for (const auto& [id, object] : objects_) {
    if (!object.todo.empty()) out.push_back(id);
  }
  std::ranges::sort(out, [this](ObjectId a, ObjectId b) {
    const Object &x = objects_.at(a), &y = objects_.at(b);
    return std::pair(!x.urgent, x.order) < std::pair(!y.urgent, y.order);
  });
  return out;
}

std::size_t Shelf::used(std::size_t page) const {
  std::size_t out = 0;
  for (const Placed& piece : pages_[page]) out += kPieceBytes + piece.part.size;
  return out;
}

std::size_t Shelf::todo_bytes() const {
  std::size_t out = 0;
  for (const auto& [id, object] : objects_) {
    for (const Extent& part : object.todo) out += kPieceBytes + part.size;
  }
  return out;
}

// True if something was put there.
bool Shelf::fill(std::size_t page, std::size_t room, std::uint32_t version, Instant now) {
  bool changed = false;
  for (const ObjectId id : in_order()) {
    Object& object = objects_.at(id);
    while (!object.todo.empty() && room > kPieceBytes && pages_[page].size() < codec::kMaxPagePieces) {
      Extent part = object.todo.front();
      part.size = static_cast<std::uint32_t>(std::min<std::size_t>(part.size, room - kPieceBytes));
      if (part.size < std::min(kLeastPiece, object.todo.front().size)) break;
      object.todo = without(object.todo, part);
      if (without(object.placed_once, part) != object.placed_once) repeated_bytes_ += part.size;
      object.placed_once = with(object.placed_once, part);
      placed_bytes_ += part.size;
      pages_[page].push_back({id, part, version, now});
      room -= kPieceBytes + part.size;
      changed = true;
    }
  }
  return changed;
}

std::vector<std::size_t> Shelf::arrange(std::uint32_t version, std::size_t fixed_bytes, std::size_t head_bytes,
                                        Duration patience, Instant now) {
  const std::size_t last = pages_.size() - 1;
  std::set<std::size_t> changed{last};
  std::vector<std::size_t> order;
  for (std::size_t page = 0; page < pages_.size(); ++page) order.push_back(page);
  const auto fixed = [&](std::size_t page) { return page == last ? head_bytes : fixed_bytes; };
  const auto drop_idle = [&](std::size_t page) {
    const auto gone = std::erase_if(pages_[page], [&](const Placed& one) { return !busy(one, patience, now); });
    if (gone > 0) changed.insert(page);
  };
  const auto all_but = [&](std::size_t page) {  // a page without pieces is none
    std::size_t all = 0;
    for (std::size_t other = 0; other < pages_.size(); ++other) {
      if (other != page && (!pages_[other].empty() || other == last)) all += fixed(other) + used(other);
    }
    return all;
  };
  const auto room = [&](std::size_t page) {
    const std::size_t here = fixed(page) + used(page);
    const std::size_t most =
        std::min(traits_.page_bytes, traits_.total_bytes - std::min(all_but(page), traits_.total_bytes));
    return most - std::min(here, most);
  };
  // The head may have grown over what stood beside it; and that page changes anyhow.
  drop_idle(last);
  while (!pages_[last].empty() && head_bytes + used(last) > std::min(traits_.page_bytes, traits_.total_bytes))
    pages_[last].erase(pages_[last].begin());
  if (!traits_.rests) std::ranges::for_each(order, drop_idle);
  for (std::size_t page = 0; page < last && all_but(last) + fixed(last) + used(last) > traits_.total_bytes; ++page) {
    if (!pages_[page].empty()) changed.insert(page);
    pages_[page].clear();
  }
  // A little goes where all changes anyhow.
  if (todo_bytes() <= room(last)) std::ranges::rotate(order, order.end() - 1);
  for (const std::size_t page : order) {
    if (has_work() && fill(page, room(page), version, now)) changed.insert(page);
  }
  for (const std::size_t page : order) {
    if (!has_work()) break;
    drop_idle(page);
    if (fill(page, room(page), version, now)) changed.insert(page);
  }
  return {changed.begin(), changed.end()};
}

void Shelf::clear_pages() {
  for (auto& page : pages_) page.clear();
}

std::vector<codec::PagePiece> Shelf::pieces_on(std::size_t page) const {
  std::vector<codec::PagePiece> out;
  for (const Placed& piece : pages_[page]) {
    const auto it = objects_.find(piece.object);
    if (it == objects_.end()) continue;
    const Bytes& bytes = it->second.bytes;
    const auto begin = bytes.begin() + piece.part.offset;
    out.push_back({piece.object, it->second.blob, piece.part.offset, static_cast<std::uint32_t>(bytes.size()),
                   Bytes(begin, begin + piece.part.size)});
  }
  return out;
}

}  // namespace meshfs::syncd
