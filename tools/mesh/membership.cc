// mesh init, invite, join: who belongs to a network.
#include <unistd.h>

#include <cstdio>

#include "schema/os/identity_file.h"
#include "schema/os/loop.h"
#include "tools/mesh/commands.h"
#include "tools/mesh/json.h"

namespace meshfs::tools {
namespace {

constexpr const char* kUnit = "/lib/systemd/system/meshfs-fsd.service";  // the package's
constexpr const char* kNameRule = " must be 1 to 32 characters of a-z, 0-9 and -.";

// Refused before any key is made, so that a second `mesh init` can't seem to have worked.
bool has_identity(const std::string& state) {
  const auto identity = os::read_identity(state);
  return identity.ok() || identity.code() != Errc::not_found;
}

Exit refuse_second_identity(const std::string& state) {
  return complain(Exit::failed,
                  os::identity_path(state) +
                      " exists already: this node has its keys and is in a network. Name another folder with "
                      "--state, or move that folder away to start anew (its keys can't be made again).");
}

// As the package has it, or by hand.
void say_next_steps(const Arguments& arguments) {
  const bool by_units = access("/run/systemd/system", F_OK) == 0 && access(kUnit, F_OK) == 0;
  if (by_units && arguments.state == "/var/lib/meshfs") {
    std::printf("Start it:   systemctl enable --now meshfs-fsd meshfs-syncd\n");
    return;
  }
  std::printf(
      "Start it:   meshfs-fsd --state %s --mount %s &\n"
      "            meshfs-syncd --socket %s/fsd.sock &    (on every network interface; --interface IF for some only)\n",
      arguments.state.c_str(), arguments.mount.c_str(), arguments.state.c_str());
}

void say_json(const codec::Genesis& genesis, const Arguments& arguments) {
  std::printf("%s\n", JsonObject()
                          .text("network", genesis.name)
                          .text("node", arguments.node)
                          .text("identity", os::identity_path(arguments.state))
                          .done()
                          .c_str());
}

Exit store_identity(const Arguments& arguments, const codec::Genesis& genesis, const crypto::Seed& secret,
                    const crypto::Seed& node_seed) {
  const auto identity = codec::make_identity(genesis, secret, node_seed, arguments.node);
  if (const auto written = os::write_identity(arguments.state, identity); !written) return complain(written.failure());
  return Exit::ok;
}

}  // namespace

Exit init_network(const Arguments& arguments) {
  if (!codec::valid_node_name(arguments.words[0]))
    return complain(Exit::usage, std::string("The network's name") + kNameRule);
  if (!codec::valid_node_name(arguments.node)) return complain(Exit::usage, std::string("The node's name") + kNameRule);
  if (has_identity(arguments.state)) return refuse_second_identity(arguments.state);

  const auto secret = crypto::random_id<crypto::Seed>();
  const auto node_seed = crypto::random_id<crypto::Seed>();
  const auto admin = crypto::SigningKey::from_seed(node_seed);
  codec::Genesis genesis;
  genesis.name = arguments.words[0];
  genesis.created = os::Loop::wall();
  genesis.admins = {admin.public_key()};
  genesis.admission_key = codec::admission_key_of(secret).public_key();
  codec::sign_genesis(genesis, admin);

  if (const Exit code = store_identity(arguments, genesis, secret, node_seed); code != Exit::ok) return code;
  if (arguments.json) return say_json(genesis, arguments), Exit::ok;
  std::printf("Network %s begins with this node, %s.\n", genesis.name.c_str(), arguments.node.c_str());
  say_next_steps(arguments);
  std::printf("Let others in: `mesh invite` prints a token; on the other node: mesh join TOKEN\n");
  return Exit::ok;
}

Exit print_invite(const Arguments& arguments) {
  const auto identity = os::read_identity(arguments.state);
  if (!identity) return complain(identity.failure());
  const codec::Invite invite{identity->genesis, identity->network_secret};
  const auto token = codec::encode_invite(invite);
  std::printf("%s\n", arguments.json ? JsonObject().text("token", token).done().c_str() : token.c_str());
  return Exit::ok;
}

Exit join_network(const Arguments& arguments) {
  if (!codec::valid_node_name(arguments.node)) return complain(Exit::usage, std::string("The node's name") + kNameRule);
  if (has_identity(arguments.state)) return refuse_second_identity(arguments.state);
  const auto invite = codec::decode_invite(arguments.words[0]);
  if (!invite) {
    return complain(
        Exit::failed,
        "That is no valid invite: copy the whole line that `mesh invite` prints, from meshfs1- to its end.");
  }
  const auto node_seed = crypto::random_id<crypto::Seed>();
  if (const Exit code = store_identity(arguments, invite->genesis, invite->secret, node_seed); code != Exit::ok)
    return code;
  if (arguments.json) return say_json(invite->genesis, arguments), Exit::ok;
  std::printf("This node, %s, belongs to network %s now.\n", arguments.node.c_str(), invite->genesis.name.c_str());
  say_next_steps(arguments);
  return Exit::ok;
}

}  // namespace meshfs::tools
