#include "schema/codec/entry.h"

#include "schema/codec/entry_format.h"
#include "schema/crypto/hash.h"

namespace meshfs::codec {
namespace {

Status check_owner(const Owner& owner) {
  if (owner.name.size() > kMaxOwnerName) return over_limit("the name of an owner is longer than its limit");
  if (owner.name.find('\0') != owner.name.npos) return malformed("the name of an owner holds NUL");
  if (!owner.name.empty() && owner.number != 0) return malformed("an owner has a name and a number");
  return {};
}

Status check_attributes(const Attributes& attributes) {
  if (attributes.mode > 07777) return malformed("a mode beyond 07777");
  if (Status s = check_owner(attributes.user); !s) return s;
  if (Status s = check_owner(attributes.group); !s) return s;
  if (attributes.type.size() > kMaxTypeName) return over_limit("a record type is longer than its limit");
  if (attributes.xattrs.size() > kMaxXattrs) return over_limit("more xattrs than their limit");
  std::size_t bytes = 0;
  const Xattr* before = nullptr;
  for (const Xattr& xattr : attributes.xattrs) {
    if (xattr.name.empty() || xattr.name.find('\0') != xattr.name.npos)
      return malformed("an xattr without a proper name");
    if (xattr.name.size() > kMaxXattrName) return over_limit("the name of an xattr is longer than its limit");
    if (before != nullptr && before->name >= xattr.name) return malformed("xattrs are not sorted and unique");
    bytes += xattr.name.size() + xattr.value.size();
    before = &xattr;
  }
  if (bytes > kMaxXattrBytes) return over_limit("xattrs are larger than their limit");
  return {};
}

Status check_context(const Context& context) {
  if (context.size() > kMaxContextSlots) return over_limit("a context has more slots than its limit");
  for (std::size_t i = 1; i < context.size(); ++i) {
    if (context[i - 1].author >= context[i].author) return malformed("a context is not sorted and unique");
  }
  return {};
}

Status check_content(Kind kind, const Content& content) {
  if (const auto* chunked = std::get_if<ChunkedContent>(&content)) {
    if (kind == Kind::symlink) return malformed("a symlink's target is not inline");
    if (chunked->size == 0) return malformed("chunked content without bytes");
    return {};
  }
  const std::size_t size = std::get<Bytes>(content).size();
  if (kind == Kind::symlink && size == 0) return malformed("a symlink without a target");
  if (size > (kind == Kind::symlink ? kMaxSymlinkBytes : kMaxInlineBytes)) {
    return over_limit("inline content is longer than its limit");
  }
  return {};
}

bool same_stamp(const RegisterStamp& a, const RegisterStamp& b) {
  if (a.age != b.age || a.foreign.has_value() != b.foreign.has_value()) return false;
  return !a.foreign || a.foreign->author == b.foreign->author;
}

Status check_contents(Kind kind, const std::vector<ContentRegister>& contents) {
  if (kind == Kind::directory && !contents.empty()) return malformed("a directory with content");
  if (kind != Kind::directory && contents.empty()) return malformed("a file without content");
  if (contents.size() > kMaxContents) return over_limit("more contents than their limit");
  for (std::size_t i = 0; i < contents.size(); ++i) {
    if (contents[i].stamp.foreign.has_value() == contents[i].value.has_value())
      return malformed("a content and its stamp disagree");
    if (contents[i].value) {
      if (Status s = check_content(kind, *contents[i].value); !s) return s;
    }
    for (std::size_t j = 0; j < i; ++j) {
      if (same_stamp(contents[i].stamp, contents[j].stamp)) return malformed("two contents have one stamp");
    }
  }
  return {};
}

Status check_links(Kind kind, const std::vector<LinkRegister>& links) {
  if (kind == Kind::directory && !links.empty()) return malformed("a directory with hard links");
  if (links.size() > kMaxLinks) return over_limit("more hard links than their limit");
  for (std::size_t i = 0; i < links.size(); ++i) {
    if (i > 0 && links[i - 1].link >= links[i].link) return malformed("hard links are not sorted and unique");
    if (links[i].stamp.foreign && links[i].value) return malformed("a hard link and its stamp disagree");
    if (links[i].value && links[i].value->name.text().empty()) return malformed("a hard link without a name");
  }
  return {};
}

Status check_place(const ObjectEntry& object) {
  if (object.place.stamp.foreign.has_value() == object.place.value.has_value())
    return malformed("a place and its stamp disagree");
  if (object.object.is_zero() && object.kind != Kind::directory)
    return malformed("a volume's root that is no directory");
  if (!object.place.value) return {};
  const PlaceValue& place = *object.place.value;
  const bool root = place.now.name.text().empty();
  if (root != object.object.is_zero()) return malformed("only a volume's root has no name");
  if (root && (!place.now.parent.is_zero() || place.previous)) return malformed("a volume's root lies nowhere");
  if (place.previous && place.previous->name.text().empty()) return malformed("a previous place without a name");
  return {};
}

Status check_object(const ObjectEntry& object) {
  if (Status s = check_place(object); !s) return s;
  if (object.attributes.stamp.foreign.has_value() == object.attributes.value.has_value()) {
    return malformed("attributes and their stamp disagree");
  }
  if (object.attributes.value) {
    if (Status s = check_attributes(*object.attributes.value); !s) return s;
  }
  if (Status s = check_contents(object.kind, object.contents); !s) return s;
  if (Status s = check_links(object.kind, object.links); !s) return s;
  return check_context(object.context);
}

Status check_tombstone(const Tombstone& tombstone) {
  if (tombstone.object.is_zero()) return malformed("a volume's root can't be deleted");
  if (tombstone.context.empty()) return malformed("a deletion that saw nothing");
  if (Status s = check_context(tombstone.context); !s) return s;
  const bool directory = tombstone.kind == Kind::directory;
  if (!directory && (tombstone.place || tombstone.attributes))
    return malformed("only a deleted directory keeps place and attributes");
  if (tombstone.place && tombstone.place->name.text().empty()) return malformed("a deleted directory without a name");
  return tombstone.attributes ? check_attributes(*tombstone.attributes) : Status();
}

}  // namespace

LocalId object_id(const ObjectId& parent, const FileName& name, Kind kind, const LocalId& g) {
  const std::array<std::uint8_t, 1> kind_byte{static_cast<std::uint8_t>(kind)};
  return crypto::prefix_of<LocalId>(crypto::hash_in(
      "meshfs object", {parent.volume.view(), parent.local.view(), g.view(), kind_byte, as_bytes(name.text())}));
}

std::uint64_t size_of(const Content& content) {
  if (const auto* chunked = std::get_if<ChunkedContent>(&content)) return chunked->size;
  return std::get<Bytes>(content).size();
}

Status check_entry(const Entry& entry) {
  if (const auto* object = std::get_if<ObjectEntry>(&entry)) return check_object(*object);
  const auto& items = std::get<BatchTombstone>(entry).items;
  if (items.empty()) return malformed("a batch of no deletions");
  if (items.size() > kMaxTombstones) return over_limit("more deletions in one batch than their limit");
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0 && items[i - 1].object >= items[i].object) return malformed("deletions are not sorted and unique");
    if (Status s = check_tombstone(items[i]); !s) return s;
  }
  return {};
}

Bytes canonical_bytes(const VolumeTag& volume, const Entry& entry) {
  return copy_of(bytes_of(canonical_words<format::Entry>(PlacedEntry{volume, entry})));
}

}  // namespace meshfs::codec
