#include "transport/bmx/sms_inbox.h"

#include <algorithm>

#include "schema/os/folder.h"
#include "schema/os/loop.h"
#include "schema/vocab/quoting.h"
#include "transport/bmx/sms_file.h"

namespace meshfs::transport {
namespace {

constexpr std::size_t kShortId = 8;        // digits, as bmx shows ids to people
constexpr std::size_t kMostNodeName = 33;  // with the '.' behind it

struct FileName {
  std::string id;
  std::size_t slot = 0;
};
// None: not one of ours. An id of BMX6 may have the node's name in front, "porch.0123...".
std::optional<FileName> split_name(const SmsKind& kind, std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon < kind.id_digits || colon > kind.id_digits + kMostNodeName)
    return std::nullopt;
  const std::string_view digits = text.substr(colon - kind.id_digits, kind.id_digits);
  if (digits.find_first_not_of("0123456789abcdefABCDEF") != std::string_view::npos) return std::nullopt;
  for (std::size_t slot = 0; slot < kind.files(); ++slot) {
    if (text.substr(colon + 1) == slot_name(slot)) return FileName{std::string(text.substr(0, colon)), slot};
  }
  return std::nullopt;
}

BulletinAuthor author_of(const SmsKind& kind, const std::string& id) {
  const bool named = id.size() > kind.id_digits + 1;
  return {id, named ? printable(id.substr(0, id.size() - kind.id_digits - 1)) : id.substr(0, kShortId)};
}

}  // namespace

void SmsInbox::read(const std::set<std::string>& names, const Bulletin::Events& events) {
  // A page of several files is read once, whichever of them changed.
  std::string last;
  for (const std::string& name : names) {
    const auto file = split_name(kind_, name);
    if (!file) continue;
    const std::size_t page = file->slot / kind_.slots;
    const std::string this_one = file->id + slot_name(page);
    if (this_one != last) read_page(file->id, page, events);
    last = this_one;
  }
}

void SmsInbox::read_all(const Bulletin::Events& events) {
  const os::FolderNames found = os::names_in(folder_);
  std::set<std::string> names(found.names.begin(), found.names.end());
  // Those that went since.
  for (const auto& [id, author] : authors_) {
    for (std::size_t slot = 0; slot < kind_.files(); ++slot) {
      if ((author.present >> slot & 1U) != 0) names.insert(id + ':' + slot_name(slot));
    }
  }
  read(names, events);
}

void SmsInbox::read_page(const std::string& id, std::size_t page, const Bulletin::Events& events) {
  if (id == own_id_) return;
  std::vector<Bytes> files;
  std::uint32_t present = 0, all = 0;
  for (std::size_t slot = page * kind_.slots; slot < (page + 1) * kind_.slots; ++slot) {
    all |= std::uint32_t{1} << slot;
    auto file = read_small_file(folder_ + '/' + id + ':' + slot_name(slot), kind_.slot_bytes);
    if (file) present |= std::uint32_t{1} << slot;
    files.push_back(file && file->size() <= kind_.slot_bytes ? std::move(*file) : Bytes());
  }
  if (is_own(id, files, events)) return;
  const auto bytes = from_slots(files);
  auto found = authors_.find(id);
  if (found == authors_.end()) {
    if (!bytes || authors_.size() >= kMaxAuthors) return;
    found = authors_.emplace(id, Author{std::vector<std::uint64_t>(kind_.pages), 0, kNever}).first;
  }
  Author& author = found->second;
  author.present = (author.present & ~all) | present;
  if (author.present != 0) {
    author.absent_since = kNever;
  } else if (author.absent_since == kNever) {
    author.absent_since = os::Loop::now();
  }
  if (!bytes) return;
  const std::uint64_t mark = std::max<std::uint64_t>(mark_of(*bytes), 1);
  if (mark == std::exchange(author.told[page], mark)) return;
  if (events.on_page) events.on_page(author_of(kind_, id), page, *bytes);
}

// The first to show a file of ours is this node: others have it from us. Who copies it later is a stranger like any.
bool SmsInbox::is_own(const std::string& id, const std::vector<Bytes>& files, const Bulletin::Events& events) {
  if (!own_id_.empty()) return false;
  for (const Bytes& file : files) {
    if (!is_slot(file) || !outbox_.wrote(mark_of(file))) continue;
    own_id_ = id;
    if (authors_.contains(id)) gone(id, events);
    return true;
  }
  return false;
}

void SmsInbox::expire(Instant now, Duration absence, const Bulletin::Events& events) {
  std::vector<std::string> away;
  for (const auto& [id, author] : authors_) {
    if (author.absent_since != kNever && now - author.absent_since >= absence) away.push_back(id);
  }
  for (const std::string& id : away) gone(id, events);
}

void SmsInbox::gone(const std::string& id, const Bulletin::Events& events) {
  authors_.erase(id);
  if (events.on_gone) events.on_gone(author_of(kind_, id));
}

bool SmsInbox::shows(std::size_t slot, ByteView file) const {
  const auto there = read_small_file(folder_ + '/' + own_id_ + ':' + slot_name(slot), kind_.slot_bytes);
  return there && std::equal(there->begin(), there->end(), file.begin(), file.end());
}

}  // namespace meshfs::transport
