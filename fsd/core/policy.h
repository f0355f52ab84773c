// Who may write what: a pure function of signed data, so that every node judges alike and sets can become equal.
// Until policy epochs come: members write the shared volume, commands and their own node's volume, guests only the last; the
// network volume is its admins', but for what Members::judge() says of statements about membership.
#pragma once

#include "fsd/core/members.h"

namespace meshfs::fsd {

// Whether `member` may write ordinary files in `volume`.
bool may_write(const Members& members, const KnownMember& member, const VolumeTag& volume);
// Whether entries signed by `member` belong into the set; denied tells why, in one sentence.
Status judge(const Members& members, const KnownMember& member, const codec::Header& header,
             const std::vector<codec::Entry>& entries);

}  // namespace meshfs::fsd
