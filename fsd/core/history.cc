#include "fsd/core/history.h"

#include <map>

#include "fsd/core/index_keys.h"

namespace meshfs::fsd {

using keys::Space;

namespace {

// Objects that stood at one place, looked at for one path: more is somebody's game with g.
constexpr std::size_t kMaxOnceAt = 64;

AuthorTag inverted(AuthorTag author) {
  for (auto& byte : author.data) byte = static_cast<std::uint8_t>(~byte);
  return author;
}

// The greatest stamp first: byte order is falling time, then falling author.
Packer row_key(const ObjectId& object, const Stamp& stamp) {
  return std::move(keys::of(Space::history, object).ordered(~stamp.hlc.value).fixed(inverted(stamp.author)));
}

// Names have no zero byte, so no name's rows begin with another's.
Packer place_key(const ObjectId& parent, const FileName& name) {
  return std::move(keys::of(Space::once_at, parent, name.text()).byte(0));
}

// What a row says beside where its entry lies: enough for the collector to read no log.
constexpr std::uint8_t kDeleted = 1, kNewContent = 2, kHasBlobs = 4;

struct Row {
  Stamp stamp;
  EntryInfo where;
  std::uint8_t what = 0;
  codec::ChunkedContent content;
};

std::optional<Row> unpack_row(ByteView rest, ByteView value) {
  Unpacker key(rest);
  Row row;
  row.stamp.hlc.value = ~key.ordered();
  row.stamp.author = inverted(key.fixed<AuthorTag>());
  Unpacker in(value);
  row.where.position = in.number();
  row.where.form = static_cast<codec::ItemForm>(in.byte());
  row.where.index = static_cast<std::uint32_t>(in.number());
  row.what = in.byte();
  if ((row.what & kHasBlobs) != 0) {
    row.content.root = in.fixed<Hash>();
    row.content.size = in.number();
  }
  if (!key.done() || !in.done()) return std::nullopt;
  return row;
}

bool is_fresh(const codec::RegisterStamp& stamp) { return !stamp.foreign && stamp.age == 0; }

// The newest that the entry holds itself, restated or not: the entry that stamped it may never come here. What others
// stamped has a row of its own.
void pack_own_content(Packer& row, const codec::ObjectEntry& state) {
  std::uint8_t what = 0;
  const codec::ContentRegister* newest = nullptr;
  for (const auto& content : state.contents) {
    if (is_fresh(content.stamp)) what |= kNewContent;
    if (content.value && (newest == nullptr || content.stamp.age < newest->stamp.age)) newest = &content;
  }
  const auto* blobs = newest == nullptr ? nullptr : std::get_if<codec::ChunkedContent>(&*newest->value);
  if (blobs != nullptr) what |= kHasBlobs;
  row.byte(what);
  if (blobs != nullptr) row.fixed(blobs->root).number(blobs->size);
}

void describe(const codec::ObjectEntry& state, const Head& head, Version& out) {
  out.new_attributes = is_fresh(state.attributes.stamp);
  out.new_place = is_fresh(state.place.stamp);
  for (const auto& link : state.links) out.new_place = out.new_place || is_fresh(link.stamp);
  for (const auto& content : state.contents) out.new_content = out.new_content || is_fresh(content.stamp);
  if (head.place) out.place = head.place->value.now;
  if (head.attributes) out.attributes = head.attributes->value;
  for (const auto& content : head.contents) {
    if (!out.content || out.content->stamp < content.stamp) out.content = content;
  }
}

}  // namespace

void History::note_place(const ObjectId& object, codec::Kind kind, const codec::Place& place) {
  const ObjectId parent{object.volume, place.parent};
  // What derives from its place is found by deriving it: most objects need no row.
  if (object.local == codec::object_id(parent, place.name, kind)) return;
  index_.put(std::move(place_key(parent, place.name).fixed(object.local)).view(), {});
}

namespace {

// False once `visit` is.
bool each_object(const codec::Entry& entry, const std::function<bool(const LocalId&)>& visit) {
  const auto* batch = std::get_if<codec::BatchTombstone>(&entry);
  if (batch == nullptr) return visit(std::get<codec::ObjectEntry>(entry).object);
  return std::all_of(batch->items.begin(), batch->items.end(), [&](const auto& item) { return visit(item.object); });
}

}  // namespace

bool History::names(const codec::Header& header, const codec::Entry& entry, RecordPosition position) {
  return !each_object(entry, [&](const LocalId& local) {
    const auto row = index_.get(row_key({header.volume, local}, {header.hlc, header.author}).view());
    return !row || Unpacker(*row).number() != position;
  });
}

void History::relocate(const codec::Header& header, const codec::Entry& entry, RecordPosition from, RecordPosition to) {
  each_object(entry, [&](const LocalId& local) {
    const Packer key = row_key({header.volume, local}, {header.hlc, header.author});
    const auto row = index_.get(key.view());
    if (!row) return true;
    Unpacker in(*row);
    if (in.number() != from) return true;
    const Packer moved = std::move(Packer().number(to).raw(in.rest()));
    index_.put(key.view(), moved.view());
    return true;
  });
}

void History::forget(const ObjectId& object, const Stamp& stamp) { index_.erase(row_key(object, stamp).view()); }

void History::remember(const codec::Header& header, const codec::Entry& entry, const EntryInfo& where) {
  Packer value;
  value.number(where.position).byte(static_cast<std::uint8_t>(where.form)).number(where.index);
  const auto keep = [&](const LocalId& local) {
    const ObjectId object{header.volume, local};
    if (!object.is_root()) index_.put(row_key(object, {header.hlc, header.author}).view(), value.view());
  };
  if (const auto* batch = std::get_if<codec::BatchTombstone>(&entry)) {
    value.byte(kDeleted);
    for (const auto& item : batch->items) keep(item.object);
    return;
  }
  const auto& state = std::get<codec::ObjectEntry>(entry);
  const ObjectId object{header.volume, state.object};
  pack_own_content(value, state);
  keep(state.object);
  if (object.is_root()) return;
  if (state.place.value) note_place(object, state.kind, state.place.value->now);
  for (const auto& link : state.links) {
    if (link.value) note_place(object, state.kind, *link.value);
  }
}

std::optional<Version> History::read(const ObjectId& object, const Stamp& stamp, const EntryInfo& where,
                                     std::size_t& cost) {
  const auto* loaded = log_.load(where);
  if (loaded == nullptr) return std::nullopt;
  if (std::exchange(last_read_, where.position) != where.position) cost += loaded->bytes.size();
  const codec::Header header = loaded->header;
  const codec::Entry entry = loaded->entry(where.index);  // a copy: origins are loaded from the same view
  Version out;
  out.entry = codec::entry_hash(header, where.index, entry);
  out.stamp = stamp;
  if (const auto* batch = std::get_if<codec::BatchTombstone>(&entry)) {
    out.deleted = true;
    for (const auto& item : batch->items) {
      if (item.object != object.local) continue;
      out.kind = item.kind;
      out.place = item.place;
      out.attributes = item.attributes;
    }
    return out;
  }
  const auto& state = std::get<codec::ObjectEntry>(entry);
  out.kind = state.kind;
  std::map<Hash, Head> origins;
  const auto resolved = resolve(header, entry, out.entry, [&](const Hash& origin) -> const Head* {
    if (const auto at = origins.find(origin); at != origins.end()) return &at->second;
    auto head = log_.own_head(origin, object);
    return head ? &origins.emplace(origin, std::move(*head)).first->second : nullptr;
  });
  if (resolved.ok() && resolved->heads.size() == 1) {
    describe(state, resolved->heads.front(), out);
  } else if (const auto own = own_head_of(header, entry, out.entry, object)) {
    describe(state, *own, out);  // an origin left the set before this node could fetch it
  }
  return out;
}

bool History::each(const ObjectId& object, const std::optional<Stamp>& before,
                   const std::function<bool(const Version&)>& visit) {
  const Packer prefix = keys::of(Space::history, object);
  Packer from = before ? row_key(object, *before) : prefix;
  if (before) from.byte(0);  // the first key behind that row's
  std::size_t cost = 0;
  for (;;) {
    std::vector<Row> rows;
    index_.scan(from.view(), [&](ByteView key, ByteView value) {
      const auto rest = keys::after(key, prefix.view());
      if (!rest) return false;
      if (const auto row = unpack_row(*rest, value)) rows.push_back(*row);
      return rows.size() < 64;
    });
    if (rows.empty()) return true;
    for (const Row& row : rows) {
      if (cost > kMaxReadBytes) return false;
      if (const auto version = read(object, row.stamp, row.where, cost); version && !visit(*version)) return false;
    }
    from = std::move(row_key(object, rows.back().stamp).byte(0));
  }
}

bool History::lines(Bytes& cursor, const std::function<bool(const Line&)>& visit) {
  const Packer prefix = keys::begin(Space::history);
  Packer from = prefix;
  if (!cursor.empty()) from = std::move(Packer().raw(cursor).byte(0));
  bool more = false;
  index_.scan(from.view(), [&](ByteView key, ByteView value) {
    const auto rest = keys::after(key, prefix.view());
    if (!rest) return false;
    Unpacker name(*rest);
    Line line;
    line.object.volume = name.fixed<VolumeTag>();
    line.object.local = name.fixed<LocalId>();
    const auto row = unpack_row(name.rest(), value);
    if (!row) return true;
    line.stamp = row->stamp;
    line.deleted = (row->what & kDeleted) != 0;
    line.new_content = (row->what & kNewContent) != 0;
    if ((row->what & kHasBlobs) != 0) line.content = row->content;
    more = !visit(line);
    if (!more) cursor = copy_of(key);
    return !more;
  });
  return more;
}

std::vector<std::pair<Stamp, EntryInfo>> History::all_of(const ObjectId& object) {
  std::vector<std::pair<Stamp, EntryInfo>> out;
  const Packer prefix = keys::of(Space::history, object);
  index_.scan(prefix.view(), [&](ByteView key, ByteView value) {
    const auto rest = keys::after(key, prefix.view());
    if (!rest) return false;
    if (const auto row = unpack_row(*rest, value)) out.emplace_back(row->stamp, row->where);
    return true;
  });
  return out;
}

std::optional<Version> History::find(const ObjectId& object, ByteView hash_prefix) {
  for (const Hash& entry : sets_.starting_with(hash_prefix)) {
    const auto info = sets_.find(entry);
    const auto* loaded = info ? log_.load(*info) : nullptr;
    if (loaded == nullptr || loaded->header.volume != object.volume) continue;
    const Stamp stamp{loaded->header.hlc, loaded->header.author};
    if (!index_.get(row_key(object, stamp).view())) continue;  // another object's
    std::size_t cost = 0;
    return read(object, stamp, *info, cost);
  }
  return std::nullopt;
}

std::optional<Version> History::newest(const ObjectId& object) {
  std::optional<Version> out;
  (void)each(object, std::nullopt, [&](const Version& version) {
    out = version;
    return false;
  });
  return out;
}

bool History::has_any(const ObjectId& object) {
  const Packer prefix = keys::of(Space::history, object);
  bool any = false;
  index_.scan(prefix.view(), [&](ByteView key, ByteView) {
    any = keys::after(key, prefix.view()).has_value();
    return false;
  });
  return any;
}

std::vector<ObjectId> History::once_at(const ObjectId& parent, const FileName& name) {
  std::vector<ObjectId> out;
  for (const auto kind : {codec::Kind::file, codec::Kind::directory, codec::Kind::symlink}) {
    const ObjectId object{parent.volume, codec::object_id(parent, name, kind)};
    if (has_any(object)) out.push_back(object);
  }
  const Packer prefix = place_key(parent, name);
  index_.scan(prefix.view(), [&](ByteView key, ByteView) {
    const auto rest = keys::after(key, prefix.view());
    const auto local = rest ? LocalId::from(*rest) : std::nullopt;
    if (local) out.push_back({parent.volume, *local});
    return local && out.size() < kMaxOnceAt;
  });
  return out;
}

}  // namespace meshfs::fsd
