// What the card of this node should say now. Pure: see tools/service/service.h.
#pragma once

#include <string>
#include <string_view>

#include "tools/service/service.h"

namespace meshfs::card {

// A link that flaps must not cost traffic: what comes is said at once, what goes only after this time.
inline constexpr Duration kNeighbourStays = seconds(3'600), kAddressStays = seconds(3'600);

// Of View::local: `settings`, `addresses`, `model`, `system` as tools/mesh/card_facts.h gathers them; `groups` and `neighbours`, one name a line;
// `card`, the one that is there. invalid: the settings are wrong; the card stays as it is.
Result<service::Actions> decide_card(const service::View& view, WallMs now);

// Input::distil of .mesh/peers and .mesh/status.
std::string neighbours_of_peers(std::string_view peers);
std::string groups_of_status(std::string_view status);

}  // namespace meshfs::card
