#include "schema/codec/entry_format.h"

namespace meshfs::codec {

// --- the object id, left out where it derives from the place ---
static LocalId derived_id(const VolumeTag& volume, Kind kind, const PlaceRegister& place) {
  if (!place.value || place.value->now.name.text().empty()) return {};
  return object_id({volume, place.value->now.parent}, place.value->now.name, kind);
}

// --- parts ---
static void write(format::Foreign::Builder to, const ForeignStamp& from) {
  to.setAuthor(word_of(from.author, 0));
  to.setOrigin0(word_of(from.origin, 0));
  to.setOrigin1(word_of(from.origin, 1));
  to.setOrigin2(word_of(from.origin, 2));
  to.setOrigin3(word_of(from.origin, 3));
}
static ForeignStamp foreign_of(format::Foreign::Reader from) {
  return {from_words<AuthorTag>(from.getAuthor()),
          from_words<Hash>(from.getOrigin0(), from.getOrigin1(), from.getOrigin2(), from.getOrigin3())};
}

static void write(format::ContextSlot::Builder to, const ContextSlot& from) {
  to.setAuthor(word_of(from.author, 0));
  to.setAge(from.age);
}
static Status read(format::ContextSlot::Reader from, ContextSlot& to) {
  to = {from_words<AuthorTag>(from.getAuthor()), from.getAge()};
  return {};
}

static void write(format::Xattr::Builder to, const Xattr& from) {
  to.setName(data_of(from.name));
  set_unless_empty(from.value, [&](auto data) { to.setValue(data); });
}
static Status read(format::Xattr::Reader from, Xattr& to) {
  to.value = copy_of(view_of(from.getValue()));
  return read_text(from.getName(), kMaxXattrName, to.name);
}

// Works on Place and on the place fields of Entry and Link, which have the same names.
template <class Builder>
static void write_place(Builder to, const Place& from) {
  to.setParent0(word_of(from.parent, 0));
  to.setParent1(word_of(from.parent, 1));
  set_unless_empty(as_bytes(from.name.text()), [&](auto data) { to.setName(data); });
}
template <class Reader>
static Status read_place(Reader from, Place& to) {
  to.parent = from_words<LocalId>(from.getParent0(), from.getParent1());
  const std::string_view text = text_of(from.getName());
  if (text.empty()) return {};  // the root's; check_entry allows it only there
  Result<FileName> name = FileName::from(text);
  if (!name) return malformed("a name that no file can have");
  to.name = std::move(*name);
  return {};
}

template <class Builder>
static void write_attributes(Builder to, const Attributes& from) {
  to.setMtimeNs(from.mtime_ns);
  to.setMode(from.mode);
  to.setUserNumber(from.user.number);
  to.setGroupNumber(from.group.number);
  to.setLifetimeMs(from.lifetime_ms);
  set_unless_empty(as_bytes(from.user.name), [&](auto data) { to.setUserName(data); });
  set_unless_empty(as_bytes(from.group.name), [&](auto data) { to.setGroupName(data); });
  if (!from.xattrs.empty()) write_list(to.initXattrs(list_size(from.xattrs.size())), from.xattrs);
  set_unless_empty(as_bytes(from.type), [&](auto data) { to.setType(data); });
}
template <class Reader>
static Status read_attributes(Reader from, Attributes& to) {
  to.mtime_ns = from.getMtimeNs();
  to.mode = from.getMode();
  to.user.number = from.getUserNumber();
  to.group.number = from.getGroupNumber();
  to.lifetime_ms = from.getLifetimeMs();
  if (Status s = read_text(from.getUserName(), kMaxOwnerName, to.user.name); !s) return s;
  if (Status s = read_text(from.getGroupName(), kMaxOwnerName, to.group.name); !s) return s;
  if (Status s = read_text(from.getType(), kMaxTypeName, to.type); !s) return s;
  return read_list(from.getXattrs(), kMaxXattrs, to.xattrs);
}

// Works on Content and on the content fields of Entry.
template <class Builder>
static void write_content(Builder to, const Content& from) {
  if (const auto* chunked = std::get_if<ChunkedContent>(&from)) {
    to.setForm(format::ContentForm::CHUNKED);
    to.setSize(chunked->size);
    to.setHash0(word_of(chunked->root, 0));
    to.setHash1(word_of(chunked->root, 1));
    to.setHash2(word_of(chunked->root, 2));
    to.setHash3(word_of(chunked->root, 3));
  } else {
    to.setForm(format::ContentForm::INLINED);
    set_unless_empty(std::get<Bytes>(from), [&](auto data) { to.setInlined(data); });
  }
}
template <class Reader>
static Result<Content> content_of(Reader from) {
  switch (from.getForm()) {
    case format::ContentForm::CHUNKED:
      return Content(ChunkedContent{
          from.getSize(), from_words<Hash>(from.getHash0(), from.getHash1(), from.getHash2(), from.getHash3())});
    case format::ContentForm::INLINED: {
      const ByteView bytes = view_of(from.getInlined());
      if (bytes.size() > kMaxSymlinkBytes) return over_limit("inline content is longer than its limit");
      return Content(copy_of(bytes));
    }
    default:
      return error(Errc::unsupported, "an unknown form of content");
  }
}

static void write(format::Content::Builder to, const ContentRegister& from) {
  to.setAge(from.stamp.age);
  if (from.stamp.foreign) {
    to.setForm(format::ContentForm::NONE);
    write(to.initForeign(), *from.stamp.foreign);
  } else {
    write_content(to, *from.value);
  }
}
static Status read(format::Content::Reader from, ContentRegister& to) {
  to.stamp.age = from.getAge();
  if (from.hasForeign()) {
    to.stamp.foreign = foreign_of(from.getForeign());
    return {};
  }
  Result<Content> content = content_of(from);
  if (!content) return content.failure();
  to.value = std::move(*content);
  return {};
}

static void write(format::Link::Builder to, const LinkRegister& from) {
  to.setLink0(word_of(from.link, 0));
  to.setLink1(word_of(from.link, 1));
  to.setAge(from.stamp.age);
  if (from.stamp.foreign) write(to.initForeign(), *from.stamp.foreign);
  if (from.value) write_place(to, *from.value);
}
static Status read(format::Link::Reader from, LinkRegister& to) {
  to.link = from_words<LocalId>(from.getLink0(), from.getLink1());
  to.stamp.age = from.getAge();
  if (from.hasForeign()) to.stamp.foreign = foreign_of(from.getForeign());
  return from.hasName() ? read_place(from, to.value.emplace()) : Status();
}

// --- the two kinds of entry ---
static void write_contents(format::Entry::Builder to, const std::vector<ContentRegister>& contents) {
  if (contents.empty()) {
    to.setForm(format::ContentForm::NONE);
  } else if (contents.size() == 1 && !contents[0].stamp.foreign) {
    to.setContentAge(contents[0].stamp.age);
    write_content(to, *contents[0].value);
  } else {
    to.setForm(format::ContentForm::SEVERAL);
    write_list(to.initContents(list_size(contents.size())), contents);
  }
}
static Status read_contents(format::Entry::Reader from, std::vector<ContentRegister>& contents) {
  if (from.getForm() == format::ContentForm::NONE) return {};
  if (from.getForm() == format::ContentForm::SEVERAL) return read_list(from.getContents(), kMaxContents, contents);
  Result<Content> content = content_of(from);
  if (!content) return content.failure();
  contents.push_back({{from.getContentAge(), std::nullopt}, std::move(*content)});
  return {};
}

static void write_object(format::Entry::Builder to, const VolumeTag& volume, const ObjectEntry& from) {
  to.setKind(static_cast<format::Kind>(from.kind));
  if (from.object != derived_id(volume, from.kind, from.place)) {
    to.setObject0(word_of(from.object, 0));
    to.setObject1(word_of(from.object, 1));
  }
  to.setPlaceAge(from.place.stamp.age);
  if (from.place.stamp.foreign) write(to.initPlaceForeign(), *from.place.stamp.foreign);
  if (from.place.value) {
    write_place(to, from.place.value->now);
    if (from.place.value->previous) write_place(to.initPrevious(), *from.place.value->previous);
  }
  to.setAttributesAge(from.attributes.stamp.age);
  if (from.attributes.stamp.foreign) write(to.initAttributesForeign(), *from.attributes.stamp.foreign);
  if (from.attributes.value) write_attributes(to, *from.attributes.value);
  write_contents(to, from.contents);
  if (!from.links.empty()) write_list(to.initLinks(list_size(from.links.size())), from.links);
  if (!from.context.empty()) write_list(to.initContext(list_size(from.context.size())), from.context);
  to.setLatestExpiryMs(from.latest_expiry_ms);
}

static Status read_object(format::Entry::Reader from, const VolumeTag& volume, ObjectEntry& to) {
  if (Status s = read_enum(from.getKind(), Kind::symlink, to.kind); !s) return s;
  to.place.stamp.age = from.getPlaceAge();
  if (from.hasPlaceForeign()) {
    to.place.stamp.foreign = foreign_of(from.getPlaceForeign());
  } else {
    PlaceValue& place = to.place.value.emplace();
    if (Status s = read_place(from, place.now); !s) return s;
    if (from.hasPrevious()) {
      if (Status s = read_place(from.getPrevious(), place.previous.emplace()); !s) return s;
    }
  }
  to.object = from_words<LocalId>(from.getObject0(), from.getObject1());
  if (to.object.is_zero()) to.object = derived_id(volume, to.kind, to.place);
  to.attributes.stamp.age = from.getAttributesAge();
  if (from.hasAttributesForeign()) {
    to.attributes.stamp.foreign = foreign_of(from.getAttributesForeign());
  } else if (Status s = read_attributes(from, to.attributes.value.emplace()); !s) {
    return s;
  }
  if (Status s = read_contents(from, to.contents); !s) return s;
  if (Status s = read_list(from.getLinks(), kMaxLinks, to.links); !s) return s;
  if (Status s = read_list(from.getContext(), kMaxContextSlots, to.context); !s) return s;
  to.latest_expiry_ms = from.getLatestExpiryMs();
  return {};
}

static void write(format::Tombstone::Builder to, const Tombstone& from) {
  to.setObject0(word_of(from.object, 0));
  to.setObject1(word_of(from.object, 1));
  to.setKind(static_cast<format::Kind>(from.kind));
  CHECK(!from.context.empty());
  to.setAuthor(word_of(from.context[0].author, 0));
  to.setAge(from.context[0].age);
  if (from.context.size() > 1) {
    const Context more(from.context.begin() + 1, from.context.end());
    write_list(to.initMore(list_size(more.size())), more);
  }
  if (from.place) write_place(to.initPlace(), *from.place);
  if (from.attributes) write_attributes(to.initAttributes(), *from.attributes);
}
static Status read(format::Tombstone::Reader from, Tombstone& to) {
  to.object = from_words<LocalId>(from.getObject0(), from.getObject1());
  if (Status s = read_enum(from.getKind(), Kind::symlink, to.kind); !s) return s;
  if (Status s = read_list(from.getMore(), kMaxContextSlots - 1, to.context); !s) return s;
  to.context.insert(to.context.begin(), {from_words<AuthorTag>(from.getAuthor()), from.getAge()});
  if (from.hasPlace()) {
    if (Status s = read_place(from.getPlace(), to.place.emplace()); !s) return s;
  }
  if (from.hasAttributes()) return read_attributes(from.getAttributes(), to.attributes.emplace());
  return {};
}

void write_entry(format::Entry::Builder to, const VolumeTag& volume, const Entry& entry) {
  if (const auto* object = std::get_if<ObjectEntry>(&entry)) return write_object(to, volume, *object);
  const auto& items = std::get<BatchTombstone>(entry).items;
  write_list(to.initTombstones(list_size(items.size())), items);
}

Status read_entry(format::Entry::Reader from, const VolumeTag& volume, Entry& entry) {
  if (!from.hasTombstones()) return read_object(from, volume, entry.emplace<ObjectEntry>());
  return read_list(from.getTombstones(), kMaxTombstones, entry.emplace<BatchTombstone>().items);
}

}  // namespace meshfs::codec
