#include "fsd/core/apply.h"

#include "fsd/core/certified.h"
#include "fsd/core/draft_record.h"
#include "fsd/core/index_keys.h"

namespace meshfs::fsd {

Applier::Prepared Applier::prepare(const codec::Header& header, const codec::Entry& entry, const Hash& hash,
                                   WallMs network_time) {
  Prepared out;
  if (sets_.find(hash)) return out;
  const auto* state = std::get_if<codec::ObjectEntry>(&entry);
  FindOrigin find = [](const Hash&) -> const Head* { return nullptr; };
  Heads known;
  std::map<Hash, Head> loaded;
  if (state != nullptr) {
    const ObjectId object{header.volume, state->object};
    ObjectRecord record = objects_.load(object);
    const auto other_kind = [&](const Head& head) { return head.kind != state->kind; };
    if (std::any_of(record.heads.begin(), record.heads.end(), other_kind)) {
      out.what = Prepared::What::bad;
      out.reason = "an object never changes its kind";
      return out;
    }
    if (is_superseded(record.heads, {header.hlc, header.author}, network_time) && !certified(header.volume, entry)) {
      out.what = Prepared::What::apply;
      return out;
    }
    known = std::move(record.heads);
    find = [this, object, &known, &loaded](const Hash& origin) -> const Head* {
      for (const Head& head : known) {
        if (head.entry == origin) return &head;
      }
      if (const auto at = loaded.find(origin); at != loaded.end()) return &at->second;
      auto head = log_.own_head(origin, object);
      if (!head && find_waiting_) head = find_waiting_(origin, object);
      if (!head) return nullptr;
      return &loaded.emplace(origin, std::move(*head)).first->second;
    };
  }
  auto resolved = resolve(header, entry, hash, find);
  if (!resolved.ok()) {
    out.what = Prepared::What::bad;
    out.reason = resolved.failure().message;
  } else if (!resolved->missing.empty()) {
    out.what = Prepared::What::waits;
    out.missing = std::move(resolved->missing);
  } else {
    out.what = Prepared::What::apply;
    out.heads = std::move(resolved->heads);
  }
  return out;
}

void Applier::forget_draft(const ObjectId& object, const codec::Header& header, const codec::Entry& entry) {
  const auto* state = std::get_if<codec::ObjectEntry>(&entry);
  const auto fresh = [](const codec::ContentRegister& content) {
    return !content.stamp.foreign && content.stamp.age == 0;
  };
  if (state != nullptr && std::none_of(state->contents.begin(), state->contents.end(), fresh)) return;
  const Packer key = keys::of(keys::Space::draft, object);
  const auto row = index_.get(key.view());
  if (!row) return;
  const auto draft = unpack_draft(*row);
  if (!draft.ok() || draft->stamp.hlc < header.hlc) index_.erase(key.view());
}

void Applier::take(const codec::Header& header, const codec::Entry& entry, const Hash& hash, Prepared prepared,
                   const Where& where, bool own, WallMs network_time) {
  const EntryInfo info{where.position, where.form, where.index, set_of(header.volume), 0, 0};
  sets_.know(hash, info);
  history_.remember(header, entry, info);
  news_.entries.push_back(hash);
  for (Head& head : prepared.heads) {
    const ObjectId object = head.object;
    if (object.is_root()) continue;  // roots are nobody's objects
    const ObjectRecord before = objects_.load(object);
    if (!before.heads.empty() && before.kind != head.kind) continue;  // a tombstone of another kind covers nothing
    ObjectRecord now = before;
    (void)add_head(now.heads, std::move(head), network_time);
    if (own) {
      if (!now.held) now.provisional.reset();
    } else {
      news_.objects.push_back(object);
    }
    objects_.save(object, before, std::move(now));
    if (header.author == me_) forget_draft(object, header, entry);
  }
  const Members::News news = members_.note(statement_of(header.volume, entry));
  news_.authors.insert(news_.authors.end(), news.authors.begin(), news.authors.end());
  news_.objects.insert(news_.objects.end(), news.objects.begin(), news.objects.end());
}

}  // namespace meshfs::fsd
