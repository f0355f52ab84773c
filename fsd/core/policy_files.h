// Files of policy: their place says what their content is, so nothing but the entry is needed to tell, and they are certified:
// nobody can take a policy epoch away, whoever he is. Pure.
#pragma once

#include "schema/codec/entry.h"

namespace meshfs::fsd {

inline constexpr std::string_view kPolicyName = "policy";

// /mesh/network/policy, whoever makes it: ids are derived.
LocalId policy_directory();
// A body or a signature (policy.capnp) at its very place. Whether a signature verifies is not asked here.
bool is_policy_file(const VolumeTag& volume, const codec::ObjectEntry& entry);
// The content of a file that one entry states whole: its only one, stamped by itself. Null if it does not.
const codec::Content* only_content(const codec::ObjectEntry& entry);
// What names it in `policy_file_name`: its root, of inline content the hash of its bytes.
Hash content_hash(const codec::Content& content);

}  // namespace meshfs::fsd
