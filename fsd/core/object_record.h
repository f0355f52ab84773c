// What the index keeps of one object: its heads, what it shows, and the names it claims. A value, no behaviour but
// its byte format.
#pragma once

#include "fsd/core/namespace.h"
#include "fsd/core/row_bytes.h"

namespace meshfs::fsd {

// The version that a reader sees: the content's blobs are all here (DESIGN.md "a file appears when its content is
// complete, never half").
struct Displayed {
  Stamped<codec::Content> content;
  Stamped<codec::Attributes> attributes;
  bool operator==(const Displayed&) const = default;
};

struct ObjectRecord {
  codec::Kind kind = codec::Kind::file;
  Heads heads;                         // sealed: every one is an entry of the log
  std::optional<Head> provisional;     // a local change that no commit holds yet
  bool held = false;                   // the provisional head waits for its content to be published (open new file)
  std::optional<Displayed> displayed;  // files and symlinks
  std::vector<codec::ChunkedContent> wanted;  // contents whose blobs are fetched and kept for it
  bool alive = false;                         // counted as an object
  bool conflict = false;                      // counted as a conflict
  bool merged = false;                        // displayed is made of several contents, by the rule of their type
  std::vector<Want> wants;                    // the names it asked for (files and symlinks; directories: see Namespace)
  bool operator==(const ObjectRecord&) const = default;

  // The sealed heads with the provisional one among them.
  [[nodiscard]] Heads effective(WallMs network_time) const;
};

void pack_stamp(Packer& out, const Stamp& stamp);
Stamp unpack_stamp(Unpacker& in);
void pack_content(Packer& out, const codec::Content& content);
codec::Content unpack_content(Unpacker& in);
void pack_attributes(Packer& out, const codec::Attributes& attributes);
codec::Attributes unpack_attributes(Unpacker& in);

Bytes pack_object(const ObjectRecord& record);
// bad_bytes if damaged.
Result<ObjectRecord> unpack_object(const ObjectId& object, ByteView bytes);

}  // namespace meshfs::fsd
