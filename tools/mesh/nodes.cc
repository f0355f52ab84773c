// mesh nodes: who belongs to the network, who waits, and letting them in.
#include <cstdio>

#include "tools/mesh/commands.h"
#include "tools/mesh/daemon_link.h"
#include "tools/mesh/screen.h"
#include "tools/mesh/view.h"

namespace meshfs::tools {
namespace {

Exit approve(const Arguments& arguments, DaemonLink& daemon, const std::string& name) {
  if (const auto done = daemon.ask("approve", {name}); !done) return complain(done.failure());
  if (!arguments.json) std::printf("%s is let in.\n", name.c_str());
  return Exit::ok;
}

void print_nodes(const Json& answer, bool colour) {
  const std::int64_t now = answer.at("now_ms").count();
  Table table({{"NAME"}, {"ROLE"}, {"KEY"}, {"EPOCH", true}, {"ADMITTED BY"}, {"HEARD", true}}, colour);
  for (const Json& node : answer.at("nodes").list) {
    const bool waits = node.at("role").text == "candidate";
    const std::int64_t heard = node.at("heard_ms").count();
    const std::string by = shown(node, "admitted_by");
    table.add(
        {{shown(node, "name"), Paint::strong},
         {shown(node, "role"), waits ? Paint::warning : Paint::plain},
         shown(node, "key"),
         std::to_string(node.at("epoch").count()),
         !shown(node, "refused").empty() ? "refused: " + shown(node, "refused")
         : by.empty()                    ? "-"
                                         : by,
         node.at("self").truth ? "this node" : age_text(heard == 0 ? -1 : std::max<std::int64_t>(0, now - heard))});
  }
  table.print();
  for (const Json& invite : answer.at("invites").list) {
    const std::int64_t until = invite.at("until_ms").count(), uses = invite.at("uses").count();
    const std::string left = uses == 0 ? "any number of" : std::to_string(uses - invite.at("used").count());
    std::printf("open invite %s by %s: %s node%s%s%s\n", shown(invite, "id").c_str(), shown(invite, "issuer").c_str(),
                left.c_str(), left == "1" ? "" : "s", invite.at("guest").truth ? " as guests" : "",
                until == 0 ? "" : (", ends in " + age_text(std::max<std::int64_t>(0, until - now))).c_str());
  }
}

}  // namespace

Exit look_after_nodes(const Arguments& arguments) {
  const bool approves = !arguments.words.empty() && arguments.words[0] == "approve";
  if (arguments.words.size() != (approves ? 2u : 0u))
    return complain(Exit::usage, "Say `mesh nodes`, or `mesh nodes approve NAME`.");
  auto daemon = DaemonLink::of_mount(arguments, arguments.mount);
  if (!daemon) return complain(daemon.failure());
  if (approves) return approve(arguments, *daemon, arguments.words[1]);
  if (arguments.json) {
    const auto text = daemon->ask("nodes", {});
    if (!text) return complain(text.failure());
    std::fputs(text->c_str(), stdout);
    return Exit::ok;
  }
  const auto answer = daemon->ask_json("nodes", {});
  if (!answer) return complain(answer.failure());
  print_nodes(*answer, arguments.colour);
  return Exit::ok;
}

}  // namespace meshfs::tools
