#include "fsd/core/policy.h"

namespace meshfs::fsd {

bool may_write(const Members& members, const KnownMember& member, const VolumeTag& volume) {
  if (volume == kSharedVolume || volume == kCommandsVolume) return true;
  if (volume == kNetworkVolume) return members.is_admin(member.node);
  return volume == codec::node_volume(member.node);
}

Status judge(const Members& members, const KnownMember& member, const codec::Header& header,
             const std::vector<codec::Entry>& entries) {
  if (may_write(members, member, header.volume)) return {};
  if (header.volume == kNetworkVolume) {
    for (const auto& entry : entries) {
      const auto stated = members.stated_in(entry);
      if (!stated || codec::author_tag(stated->device, stated->store) != header.author) {
        return error(Errc::denied, "only admins write /mesh/network; a member makes its own member record there");
      }
    }
    return {};
  }
  return error(Errc::denied, "a node's volume is written by that node only");
}

}  // namespace meshfs::fsd
