#include "fsd/core/sets.h"

#include "fsd/core/index_keys.h"

namespace meshfs::fsd {

using keys::Space;

namespace {

Packer item_key(std::uint64_t number) { return std::move(keys::begin(Space::item).ordered(number)); }

Packer header_key(SetId set, const AuthorTag& author) {
  return std::move(keys::begin(Space::header).byte(static_cast<std::uint8_t>(set)).fixed(author));
}

std::optional<Sets::Item> unpack_item(ByteView row) {
  Unpacker in(row);
  Sets::Item item;
  const std::uint8_t set = in.byte();
  item.hash = in.fixed<Hash>();
  if (in.byte() == 1) item.header_of = in.fixed<AuthorTag>();
  if (!in.done() || set >= kAllSets.size()) return std::nullopt;
  item.set = static_cast<SetId>(set);
  return item;
}

struct HeaderRow {
  std::uint64_t item = 0;
  Hash hash;
  Bytes header;
};

std::optional<HeaderRow> unpack_header(ByteView row) {
  Unpacker in(row);
  HeaderRow out;
  out.item = in.number();
  out.hash = in.fixed<Hash>();
  out.header = in.blob();
  if (!in.done()) return std::nullopt;
  return out;
}

}  // namespace

std::optional<EntryInfo> Sets::row_of(const Hash& entry) {
  const auto row = index_.get(keys::of(Space::entry, entry).view());
  if (!row) return std::nullopt;
  Unpacker in(*row);
  EntryInfo info;
  info.position = in.number();
  info.form = static_cast<codec::ItemForm>(in.byte());
  info.index = static_cast<std::uint32_t>(in.number());
  info.set = static_cast<SetId>(in.byte());
  info.holds = static_cast<std::uint32_t>(in.number());
  info.item = in.number();
  return info;
}

void Sets::store(const Hash& entry, const EntryInfo& info) {
  Packer row;
  row.number(info.position)
      .byte(static_cast<std::uint8_t>(info.form))
      .number(info.index)
      .byte(static_cast<std::uint8_t>(info.set));
  row.number(info.holds).number(info.item);
  index_.put(keys::of(Space::entry, entry).view(), row.view());
}

std::optional<EntryInfo> Sets::find(const Hash& entry) {
  auto info = row_of(entry);
  if (info && info->position == 0) info.reset();
  return info;
}

std::vector<Hash> Sets::starting_with(ByteView hash_prefix) {
  constexpr std::size_t kMost = 16;
  std::vector<Hash> out;
  const Packer space = keys::begin(Space::entry);
  const Packer prefix = std::move(keys::begin(Space::entry).raw(hash_prefix));
  index_.scan(prefix.view(), [&](ByteView key, ByteView) {
    if (!keys::after(key, prefix.view())) return false;
    const auto rest = keys::after(key, space.view());
    if (const auto hash = Hash::from(*rest)) out.push_back(*hash);
    return out.size() < kMost;
  });
  return out;
}

void Sets::relocate(const Hash& entry, RecordPosition from, RecordPosition to) {
  auto info = row_of(entry);
  if (!info || info->position != from) return;
  info->position = to;
  store(entry, *info);
}

void Sets::forget(const Hash& entry, RecordPosition position) {
  const auto info = row_of(entry);
  if (!info || info->position != position || info->holds > 0) return;
  --counters_.entries;
  index_.erase(keys::of(Space::entry, entry).view());
}

void Sets::know(const Hash& entry, const EntryInfo& info) {
  EntryInfo known = info;
  const auto named = row_of(entry);
  known.holds = named ? named->holds : 0;
  known.item = known.holds > 0 ? add(info.set, entry, std::nullopt) : 0;
  store(entry, known);
  ++counters_.entries;
}

void Sets::hold(const Hash& entry) {
  EntryInfo info = row_of(entry).value_or(EntryInfo{});
  if (info.holds++ == 0 && info.position != 0) info.item = add(info.set, entry, std::nullopt);
  store(entry, info);
}

void Sets::release(const Hash& entry) {
  auto info = row_of(entry);
  if (!info || info->holds == 0) return;
  if (--info->holds == 0 && info->position == 0) {
    index_.erase(keys::of(Space::entry, entry).view());
    return;
  }
  if (info->holds == 0) {
    remove(info->item, info->set, entry);
    info->item = 0;
  }
  store(entry, *info);
}

std::uint64_t Sets::add(SetId set, const Hash& hash, const std::optional<AuthorTag>& header_of) {
  const std::uint64_t number = counters_.next_item++;
  Packer row;
  row.byte(static_cast<std::uint8_t>(set)).fixed(hash).byte(header_of ? 1 : 0);
  if (header_of) row.fixed(*header_of);
  index_.put(item_key(number).view(), row.view());
  counters_.sets[static_cast<std::size_t>(set)].add(hash);
  if (removed_.contains(hash)) {
    removed_.clear();
    changes_.emplace_back();
  }
  piece().added.push_back({number, set, hash});
  return number;
}

void Sets::remove(std::uint64_t number, SetId set, const Hash& hash) {
  index_.erase(item_key(number).view());
  counters_.sets[static_cast<std::size_t>(set)].remove(hash);
  piece().removed.push_back({number, set, hash});
  removed_.insert(hash);
}

// A header that is no item has number 0.
bool Sets::offer_header(const codec::SignedHeader& header, bool shown) {
  const SetId set = set_of(header.header.volume);
  const Hash hash = codec::header_item_hash(network_, header);
  const Packer key = header_key(set, header.header.author);
  const auto row = index_.get(key.view());
  if (const auto old = row ? unpack_header(*row) : std::nullopt) {
    const auto known = codec::decode_signed_header(old->header);
    if (known.ok() && std::pair(known->header.sequence, old->hash) >= std::pair(header.header.sequence, hash)) {
      return false;
    }
    if (old->item != 0) remove(old->item, set, old->hash);
  }
  store_header(key.view(), shown ? add(set, hash, header.header.author) : 0, hash, codec::encode_signed_header(header));
  return true;
}

void Sets::show_headers(const AuthorTag& author, bool shown) {
  for (const SetId set : kAllSets) {
    const Packer key = header_key(set, author);
    const auto row = index_.get(key.view());
    const auto known = row ? unpack_header(*row) : std::nullopt;
    if (!known || (known->item != 0) == shown) continue;
    if (!shown) remove(known->item, set, known->hash);
    store_header(key.view(), shown ? add(set, known->hash, author) : 0, known->hash, known->header);
  }
}

void Sets::store_header(ByteView key, std::uint64_t item, const Hash& hash, ByteView header) {
  Packer row;
  row.number(item).fixed(hash).blob(header);
  index_.put(key, row.view());
}

std::optional<Sets::Item> Sets::item(std::uint64_t number) {
  const auto row = index_.get(item_key(number).view());
  return row ? unpack_item(*row) : std::nullopt;
}

std::optional<codec::SignedHeader> Sets::newest_header(SetId set, const AuthorTag& author) {
  const auto row = index_.get(header_key(set, author).view());
  if (!row) return std::nullopt;
  const auto parsed = unpack_header(*row);
  if (!parsed) return std::nullopt;
  const auto header = codec::decode_signed_header(parsed->header);
  return header.ok() ? std::optional(*header) : std::nullopt;
}

void Sets::snapshot(std::size_t piece, const std::function<void(codec::local::Items)>& send) {
  (void)take_changes();  // the snapshot holds them
  codec::local::Items out;
  const Packer prefix = keys::begin(Space::item);
  index_.scan(prefix.view(), [&](ByteView key, ByteView row) {
    const auto number = keys::after(key, prefix.view());
    if (!number) return false;
    if (const auto parsed = unpack_item(row)) {
      out.added.push_back({Unpacker(*number).ordered(), parsed->set, parsed->hash});
      if (out.added.size() == piece) send(std::exchange(out, {}));
    }
    return true;
  });
  out.snapshot_done = true;
  send(std::move(out));
}

std::vector<codec::local::Items> Sets::take_changes() {
  removed_.clear();
  return std::exchange(changes_, {});
}

}  // namespace meshfs::fsd
