#include "fsd/core/object_record.h"

namespace meshfs::fsd {

namespace {

// Stamps and origins are mostly the head's own: one byte says so.
void pack_origin(Packer& out, const Head& head, const Stamp& stamp, const Hash& origin) {
  const bool own = stamp == head.stamp && origin == head.entry;
  out.byte(own ? 1 : 0);
  if (own) return;
  pack_stamp(out, stamp);
  out.fixed(origin);
}

template <class Value>
void unpack_origin(Unpacker& in, const Head& head, Stamped<Value>& out) {
  const bool own = in.byte() == 1;
  out.stamp = own ? head.stamp : unpack_stamp(in);
  out.origin = own ? head.entry : in.fixed<Hash>();
}

void pack_place(Packer& out, const codec::Place& place) { out.fixed(place.parent).text(place.name.text()); }

codec::Place unpack_place(Unpacker& in) {
  codec::Place place;
  place.parent = in.fixed<LocalId>();
  if (auto name = FileName::from(in.text()); name.ok())
    place.name = *name;
  else
    in.fail();
  return place;
}

void pack_owner(Packer& out, const codec::Owner& owner) { out.number(owner.number).text(owner.name); }

codec::Owner unpack_owner(Unpacker& in) {
  codec::Owner owner;
  owner.number = static_cast<std::uint32_t>(in.number());
  owner.name = in.text();
  return owner;
}

enum HeadFlags : std::uint8_t { kTombstone = 1, kHasPlace = 2, kHasPrevious = 4, kHasAttributes = 8, kCertified = 16 };

void pack_head(Packer& out, const Head& head) {
  const bool previous = head.place && head.place->value.previous;
  out.byte(static_cast<std::uint8_t>((head.tombstone ? kTombstone : 0) | (head.place ? kHasPlace : 0) |
                                     (previous ? kHasPrevious : 0) | (head.attributes ? kHasAttributes : 0) |
                                     (head.certified ? kCertified : 0)));
  out.fixed(head.entry);
  pack_stamp(out, head.stamp);
  if (head.place) {
    pack_origin(out, head, head.place->stamp, head.place->origin);
    pack_place(out, head.place->value.now);
    if (previous) pack_place(out, *head.place->value.previous);
  }
  if (head.attributes) {
    pack_origin(out, head, head.attributes->stamp, head.attributes->origin);
    pack_attributes(out, head.attributes->value);
  }
  out.number(head.contents.size());
  for (const auto& content : head.contents) {
    pack_origin(out, head, content.stamp, content.origin);
    pack_content(out, content.value);
  }
  out.number(head.links.size());
  for (const auto& link : head.links) {
    pack_origin(out, head, link.stamp, link.origin);
    out.fixed(link.value.link).byte(link.value.place ? 1 : 0);
    if (link.value.place) pack_place(out, *link.value.place);
  }
  out.number(head.context.size());
  for (const auto& slot : head.context) out.fixed(slot.author).ordered(slot.hlc.value);
  out.number(static_cast<std::uint64_t>(head.latest_expiry.ms));
}

Head unpack_head(Unpacker& in, const ObjectId& object, codec::Kind kind) {
  Head head;
  head.object = object;
  head.kind = kind;
  const std::uint8_t flags = in.byte();
  head.tombstone = (flags & kTombstone) != 0;
  head.certified = (flags & kCertified) != 0;
  head.entry = in.fixed<Hash>();
  head.stamp = unpack_stamp(in);
  if ((flags & kHasPlace) != 0) {
    unpack_origin(in, head, head.place.emplace());
    head.place->value.now = unpack_place(in);
    if ((flags & kHasPrevious) != 0) head.place->value.previous = unpack_place(in);
  }
  if ((flags & kHasAttributes) != 0) {
    unpack_origin(in, head, head.attributes.emplace());
    head.attributes->value = unpack_attributes(in);
  }
  head.contents.resize(in.count(2));
  for (auto& content : head.contents) {
    unpack_origin(in, head, content);
    content.value = unpack_content(in);
  }
  head.links.resize(in.count(18));
  for (auto& link : head.links) {
    unpack_origin(in, head, link);
    link.value.link = in.fixed<LocalId>();
    if (in.byte() == 1) link.value.place = unpack_place(in);
  }
  head.context.resize(in.count(16));
  for (auto& slot : head.context) {
    slot.author = in.fixed<AuthorTag>();
    slot.hlc = Hlc{in.ordered()};
  }
  head.latest_expiry.ms = static_cast<std::int64_t>(in.number());
  return head;
}

enum RecordFlags : std::uint8_t {
  kProvisional = 1,
  kHeld = 2,
  kDisplayed = 4,
  kConflict = 8,
  kAlive = 16,
  kFromHead = 32,
  kWantFromHead = 64,
  kWantedIsDisplayed = 128
};
constexpr std::uint8_t kMerged = 0x80;  // beside the kind

// What is displayed is mostly what the only head states: then nothing is stored twice.
bool displayed_is_of_head(const ObjectRecord& record) {
  if (!record.displayed || record.heads.size() != 1 || record.provisional) return false;
  const Head& head = record.heads.front();
  return head.contents.size() == 1 && head.attributes && head.contents.front() == record.displayed->content &&
         *head.attributes == record.displayed->attributes;
}

bool wanted_is_displayed(const ObjectRecord& record) {
  if (!record.displayed || record.wanted.size() != 1) return false;
  const auto* content = std::get_if<codec::ChunkedContent>(&record.displayed->content.value);
  return content != nullptr && *content == record.wanted.front();
}

// The usual file wants one name: its only head's place.
bool want_is_of_head(const ObjectRecord& record) {
  if (record.heads.size() != 1 || record.provisional || record.wants.size() != 1) return false;
  const auto& place = record.heads.front().place;
  const Want& want = record.wants.front();
  return place && place->stamp == want.want.stamp && place->value.now.parent == want.parent && !want.want.is_virtual &&
         place->value.now.name.text() == want.want.name;
}

Want want_of_head(const ObjectId& object, const ObjectRecord& record) {
  const auto& place = *record.heads.front().place;
  return {
      place.value.now.parent, {place.value.now.name.text(), place.stamp, {object, std::nullopt}, false}, record.kind};
}

}  // namespace

void pack_stamp(Packer& out, const Stamp& stamp) { out.ordered(stamp.hlc.value).fixed(stamp.author); }

Stamp unpack_stamp(Unpacker& in) {
  Stamp stamp;
  stamp.hlc = Hlc{in.ordered()};
  stamp.author = in.fixed<AuthorTag>();
  return stamp;
}

void pack_content(Packer& out, const codec::Content& content) {
  if (const auto* bytes = std::get_if<Bytes>(&content)) {
    out.byte(0).blob(*bytes);
  } else {
    const auto& chunked = std::get<codec::ChunkedContent>(content);
    out.byte(1).number(chunked.size).fixed(chunked.root);
  }
}

codec::Content unpack_content(Unpacker& in) {
  if (in.byte() == 0) return in.blob();
  codec::ChunkedContent chunked;
  chunked.size = in.number();
  chunked.root = in.fixed<Hash>();
  return chunked;
}

void pack_attributes(Packer& out, const codec::Attributes& attributes) {
  out.number(attributes.mode);
  pack_owner(out, attributes.user);
  pack_owner(out, attributes.group);
  out.number(static_cast<std::uint64_t>(attributes.mtime_ns)).number(attributes.xattrs.size());
  for (const auto& xattr : attributes.xattrs) out.text(xattr.name).blob(xattr.value);
  out.number(attributes.lifetime_ms).text(attributes.type);
}

codec::Attributes unpack_attributes(Unpacker& in) {
  codec::Attributes attributes;
  attributes.mode = static_cast<std::uint16_t>(in.number());
  attributes.user = unpack_owner(in);
  attributes.group = unpack_owner(in);
  attributes.mtime_ns = static_cast<std::int64_t>(in.number());
  attributes.xattrs.resize(in.count(2));
  for (auto& xattr : attributes.xattrs) {
    xattr.name = in.text();
    xattr.value = in.blob();
  }
  attributes.lifetime_ms = in.number();
  attributes.type = in.text();
  return attributes;
}

Bytes pack_object(const ObjectRecord& record) {
  Packer out;
  const bool from_head = displayed_is_of_head(record);
  const bool want_from_head = want_is_of_head(record);
  const bool wanted_displayed = wanted_is_displayed(record);
  out.byte(static_cast<std::uint8_t>(
      (record.provisional ? kProvisional : 0) | (record.held ? kHeld : 0) | (record.displayed ? kDisplayed : 0) |
      (record.conflict ? kConflict : 0) | (record.alive ? kAlive : 0) | (from_head ? kFromHead : 0) |
      (want_from_head ? kWantFromHead : 0) | (wanted_displayed ? kWantedIsDisplayed : 0)));
  out.byte(static_cast<std::uint8_t>(static_cast<std::uint8_t>(record.kind) | (record.merged ? kMerged : 0)));
  out.number(record.heads.size());
  for (const Head& head : record.heads) pack_head(out, head);
  if (record.provisional) pack_head(out, *record.provisional);
  if (record.displayed && !from_head) {
    pack_stamp(out, record.displayed->content.stamp);
    out.fixed(record.displayed->content.origin);
    pack_content(out, record.displayed->content.value);
    pack_stamp(out, record.displayed->attributes.stamp);
    out.fixed(record.displayed->attributes.origin);
    pack_attributes(out, record.displayed->attributes.value);
  }
  if (!wanted_displayed) {
    out.number(record.wanted.size());
    for (const auto& content : record.wanted) out.number(content.size).fixed(content.root);
  }
  if (want_from_head) return out.take();
  out.number(record.wants.size());
  for (const Want& want : record.wants) pack_want(out, want);
  return out.take();
}

Result<ObjectRecord> unpack_object(const ObjectId& object, ByteView bytes) {
  Unpacker in(bytes);
  ObjectRecord record;
  const std::uint8_t flags = in.byte();
  const std::uint8_t kind_byte = in.byte();
  const auto kind = static_cast<std::uint8_t>(kind_byte & ~kMerged);
  if (kind > 2) in.fail();
  record.kind = static_cast<codec::Kind>(kind);
  record.held = (flags & kHeld) != 0;
  record.conflict = (flags & kConflict) != 0;
  record.alive = (flags & kAlive) != 0;
  record.merged = (kind_byte & kMerged) != 0;
  for (std::size_t n = in.count(50); n > 0; --n) record.heads.push_back(unpack_head(in, object, record.kind));
  if ((flags & kProvisional) != 0) record.provisional = unpack_head(in, object, record.kind);
  if ((flags & kFromHead) != 0 && in.ok() && record.heads.size() == 1 && record.heads[0].contents.size() == 1 &&
      record.heads[0].attributes) {
    record.displayed = Displayed{record.heads[0].contents[0], *record.heads[0].attributes};
  } else if ((flags & kDisplayed) != 0) {
    Displayed& shown = record.displayed.emplace();
    shown.content.stamp = unpack_stamp(in);
    shown.content.origin = in.fixed<Hash>();
    shown.content.value = unpack_content(in);
    shown.attributes.stamp = unpack_stamp(in);
    shown.attributes.origin = in.fixed<Hash>();
    shown.attributes.value = unpack_attributes(in);
  }
  if ((flags & kWantedIsDisplayed) != 0 && record.displayed) {
    if (const auto* content = std::get_if<codec::ChunkedContent>(&record.displayed->content.value)) {
      record.wanted.push_back(*content);
    }
  } else {
    record.wanted.resize(in.count(33));
    for (auto& content : record.wanted) {
      content.size = in.number();
      content.root = in.fixed<Hash>();
    }
  }
  if ((flags & kWantFromHead) != 0) {
    if (record.heads.size() == 1 && record.heads[0].place) record.wants.push_back(want_of_head(object, record));
  } else {
    for (std::size_t n = in.count(20); n > 0; --n) record.wants.push_back(unpack_want(in, object.volume));
  }
  if (!in.done()) return error(Errc::bad_bytes, "an object of the index is damaged; it is rebuilt from the log");
  return record;
}

Heads ObjectRecord::effective(WallMs network_time) const {
  Heads out = heads;
  if (provisional) (void)add_head(out, *provisional, network_time);
  return out;
}

}  // namespace meshfs::fsd
