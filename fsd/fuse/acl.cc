#include "fsd/fuse/acl.h"

#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <tuple>

namespace meshfs::fsd::fuse {
namespace {

using Tag = AclEntry::Tag;

constexpr std::pair<Tag, std::uint16_t> kTags[] = {{Tag::owner, ACL_USER_OBJ},  {Tag::user, ACL_USER},
                                                   {Tag::group, ACL_GROUP_OBJ}, {Tag::named_group, ACL_GROUP},
                                                   {Tag::mask, ACL_MASK},       {Tag::other, ACL_OTHER}};
constexpr std::string_view kLetters = "uuggmo";

constexpr std::size_t kHeaderBytes = 4, kEntryBytes = 8;

template <class Number>
Number little(ByteView bytes, std::size_t at) {
  Number out = 0;
  for (std::size_t i = 0; i < sizeof out; ++i) {
    out = static_cast<Number>(out | static_cast<Number>(static_cast<std::uint64_t>(bytes[at + i]) << 8 * i));
  }
  return out;
}

void put_little(Bytes& out, std::uint64_t number, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i) out.push_back(static_cast<std::uint8_t>(number >> 8 * i));
}

bool is_named(Tag tag) { return tag == Tag::user || tag == Tag::named_group; }

// Nothing: known by a name that nobody has here.
std::optional<std::uint32_t> number_of(const AclEntry& entry, Owners& owners, Instant now) {
  const std::uint32_t id = entry.tag == Tag::user ? owners.uid(entry.who, now) : owners.gid(entry.who, now);
  const std::string& name = entry.who.name;
  if (id == Owners::kNobody && !name.empty() && name != "nobody" && name != "nogroup") return std::nullopt;
  return id;
}

std::string who_text(const codec::Owner& who) {
  const bool writable = !who.name.empty() && who.name.find_first_of(":,#") == std::string::npos;
  return writable ? who.name : "#" + std::to_string(who.number);
}

auto order(const AclEntry& entry) { return std::tie(entry.tag, entry.who.name, entry.who.number); }

std::vector<codec::Xattr>::const_iterator find_xattr(const codec::Attributes& attributes, std::string_view name) {
  return std::find_if(attributes.xattrs.begin(), attributes.xattrs.end(),
                      [&](const codec::Xattr& xattr) { return xattr.name == name; });
}

}  // namespace

Status Acl::check() {
  std::sort(entries_.begin(), entries_.end(), [](const AclEntry& a, const AclEntry& b) { return order(a) < order(b); });
  const auto count = [&](Tag tag) {
    return std::count_if(entries_.begin(), entries_.end(), [&](const AclEntry& e) { return e.tag == tag; });
  };
  const auto same = [](const AclEntry& a, const AclEntry& b) { return order(a) == order(b); };
  const bool named = count(Tag::user) + count(Tag::named_group) > 0;
  const bool once = count(Tag::owner) == 1 && count(Tag::group) == 1 && count(Tag::other) == 1 && count(Tag::mask) <= 1;
  if (!once || (named && count(Tag::mask) == 0) || entries_.size() > kMaxEntries) return Errc::invalid;
  if (std::adjacent_find(entries_.begin(), entries_.end(), same) != entries_.end()) return Errc::invalid;
  return {};
}

Result<Acl> Acl::from_kernel(ByteView blob, Owners& owners, Instant now) {
  if (blob.size() < kHeaderBytes || (blob.size() - kHeaderBytes) % kEntryBytes != 0) return Errc::invalid;
  if (little<std::uint32_t>(blob, 0) != POSIX_ACL_XATTR_VERSION) return Errc::unsupported;
  Acl out;
  for (std::size_t at = kHeaderBytes; at < blob.size(); at += kEntryBytes) {
    const auto tag = std::find_if(std::begin(kTags), std::end(kTags),
                                  [&](const auto& t) { return t.second == little<std::uint16_t>(blob, at); });
    const auto permissions = little<std::uint16_t>(blob, at + 2);
    if (tag == std::end(kTags) || permissions > 7) return Errc::invalid;
    AclEntry entry{tag->first, static_cast<std::uint8_t>(permissions), {}};
    const auto id = little<std::uint32_t>(blob, at + 4);
    if (entry.tag == Tag::user) entry.who = owners.user(id, now);
    if (entry.tag == Tag::named_group) entry.who = owners.group(id, now);
    out.entries_.push_back(std::move(entry));
  }
  if (Status sound = out.check(); !sound) return sound.failure();
  return out;
}

Bytes Acl::to_kernel(Owners& owners, Instant now) const {
  std::vector<std::tuple<Tag, std::uint32_t, std::uint8_t>>
      known;  // two names may be one number here: the first counts
  for (const AclEntry& entry : entries_) {
    std::uint32_t id = UINT32_MAX;  // nobody in particular
    if (is_named(entry.tag)) {
      const auto number = number_of(entry, owners, now);
      if (!number) continue;
      id = *number;
    }
    known.emplace_back(entry.tag, id, entry.permissions);
  }
  const auto same = [](const auto& a, const auto& b) {
    return std::get<0>(a) == std::get<0>(b) && std::get<1>(a) == std::get<1>(b);
  };
  std::sort(known.begin(), known.end());  // of two, the one that grants less
  known.erase(std::unique(known.begin(), known.end(), same), known.end());
  Bytes out;
  put_little(out, POSIX_ACL_XATTR_VERSION, 4);
  for (const auto& [tag, id, permissions] : known) {
    put_little(out, kTags[static_cast<std::size_t>(tag)].second, 2);
    put_little(out, permissions, 2);
    put_little(out, id, 4);
  }
  return out;
}

