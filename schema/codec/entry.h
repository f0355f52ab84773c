// An entry: one signed statement that restates an object's whole state (DESIGN.md "Data model").
// Plain structs; entry.capnp is the format. An entry is only meaningful beside its commit header,
// which gives the HLC and author that "own" registers and ages refer to.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "schema/vocab/file_name.h"
#include "schema/vocab/ids.h"
#include "schema/vocab/result.h"
#include "schema/vocab/stamp.h"

namespace meshfs::codec {

// Limits. decode_* answers too_large beyond them; fsd answers ENOSPC, E2BIG or ENAMETOOLONG before composing.
inline constexpr std::size_t kMaxEntryBytes = 256 * 1024;  // canonical bytes: 4,096 tombstones take 128 to 192 KiB
inline constexpr std::size_t kMaxInlineBytes = 300;        // content that rides in the entry
inline constexpr std::size_t kMaxContents = 64;            // conflicting contents one object may carry
inline constexpr std::size_t kMaxContextSlots = 1024;      // authors that ever wrote one object
inline constexpr std::size_t kMaxTombstones = 4096;        // objects one batch tombstone covers
inline constexpr std::size_t kMaxXattrBytes = 16 * 1024;   // names and values of one object together
inline constexpr std::size_t kMaxXattrs = 256;             // of one object
inline constexpr std::size_t kMaxXattrName = 255;          // bytes; Linux's own limit
inline constexpr std::size_t kMaxOwnerName = 255;          // bytes of a user's or group's name
inline constexpr std::size_t kMaxTypeName = 64;            // bytes of a record type
inline constexpr std::size_t kMaxLinks = 1024;             // extra names of one object
inline constexpr std::size_t kMaxSymlinkBytes = 4095;      // inline limit of a symlink's target

enum class Kind : std::uint8_t { file = 0, directory = 1, symlink = 2 };

// Id of the object first made as (parent, name, kind). g is zero, or, while the object of that id lives
// elsewhere, that object's local id (repeat until free).
LocalId object_id(const ObjectId& parent, const FileName& name, Kind kind, const LocalId& g = {});

// Who stamped a register. age = header.hlc - stamp.hlc, in raw HLC units (0: this very entry set it).
// foreign is set when another author stamped it: the value then lives in the origin entry, which is that
// author's entry carrying this register with this very stamp.
struct ForeignStamp {
  AuthorTag author;
  Hash origin;  // entry hash
  bool operator==(const ForeignStamp&) const = default;
};
struct RegisterStamp {
  std::uint64_t age = 0;
  std::optional<ForeignStamp> foreign;
  bool operator==(const RegisterStamp&) const = default;
};

struct Place {
  LocalId parent;
  FileName name;
  bool operator==(const Place&) const = default;
};
struct PlaceValue {
  Place now;
  std::optional<Place> previous;  // where it falls back to if `now` would close a cycle
  bool operator==(const PlaceValue&) const = default;
};

struct Xattr {
  std::string name;  // e.g. "user.colour"
  Bytes value;
  bool operator==(const Xattr&) const = default;
};
// A user or group: its name where it has one (then `number` is 0), else its number. Root is number 0.
struct Owner {
  std::uint32_t number = 0;
  std::string name;
  bool operator==(const Owner&) const = default;
};
struct Attributes {
  std::uint16_t mode = 0;  // permission bits, 07777
  Owner user;
  Owner group;
  std::int64_t mtime_ns = 0;      // since 1970 UTC
  std::vector<Xattr> xattrs;      // sorted by name, names unique
  std::uint64_t lifetime_ms = 0;  // 0: for ever
  std::string type;               // record type, "" for plain files
  bool operator==(const Attributes&) const = default;
};

// Content: the bytes themselves if few, else size and root. A root is the chunk's hash for size <= 64 KiB,
// else the hash of the top hash list. A symlink's content is its target, always inline.
struct ChunkedContent {
  std::uint64_t size = 0;
  Hash root;
  bool operator==(const ChunkedContent&) const = default;
};
using Content = std::variant<Bytes, ChunkedContent>;
std::uint64_t size_of(const Content& content);

// value is set exactly if stamp.foreign is not.
struct PlaceRegister {
  RegisterStamp stamp;
  std::optional<PlaceValue> value;
  bool operator==(const PlaceRegister&) const = default;
};
struct AttributesRegister {
  RegisterStamp stamp;
  std::optional<Attributes> value;
  bool operator==(const AttributesRegister&) const = default;
};
struct ContentRegister {
  RegisterStamp stamp;
  std::optional<Content> value;
  bool operator==(const ContentRegister&) const = default;
};
// An extra hard link: a place register with an id of its own (hash of its first parent and name).
// A removed link keeps its register with no value (and no foreign stamp).
struct LinkRegister {
  LocalId link;
  RegisterStamp stamp;
  std::optional<Place> value;
  bool operator==(const LinkRegister&) const = default;
};

// Per author that ever wrote the object, the greatest HLC covered. age = header.hlc - slot, so that no slot can
// exceed the entry's HLC. Sorted by author, authors unique.
struct ContextSlot {
  AuthorTag author;
  std::uint64_t age = 0;
  bool operator==(const ContextSlot&) const = default;
};
using Context = std::vector<ContextSlot>;

// The state of one object. `object` equals object_id(place.value.now..., kind) for most entries and is then
// not encoded.
struct ObjectEntry {
  LocalId object;
  Kind kind = Kind::file;
  PlaceRegister place;
  AttributesRegister attributes;
  std::vector<ContentRegister> contents;  // files: 1..kMaxContents; symlinks: 1 or more; directories: none
  std::vector<LinkRegister> links;        // sorted by link id
  Context context;
  std::uint64_t latest_expiry_ms = 0;  // latest expiry this object ever had, network time; 0 none
  bool operator==(const ObjectEntry&) const = default;
};

// The deletion of one object; for a directory with what it shows from if something under it lives on.
struct Tombstone {
  LocalId object;
  Kind kind = Kind::file;
  Context context;                       // never empty: a delete covers something it saw
  std::optional<Place> place;            // directories only
  std::optional<Attributes> attributes;  // directories only
  bool operator==(const Tombstone&) const = default;
};
struct BatchTombstone {
  std::vector<Tombstone> items;  // 1..kMaxTombstones, sorted by object, objects unique
  bool operator==(const BatchTombstone&) const = default;
};

using Entry = std::variant<ObjectEntry, BatchTombstone>;

// The limits and shape rules above, all of them but the size in bytes: bad_bytes or too_large, and which. Decoders call it;
// who composes an entry must not give the encoders one that fails it.
Status check_entry(const Entry& entry);

// Canonical bytes (Cap'n Proto canonical form, unpacked): what hashes and signatures cover.
Bytes canonical_bytes(const VolumeTag& volume, const Entry& entry);

}  // namespace meshfs::codec
