// The main of meshfs-card, which keeps nodes/<this node>/card.json current: for its own program and for the router's second one.
#pragma once

namespace meshfs::card {

int card_main(int argc, char** argv);

}  // namespace meshfs::card
