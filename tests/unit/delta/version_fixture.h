// Patches on their way from one node's version to another's, with everything checked that can be.
#pragma once

#include <gtest/gtest.h>

#include "tests/unit/delta/version.h"

namespace meshfs::fsd {

inline Result<PatchedList> check(ByteView patch, const Version& before, const Version::List& wanted) {
  return check_patch(patch, window_of(patch, before), reader_of(before), wanted.hash, codec::size_of(wanted.list));
}

// Bytes of all patches from `before` to `next`; each is applied and must give the list and the very chunks it brings.
struct Travelled {
  std::size_t patch_bytes = 0;  // of patches, or of the whole list where there is none
  std::size_t named_bytes = 0;  // of chunks that must travel by themselves
  std::size_t patches = 0;
  [[nodiscard]] std::size_t total() const { return patch_bytes + named_bytes; }
};

inline Travelled travel(const Version& next, const Version& before, Known known = Known::place_and_size) {
  Travelled out;
  for (const Version::List& list : next.lists) {
    const auto patch = patch_for(next, list, before, known);
    if (!patch) {
      out.patch_bytes += codec::encode_list(list.list).size();
      out.named_bytes += codec::size_of(list.list);
      continue;
    }
    EXPECT_LE(patch->size(), kMaxPatchBytes);
    out.patch_bytes += patch->size();
    ++out.patches;
    const auto checked = check(*patch, before, list);
    EXPECT_TRUE(checked.ok()) << (checked.ok() ? "" : checked.failure().message);
    if (!checked) continue;
    EXPECT_EQ(checked->list, list.list);
    for (const ItemRange& range : checked->named)
      for (std::size_t i = range.first; i < range.end(); ++i)
        out.named_bytes += static_cast<std::size_t>(list.list.items[i].size);
    std::size_t expected = 0, given = 0;
    for (const ItemRange& range : checked->brought) expected += range.count;
    const auto unpacked = unpack_patch(*patch, window_of(*patch, before), reader_of(before), checked->list,
                                       [&](const codec::ListItem& item, ByteView plain) -> Status {
                                         EXPECT_EQ(crypto::hash_of(plain), item.hash);
                                         EXPECT_EQ(plain.size(), item.size);
                                         ++given;
                                         return {};
                                       });
    EXPECT_TRUE(unpacked.ok());
    EXPECT_EQ(given, expected);
  }
  return out;
}

}  // namespace meshfs::fsd
