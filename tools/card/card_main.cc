#include "tools/card/card_main.h"

#include "tools/card/card_rules.h"
#include "tools/mesh/card_facts.h"
#include "tools/service/gathering.h"
#include "tools/service/run_service.h"

namespace meshfs::card {

int card_main(int argc, char** argv) {
  service::Service service;
  service.name = "card";
  service.about = "Says who this node is to all others: keeps nodes/NAME/card.json of the mesh current.";
  const auto of_machine = [](std::string (*ask)()) {
    return [ask](const service::Here&) -> std::optional<std::string> { return ask(); };
  };
  service.inputs = {
      {"settings", service::owners_settings, seconds(5), {}},
      {"addresses", of_machine(tools::machine_addresses), seconds(10), {}},
      {"model", of_machine(tools::machine_model), seconds(3'600), {}},
      {"system", of_machine(tools::machine_system), seconds(3'600), {}},
      {"groups", service::file_of_mesh(".mesh/status"), seconds(10), groups_of_status},
      {"neighbours", service::file_of_mesh(".mesh/peers"), seconds(3), neighbours_of_peers},
      {"card",
       [](const service::Here& here) { return service::file_of_mesh("nodes/" + here.node + "/card.json")(here); },
       seconds(30),
       {}},
  };
  service.settle = seconds(1);  // a node that starts meets its neighbours one by one
  service.decide = decide_card;
  service.publishes = true;
  return service::run_service(service, argc, argv);
}

}  // namespace meshfs::card
