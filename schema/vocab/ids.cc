#include "schema/vocab/ids.h"

namespace meshfs {

SetId set_of(const VolumeTag& volume) {
  if (volume == kSharedVolume) return SetId::shared;
  if (volume == kNetworkVolume) return SetId::network;
  if (volume == kCommandsVolume) return SetId::commands;
  return SetId::nodes;
}

std::string_view set_name(SetId set) {
  switch (set) {
    case SetId::network:
      return "network";
    case SetId::nodes:
      return "nodes";
    case SetId::commands:
      return "commands";
    case SetId::shared:
      return "shared";
  }
  return "unknown";
}

}  // namespace meshfs
