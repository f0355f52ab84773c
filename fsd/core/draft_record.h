// A draft: content that fsync made durable here before it was published (RecordType::draft). Kept until the object's
// next own version or its removal; after a crash it is published. Disk format, version byte first.
#pragma once

#include "fsd/core/object_record.h"

namespace meshfs::fsd {

struct DraftRecord {
  ObjectId object;
  Stamp stamp;         // when it was saved
  codec::Place place;  // if no commit ever held the file
  codec::Attributes attributes;
  codec::Content content;
  std::vector<Stamp> base;
};
Bytes pack_draft(const DraftRecord& draft);
Result<DraftRecord> unpack_draft(ByteView payload);
// Those that count, by the index.
std::vector<DraftRecord> drafts_in(Table& index);
// The payload of RecordType::drafts, and what it makes of the index: these and no others.
Bytes pack_drafts(Table& index);
Status replace_drafts(Table& index, ByteView payload);

}  // namespace meshfs::fsd
