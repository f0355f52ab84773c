#include "fsd/fuse/owners.h"

#include <grp.h>
#include <pwd.h>

namespace meshfs::fsd::fuse {
namespace {

constexpr Duration kKeep = seconds(60);
constexpr std::size_t kBufferBytes = 16 * 1024;  // a group with hundreds of members fits

// The entry of a name or number in the user or group database, or null.
template <class Entry, class Key, class Lookup>
const Entry* ask(Lookup lookup, Key key, Entry& entry, std::string& buffer) {
  buffer.resize(kBufferBytes);
  Entry* found = nullptr;
  if (lookup(key, &entry, buffer.data(), buffer.size(), &found) != 0) return nullptr;
  return found;
}

template <class Map, class Key, class Ask>
auto kept(Map& map, const Key& key, Ask fresh) {
  if (const auto it = map.find(key); it != map.end()) return it->second;
  if (map.size() >= Owners::kMaxKept) map.clear();
  return map.emplace(key, fresh()).first->second;
}

}  // namespace

void Owners::expire(Instant now) {
  if (now - kept_since_ < kKeep) return;
  kept_since_ = now;
  user_names_.clear();
  group_names_.clear();
  uids_.clear();
  gids_.clear();
}

codec::Owner Owners::user(uid_t uid, Instant now) {
  if (uid == 0) return {0, ""};
  expire(now);
  std::string name = kept(user_names_, uid, [&] {
    passwd entry;
    std::string buffer;
    const passwd* found = ask(getpwuid_r, uid, entry, buffer);
    return std::string(found == nullptr ? "" : found->pw_name);
  });
  if (name.empty()) return {uid, ""};
  return {0, std::move(name)};
}

codec::Owner Owners::group(gid_t gid, Instant now) {
  if (gid == 0) return {0, ""};
  expire(now);
  std::string name = kept(group_names_, gid, [&] {
    ::group entry;
    std::string buffer;
    const ::group* found = ask(getgrgid_r, gid, entry, buffer);
    return std::string(found == nullptr ? "" : found->gr_name);
  });
  if (name.empty()) return {gid, ""};
  return {0, std::move(name)};
}

uid_t Owners::uid(const codec::Owner& user, Instant now) {
  if (user.name.empty()) return user.number;
  expire(now);
  return kept(uids_, user.name, [&] {
    passwd entry;
    std::string buffer;
    const passwd* found = ask(getpwnam_r, user.name.c_str(), entry, buffer);
    return found == nullptr ? kNobody : found->pw_uid;
  });
}

gid_t Owners::gid(const codec::Owner& group, Instant now) {
  if (group.name.empty()) return group.number;
  expire(now);
  return kept(gids_, group.name, [&] {
    ::group entry;
    std::string buffer;
    const ::group* found = ask(getgrnam_r, group.name.c_str(), entry, buffer);
    return found == nullptr ? kNobody : found->gr_gid;
  });
}

}  // namespace meshfs::fsd::fuse
