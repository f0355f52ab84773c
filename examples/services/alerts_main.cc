#include "examples/services/alerts.h"
#include "tools/service/run_service.h"

int main(int argc, char** argv) {
  meshfs::service::Service service;
  service.name = "alerts";
  service.about = "Shows the alerts of the mesh as one text for people who log in: /run/meshfs/alerts/motd.";
  service.patterns = {"alerts/*.json"};
  service.decide = meshfs::examples::decide_alerts;
  return meshfs::service::run_service(service, argc, argv);
}
