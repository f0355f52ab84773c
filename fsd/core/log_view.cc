#include "fsd/core/log_view.h"

namespace meshfs::fsd {

const codec::Entry& LogView::Loaded::entry(std::uint32_t index) const {
  return form == codec::ItemForm::proven ? proven->entry : commit->entries[index];
}

const LogView::Loaded* LogView::load(const EntryInfo& info) {
  if (last_.position == info.position && (last_.commit || last_.proven)) return &last_;
  last_ = {};
  auto bytes = log_.read(info.position);
  if (!bytes.ok()) return nullptr;
  if (info.form == codec::ItemForm::proven) {
    auto proven = codec::decode_proven(*bytes);
    if (!proven.ok()) return nullptr;
    last_.header = proven->header.header;
    last_.hashes = {codec::entry_hash(last_.header, proven->index, proven->entry)};
    last_.proven = std::move(*proven);
  } else {
    auto commit = codec::decode_commit(*bytes);
    if (!commit.ok() || info.index >= commit->entries.size()) return nullptr;
    last_.header = commit->header;
    last_.hashes = codec::entry_hashes(commit->header, commit->entries);
    last_.commit = std::move(*commit);
  }
  last_.position = info.position;
  last_.form = info.form;
  last_.bytes = std::move(*bytes);
  return &last_;
}

std::optional<Head> own_head_of(const codec::Header& header, const codec::Entry& entry, const Hash& hash,
                                const ObjectId& object) {
  auto heads = own_registers(header, entry, hash);
  if (!heads.ok()) return std::nullopt;
  for (Head& head : *heads) {
    if (head.object == object) return std::move(head);
  }
  return std::nullopt;
}

std::optional<Head> LogView::own_head(const Hash& entry, const ObjectId& object) {
  const auto info = sets_.find(entry);
  if (!info) return std::nullopt;
  const Loaded* loaded = load(*info);
  if (loaded == nullptr) return std::nullopt;
  return own_head_of(loaded->header, loaded->entry(info->index), entry, object);
}

}  // namespace meshfs::fsd
