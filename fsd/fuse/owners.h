// Owners travel as names where they have one, else as numbers; a name unknown here maps to nobody; root is
// number 0. State thread only. Answers of the user database are kept for a minute.
#pragma once

#include <sys/types.h>

#include <string>
#include <unordered_map>

#include "schema/codec/entry.h"
#include "schema/vocab/time.h"

namespace meshfs::fsd::fuse {

class Owners {
 public:
  static constexpr std::uint32_t kNobody = 65534;
  static constexpr std::size_t kMaxKept = 4096;  // answers per table; a full table starts anew

  codec::Owner user(uid_t uid, Instant now);
  codec::Owner group(gid_t gid, Instant now);
  uid_t uid(const codec::Owner& user, Instant now);
  gid_t gid(const codec::Owner& group, Instant now);

 private:
  void expire(Instant now);
  std::unordered_map<uid_t, std::string> user_names_;
  std::unordered_map<gid_t, std::string> group_names_;
  std::unordered_map<std::string, uid_t> uids_;
  std::unordered_map<std::string, gid_t> gids_;
  Instant kept_since_;
};

}  // namespace meshfs::fsd::fuse