std::string Acl::to_text() const {
  std::string out;
  for (const AclEntry& entry : entries_) {
    if (!out.empty()) out += ',';
    out += kLetters[static_cast<std::size_t>(entry.tag)];
    out += ':';
    if (is_named(entry.tag)) out += who_text(entry.who);
    out += ':';
    out += static_cast<char>('0' + entry.permissions);
  }
  return out;
}

// From any node: nothing about it is believed.
Result<Acl> Acl::from_text(std::string_view text) {
  Acl out;
  while (!text.empty()) {
    const std::string_view item = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), item.size() + 1));
    const std::size_t colon = item.rfind(':');
    if (item.size() < 4 || item[1] != ':' || colon != item.size() - 2 || item.back() < '0' || item.back() > '7') {
      return Errc::bad_bytes;
    }
    const std::string_view who = item.substr(2, colon - 2);
    const std::size_t letter = kLetters.find(item[0]);
    if (letter == std::string_view::npos) return Errc::bad_bytes;
    AclEntry entry{static_cast<Tag>(letter), static_cast<std::uint8_t>(item.back() - '0'), {}};
    if (!who.empty()) {
      if (entry.tag != Tag::owner && entry.tag != Tag::group) return Errc::bad_bytes;
      entry.tag = entry.tag == Tag::owner ? Tag::user : Tag::named_group;
      if (who[0] == '#') {
        const auto [end, wrong] = std::from_chars(who.data() + 1, who.data() + who.size(), entry.who.number);
        if (wrong != std::errc() || end != who.data() + who.size()) return Errc::bad_bytes;
      } else {
        entry.who.name = who;
      }
    }
    out.entries_.push_back(std::move(entry));
    if (out.entries_.size() > kMaxEntries) return Errc::bad_bytes;
  }
  if (!out.check()) return Errc::bad_bytes;
  return out;
}

AclEntry& Acl::the(Tag tag) {
  return *std::find_if(entries_.begin(), entries_.end(), [&](const AclEntry& e) { return e.tag == tag; });
}

const AclEntry* Acl::find(Tag tag) const {
  const auto at = std::find_if(entries_.begin(), entries_.end(), [&](const AclEntry& e) { return e.tag == tag; });
  return at == entries_.end() ? nullptr : &*at;
}

std::uint16_t Acl::mode(std::uint16_t mode) const {
  const AclEntry* group = find(Tag::mask) != nullptr ? find(Tag::mask) : find(Tag::group);
  return static_cast<std::uint16_t>((mode & 07000) | find(Tag::owner)->permissions << 6 | group->permissions << 3 |
                                    find(Tag::other)->permissions);
}

void Acl::chmod(std::uint16_t mode) {
  the(Tag::owner).permissions = mode >> 6 & 7;
  the(find(Tag::mask) != nullptr ? Tag::mask : Tag::group).permissions = mode >> 3 & 7;
  the(Tag::other).permissions = mode & 7;
}

Acl Acl::inherited(std::uint16_t& mode) const {
  Acl out = *this;
  const auto limit = [&](Tag tag, unsigned shift) {
    AclEntry& entry = out.the(tag);
    entry.permissions = static_cast<std::uint8_t>(entry.permissions & mode >> shift & 7);
  };
  limit(Tag::owner, 6);
  limit(find(Tag::mask) != nullptr ? Tag::mask : Tag::group, 3);
  limit(Tag::other, 0);
  mode = out.mode(mode);
  return out;
}

void Acl::keep_unknown(const Acl& before, Owners& owners, Instant now) {
  if (is_minimal()) return;  // the list was taken away
  for (const AclEntry& entry : before.entries_) {
    const auto same = [&](const AclEntry& mine) { return order(mine) == order(entry); };
    const bool unknown = is_named(entry.tag) && !number_of(entry, owners, now);
    if (!unknown || find(Tag::mask) == nullptr || entries_.size() >= kMaxEntries) continue;
    if (std::none_of(entries_.begin(), entries_.end(), same)) entries_.push_back(entry);
  }
  CHECK(check().ok());
}

std::optional<Acl> acl_of(const codec::Attributes& attributes, std::string_view xattr) {
  const auto at = find_xattr(attributes, xattr);
  if (at == attributes.xattrs.end()) return std::nullopt;
  auto acl = Acl::from_text(as_text(at->value));
  return acl ? std::optional(std::move(*acl)) : std::nullopt;
}

Status put_acl(codec::Attributes& attributes, std::string_view xattr, const std::optional<Acl>& acl) {
  std::vector<codec::Xattr>& all = attributes.xattrs;
  if (const auto at = find_xattr(attributes, xattr); at != all.end()) all.erase(at);
  // A default list may be as short as a mode: it still replaces the umask.
  if (!acl || (xattr == kAccessAcl && acl->is_minimal())) return {};
  const auto after =
      std::find_if(all.begin(), all.end(), [&](const codec::Xattr& other) { return other.name > xattr; });
  all.insert(after, {std::string(xattr), copy_of(as_bytes(acl->to_text()))});
  std::size_t bytes = 0;
  for (const codec::Xattr& one : all) bytes += one.name.size() + one.value.size();
  return bytes <= codec::kMaxXattrBytes ? Status() : Status(Errc::no_space);
}

}  // namespace meshfs::fsd::fuse
