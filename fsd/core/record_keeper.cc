#include "fsd/core/record_keeper.h"

#include "fsd/core/draft_record.h"
#include "fsd/core/index_keys.h"

namespace meshfs::fsd {

using codec::ItemForm;
using keys::Space;

namespace {

std::optional<ItemForm> form_of(RecordType type) {
  if (type == RecordType::commit) return ItemForm::commit;
  if (type == RecordType::proven) return ItemForm::proven;
  return type == RecordType::header ? std::optional(ItemForm::header) : std::nullopt;
}

std::optional<Intake::Opened> opened(RecordType type, ByteView payload) {
  const auto form = form_of(type);
  if (!form) return std::nullopt;
  auto out = Intake::open({*form, copy_of(payload)});
  return out.ok() ? std::optional(std::move(*out)) : std::nullopt;
}

}  // namespace

Status RecordKeeper::before_compaction() {
  if (auto at = parts_.log.append(RecordType::drafts, pack_drafts(parts_.index)); !at.ok()) return at.failure();
  if (const auto bound = parts_.index.get(keys::begin(Space::time_bound).view())) {
    Bytes payload(bound->rbegin(), bound->rend());  // the index has it most significant byte first
    if (auto at = parts_.log.append(RecordType::time_bound, payload); !at.ok()) return at.failure();
  }
  return {};
}

bool RecordKeeper::is_newest(const codec::SignedHeader& record) {
  const codec::Header& header = record.header;
  const AuthorState author = parts_.authors.state(header.author);
  if (header.sequence >= author.sequence || header.hlc >= author.hlc) return true;
  if (header.sequence >= parts_.authors.totals(header.author, header.volume).sequence) return true;
  const auto newest = parts_.sets.newest_header(set_of(header.volume), header.author);
  return !newest || header.sequence >= newest->header.sequence;
}

// The order of an object's records counts while it shows a content though a greater one is known, which has not come.
bool RecordKeeper::shows_older(const codec::Header& header, const codec::Entry& entry) {
  const auto* state = std::get_if<codec::ObjectEntry>(&entry);
  if (state == nullptr) return false;
  const ObjectRecord record = parts_.objects.load({header.volume, state->object});
  if (!record.displayed) return false;
  const auto shown = parts_.objects.shown(record);
  return !shown || shown->contents.empty() || shown->contents.front().stamp != record.displayed->content.stamp;
}

RecordOwner::Need RecordKeeper::needs(RecordPosition position, RecordType type, ByteView payload) {
  if (!form_of(type)) return Need::no;  // drafts, time: before_compaction()
  const auto record = opened(type, payload);
  if (!record) return Need::yes;  // of a later version: not ours to judge
  const codec::Header& header = record->header.header;
  bool needed = header.volume == kNetworkVolume || is_newest(record->header) || parts_.intake.pending().names(position);
  for (std::size_t i = 0; i < record->entries.size(); ++i) {
    const auto known = parts_.sets.find(record->hashes[i]);
    if (!known || known->position != position) continue;
    if (shows_older(header, record->entries[i])) return Need::in_place;
    needed = needed || known->holds > 0 || parts_.history.names(header, record->entries[i], position);
  }
  return needed ? Need::yes : Need::no;
}

void RecordKeeper::moved(RecordPosition from, RecordPosition to, RecordType type, ByteView payload) {
  reached_(to);
  parts_.intake.relocate(from, to);
  const auto record = opened(type, payload);
  if (!record) return;
  for (std::size_t i = 0; i < record->entries.size(); ++i) {
    parts_.sets.relocate(record->hashes[i], from, to);
    parts_.history.relocate(record->header.header, record->entries[i], from, to);
  }
}

void RecordKeeper::dropped(RecordPosition position, RecordType type, ByteView payload) {
  const auto record = opened(type, payload);
  if (!record) return;
  for (const Hash& entry : record->hashes) parts_.sets.forget(entry, position);
}

}  // namespace meshfs::fsd
