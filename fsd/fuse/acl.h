// POSIX access control lists. The kernel judges by them (default_permissions, FUSE_POSIX_ACL); kept here are their
// travelling form, the mode that goes with them, and what new files and directories inherit. Values; state thread only.
//
// An entry keeps a list as an xattr under the kernel's own name, as text: "u::7,u:alice:5,g::5,g:#1005:4,m::7,o::4".
// Users and groups go by name where they have one, as owners do; a number stands behind '#'. Who is unknown on a node is
// left out of what that node's kernel sees, and kept when somebody there changes the list.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fsd/fuse/owners.h"

namespace meshfs::fsd::fuse {

inline constexpr std::string_view kAccessAcl = "system.posix_acl_access";
inline constexpr std::string_view kDefaultAcl = "system.posix_acl_default";
constexpr bool is_acl(std::string_view xattr) { return xattr == kAccessAcl || xattr == kDefaultAcl; }

struct AclEntry {
  enum class Tag : std::uint8_t { owner, user, group, named_group, mask, other };  // in the kernel's order
  Tag tag = Tag::owner;
  std::uint8_t permissions = 0;  // rwx
  codec::Owner who;              // of user and named_group
  bool operator==(const AclEntry&) const = default;
};

class Acl {
 public:
  static constexpr std::size_t kMaxEntries = 512;  // the text of as many is the 16 KiB that an entry's xattrs may have

  // invalid if it is not one: owner, group and other exactly once, a mask if anybody is named.
  static Result<Acl> from_kernel(ByteView blob, Owners& owners, Instant now);
  static Result<Acl> from_text(std::string_view text);
  [[nodiscard]] Bytes to_kernel(Owners& owners, Instant now) const;
  [[nodiscard]] std::string to_text() const;

  // Only what a mode says: it is not kept.
  [[nodiscard]] bool is_minimal() const { return entries_.size() == 3; }
  // `mode` with the permissions of this list: the mask stands in the group's place.
  [[nodiscard]] std::uint16_t mode(std::uint16_t mode) const;
  void chmod(std::uint16_t mode);
  // This default list as the access list of something made with `mode`, which loses what the list does not grant.
  [[nodiscard]] Acl inherited(std::uint16_t& mode) const;
  // Takes over the named ones of `before` whom this node does not know.
  void keep_unknown(const Acl& before, Owners& owners, Instant now);

 private:
  [[nodiscard]] Status check();
  [[nodiscard]] AclEntry& the(AclEntry::Tag tag);
  [[nodiscard]] const AclEntry* find(AclEntry::Tag tag) const;
  std::vector<AclEntry> entries_;  // sorted by tag, then who
};

// The list among an object's attributes; none if there is none or it is damaged.
std::optional<Acl> acl_of(const codec::Attributes& attributes, std::string_view xattr);
// Puts it there, or takes it away if it says no more than a mode. no_space over the limit of xattrs.
Status put_acl(codec::Attributes& attributes, std::string_view xattr, const std::optional<Acl>& acl);

}  // namespace meshfs::fsd::fuse
