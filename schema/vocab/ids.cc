#include "schema/vocab/ids.h"

namespace meshfs {

SetId set_of(const VolumeTag& volume) {
  if (volume == kSharedVolume) return SetId::shared;
  if (volume == kNetworkVolume) return SetId::network;
  if (volume == kCommandsVolume) return SetId::commands;
  return SetId::nodes;
}

}  // namespace meshfs
