#include "syncd/core/shelf.h"

#include <algorithm>
#include <set>

namespace meshfs::syncd {

using codec::Extent;
using codec::LetterId;

bool Shelf::put(LetterId id, Bytes bytes, std::uint64_t blob, Kind kind, bool urgent) {
  if (!letters_.contains(id) && (letters_.size() >= kMaxLetters || bytes_ + bytes.size() > kMaxBytes)) return false;
  Letter& letter = letters_[id];
  bytes_ += bytes.size() - letter.bytes.size();
  letter.todo = {{0, static_cast<std::uint32_t>(bytes.size())}};
  letter.bytes = std::move(bytes);
  letter.kind = kind;
  letter.whole = kind != Kind::asked;
  letter.blob = blob;
  letter.urgent = urgent;
  letter.order = next_order_++;
  return true;
}

bool Shelf::placed(LetterId id) const {
  const auto it = letters_.find(id);
  return it != letters_.end() && !it->second.placed_once.empty();
}

std::optional<LetterId> Shelf::of_blob(std::uint64_t blob) const {
  for (const auto& [id, letter] : letters_) {
    if (letter.blob == blob) return id;
  }
  return std::nullopt;
}

void Shelf::begin_asking() {
  for (auto& [id, letter] : letters_) {
    letter.asked = false;
    letter.seen = 0;
    letter.lacking.clear();
    if (!letter.whole) letter.todo.clear();
  }
}

void Shelf::ask(LetterId id, const Extents& parts, std::uint32_t seen) {
  const auto it = letters_.find(id);
  if (it == letters_.end()) return;
  Letter& letter = it->second;
  letter.seen = letter.asked ? std::min(letter.seen, seen) : seen;
  letter.asked = true;
  const auto size = static_cast<std::uint32_t>(letter.bytes.size());
  for (const Extent& part : parts) {
    if (part.offset >= size) continue;
    Extents lacking{{part.offset, std::min(part.size, size - part.offset)}};
    letter.lacking = with(letter.lacking, lacking.front());
    for (const auto& page : pages_) {
      for (const Placed& piece : page) {
        if (piece.letter == id && piece.version > seen) lacking = without(lacking, piece.part);  // under way to it
      }
    }
    for (const Extent& one : lacking) letter.todo = with(letter.todo, one);
  }
}

void Shelf::sweep() {
  std::set<LetterId> stand;
  for (const auto& page : pages_) {
    for (const Placed& piece : page) stand.insert(piece.letter);
  }
  for (auto it = letters_.begin(); it != letters_.end();) {
    Letter& letter = it->second;
    if (letter.todo.empty()) letter.whole = false;  // from here on whoever missed it asks
    if (letter.asked || !letter.todo.empty() || stand.contains(it->first)) {
      ++it;
      continue;
    }
    bytes_ -= letter.bytes.size();
    it = letters_.erase(it);
  }
}

bool Shelf::has_work() const {
  return std::ranges::any_of(letters_, [](const auto& one) { return !one.second.todo.empty(); });
}
bool Shelf::has_urgent_work() const {
  return std::ranges::any_of(letters_, [](const auto& one) { return one.second.urgent && !one.second.todo.empty(); });
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
  const auto it = letters_.find(piece.letter);
  if (it == letters_.end() || now - piece.at >= patience) return false;
  const Letter& letter = it->second;
  if (letter.asked) return letter.seen < piece.version && without(letter.lacking, piece.part) != letter.lacking;
  return letter.kind != Kind::asked && seen_.at(static_cast<std::size_t>(letter.kind)) < piece.version;
}

std::vector<LetterId> Shelf::in_order() const {
  std::vector<LetterId> out;
  for (const auto& [id, letter] : letters_) {
    if (!letter.todo.empty()) out.push_back(id);
  }
  std::ranges::sort(out, [this](LetterId a, LetterId b) {
    const Letter &x = letters_.at(a), &y = letters_.at(b);
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
  for (const auto& [id, letter] : letters_) {
    for (const Extent& part : letter.todo) out += kPieceBytes + part.size;
  }
  return out;
}

// True if something was put there.
bool Shelf::fill(std::size_t page, std::size_t room, std::uint32_t version, Instant now) {
  bool changed = false;
  for (const LetterId id : in_order()) {
    Letter& letter = letters_.at(id);
    while (!letter.todo.empty() && room > kPieceBytes && pages_[page].size() < codec::kMaxPagePieces) {
      Extent part = letter.todo.front();
      part.size = static_cast<std::uint32_t>(std::min<std::size_t>(part.size, room - kPieceBytes));
      if (part.size < std::min(kLeastPiece, letter.todo.front().size)) break;
      letter.todo = without(letter.todo, part);
      if (without(letter.placed_once, part) != letter.placed_once) repeated_bytes_ += part.size;
      letter.placed_once = with(letter.placed_once, part);
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
  if (todo_bytes() <= room(last)) std::rotate(order.begin(), order.end() - 1, order.end());
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
    const auto it = letters_.find(piece.letter);
    if (it == letters_.end()) continue;
    const Bytes& bytes = it->second.bytes;
    const auto begin = bytes.begin() + piece.part.offset;
    out.push_back({piece.letter, it->second.blob, piece.part.offset, static_cast<std::uint32_t>(bytes.size()),
                   Bytes(begin, begin + piece.part.size)});
  }
  return out;
}

}  // namespace meshfs::syncd
