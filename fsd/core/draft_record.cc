#include "fsd/core/draft_record.h"

#include "fsd/core/index_keys.h"

namespace meshfs::fsd {

static constexpr std::uint8_t kDraftVersion = 1;

Bytes pack_draft(const DraftRecord& draft) {
  Packer out;
  out.byte(kDraftVersion).fixed(draft.object.volume).fixed(draft.object.local);
  pack_stamp(out, draft.stamp);
  out.fixed(draft.place.parent).text(draft.place.name.text());
  pack_attributes(out, draft.attributes);
  pack_content(out, draft.content);
  out.number(draft.base.size());
  for (const Stamp& stamp : draft.base) pack_stamp(out, stamp);
  return out.take();
}

Result<DraftRecord> unpack_draft(ByteView payload) {
  Unpacker in(payload);
  if (in.byte() != kDraftVersion) return error(Errc::unsupported, "a draft of a later version of meshfs");
  DraftRecord draft;
  draft.object.volume = in.fixed<VolumeTag>();
  draft.object.local = in.fixed<LocalId>();
  draft.stamp = unpack_stamp(in);
  draft.place.parent = in.fixed<LocalId>();
  const auto name = FileName::from(in.text());
  if (!name.ok()) return error(Errc::bad_bytes, "a draft is damaged");
  draft.place.name = *name;
  draft.attributes = unpack_attributes(in);
  draft.content = unpack_content(in);
  draft.base.resize(in.count(16));
  for (Stamp& stamp : draft.base) stamp = unpack_stamp(in);
  if (!in.done()) return error(Errc::bad_bytes, "a draft is damaged");
  return draft;
}

std::vector<DraftRecord> drafts_in(Table& index) {
  std::vector<DraftRecord> out;
  const Packer prefix = keys::begin(keys::Space::draft);
  index.scan(prefix.view(), [&](ByteView key, ByteView payload) {
    if (!keys::after(key, prefix.view())) return false;
    if (auto draft = unpack_draft(payload); draft.ok()) out.push_back(std::move(*draft));
    return true;
  });
  return out;
}

Bytes pack_drafts(Table& index) {
  Packer out;
  for (const DraftRecord& draft : drafts_in(index)) out.blob(pack_draft(draft));
  return out.take();
}

Status replace_drafts(Table& index, ByteView payload) {
  for (const DraftRecord& draft : drafts_in(index)) {
    index.erase(keys::of(keys::Space::draft, draft.object).view());
  }
  Unpacker in(payload);
  while (in.ok() && !in.done()) {
    const Bytes one = in.blob();
    const auto draft = unpack_draft(one);
    if (!draft.ok()) return draft.failure();
    index.put(keys::of(keys::Space::draft, draft->object).view(), one);
  }
  return in.ok() ? Status() : error(Errc::bad_bytes, "a record of drafts that ends too early");
}

}  // namespace meshfs::fsd
