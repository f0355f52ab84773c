#include "fsd/core/policy.h"

namespace meshfs::fsd {

bool may_write(const Members& members, const KnownMember& member, const VolumeTag& volume) {
  if (volume == kSharedVolume || volume == kCommandsVolume) return member.role != Role::guest;
  if (volume == kNetworkVolume) return members.is_admin(member.node);
  return volume == codec::node_volume(member.node);
}

Status judge(const Members& members, const KnownMember& member, const codec::Header& header,
             const std::vector<codec::Entry>& entries) {
  if (may_write(members, member, header.volume)) return {};
  if (header.volume == kNetworkVolume) {
    for (const auto& entry : entries) {
      if (statement_of(header.volume, entry).index() == 0)
        return error(Errc::denied, "only admins write /mesh/network; others only what concerns their own membership");
    }
    return {};
  }
  return error(Errc::denied, member.role == Role::guest ? "a guest writes in its own node's folder only"
                                                        : "a node's volume is written by that node only");
}

}  // namespace meshfs::fsd
