#include "fsd/fuse/errno_table.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <vector>

namespace meshfs::fsd::fuse {
namespace {

// Every code once, in the order of the enumeration; `internal` is the last.
const std::vector<std::pair<Errc, int>> kAll = {{Errc::bad_bytes, EIO},
                                                {Errc::too_large, EFBIG},
                                                {Errc::unsupported, EOPNOTSUPP},
                                                {Errc::not_found, ENOENT},
                                                {Errc::exists, EEXIST},
                                                {Errc::not_empty, ENOTEMPTY},
                                                {Errc::not_directory, ENOTDIR},
                                                {Errc::is_directory, EISDIR},
                                                {Errc::busy, EBUSY},
                                                {Errc::denied, EACCES},
                                                {Errc::cross_volume, EXDEV},
                                                {Errc::invalid, EINVAL},
                                                {Errc::name_too_long, ENAMETOOLONG},
                                                {Errc::no_space, ENOSPC},
                                                {Errc::io, EIO},
                                                {Errc::unreachable, EHOSTUNREACH},
                                                {Errc::read_only, EROFS},
                                                {Errc::no_data, ENODATA},
                                                {Errc::range, ERANGE},
                                                {Errc::wrong_network, EIO},
                                                {Errc::closed, EIO},
                                                {Errc::internal, EIO},
                                                {Errc::over_quota, EDQUOT}};

TEST(ErrnoTable, HasEveryCode) {
  ASSERT_EQ(kAll.size(), static_cast<std::size_t>(Errc::over_quota) + 1);
  for (std::size_t i = 0; i < kAll.size(); ++i) {
    EXPECT_EQ(static_cast<std::size_t>(kAll[i].first), i) << "the list above has a code twice or in the wrong place";
    EXPECT_EQ(to_errno(kAll[i].first), kAll[i].second) << "code " << i;
  }
}

TEST(ErrnoTable, DiskFailuresComeBackAsThemselves) {
  EXPECT_EQ(to_errno(from_errno(ENOSPC)), ENOSPC);
  EXPECT_EQ(to_errno(from_errno(EDQUOT)), ENOSPC);
  EXPECT_EQ(to_errno(from_errno(EFBIG)), EFBIG);
  EXPECT_EQ(to_errno(from_errno(EINVAL)), EINVAL);
  EXPECT_EQ(to_errno(from_errno(EIO)), EIO);
  EXPECT_EQ(to_errno(from_errno(EROFS)), EIO);  // of the store's disk, not of the mount
}

}  // namespace
}  // namespace meshfs::fsd::fuse
