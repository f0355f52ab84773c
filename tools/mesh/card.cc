// mesh card: who this node is, from settings and machine, and the same of another node from its card.
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <set>

#include "schema/os/fd.h"
#include "tools/mesh/card_facts.h"
#include "tools/mesh/commands.h"
#include "tools/mesh/node_card.h"
#include "tools/mesh/place.h"
#include "tools/mesh/screen.h"
#include "tools/mesh/text_file.h"
#include "tools/mesh/view.h"

namespace meshfs::tools {
namespace {

constexpr std::size_t kMaxSettings = 65536;

Result<NodeCard> card_of_this_node(const Arguments& arguments) {
  const auto status = read_view(arguments.mount, "status");
  if (!status) return status.failure();
  const std::string name = status->json.at("node").text, key = status->json.at("node_id").text;
  if (name.empty() || name.find('/') != std::string::npos)
    return error(Errc::unsupported,
                 "meshfs-fsd does not tell this node's name: install mesh and meshfs-fsd from one "
                 "release.");
  const std::string file = arguments.has("--settings") ? arguments.value("--settings") : std::string(kSettings);
  auto card =
      card_of({read_bounded(file, kMaxSettings), machine_addresses(), machine_model(), machine_system()}, name, key);
  if (!card) return card;
  card->groups = groups_of(status->json, key);
  // Who went is left to meshfs-card, which knows when.
  std::set<std::string> neighbours;
  if (const auto old = parse_json(read_bounded(arguments.mount + "/nodes/" + name + "/card.json", kMaxCardBytes)); old)
    for (std::string& one : list_of(*old, "neighbours")) neighbours.insert(std::move(one));
  if (const auto peers = read_view(arguments.mount, "peers"); peers)
    for (std::string& one : neighbours_in_sync(peers->json)) neighbours.insert(std::move(one));
  for (const std::string& one : neighbours)
    if (card->neighbours.size() < kMaxCardNeighbours) card->neighbours.push_back(one);
  return card;
}

// In the place of the one that is there, whole.
Status put_card(const std::string& folder, const std::string& text) {
  const std::string path = folder + "/card.json", temporary = folder + "/.card.json.new";
  const os::Fd file(open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!file) return system_failure("Can't write", temporary);
  const bool written = write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (written && fsync(file.get()) == 0 && rename(temporary.c_str(), path.c_str()) == 0) return {};
  const Error failure = system_failure("Can't write", path);
  unlink(temporary.c_str());
  return failure;
}

Exit show_card_of(const Arguments& arguments, const std::string& node) {
  if (const auto status = read_view(arguments.mount, "status"); !status) return complain(status.failure());
  const bool is_name = !node.starts_with('.') && node.find('/') == std::string::npos;
  const std::string text =
      is_name ? read_bounded(arguments.mount + "/nodes/" + node + "/card.json", kMaxCardBytes) : "";
  if (text.empty()) {
    return complain(Exit::not_found,
                    "There is no card of " + printable(node) + ": `mesh card --write` there makes one.");
  }
  std::fputs(printable_lines(text).c_str(), stdout);
  return Exit::ok;
}

}  // namespace

Exit look_after_card(const Arguments& arguments) {
  if (!arguments.words.empty() && !arguments.has("--write")) return show_card_of(arguments, arguments.words[0]);
  if (!arguments.words.empty()) return complain(Exit::usage, "A node writes its own card only.");
  const auto card = card_of_this_node(arguments);
  if (!card) return complain(card.failure());
  const std::string text = card_text(*card), folder = arguments.mount + "/nodes/" + card->name;
  if (!arguments.has("--write")) {
    std::fputs(printable_lines(text).c_str(), stdout);
    return Exit::ok;
  }
  if (read_bounded(folder + "/card.json", kMaxCardBytes) == text) {
    std::printf("the card is up to date\n");
    return Exit::ok;
  }
  if (const Status written = put_card(folder, text); !written) return complain(written.failure());
  std::printf("the card is written: %s\n", printable(folder + "/card.json").c_str());
  return Exit::ok;
}

}  // namespace meshfs::tools
