// mesh init, join, rotate: this node's keys.
#include <unistd.h>

#include <cstdio>

#include "schema/os/identity_file.h"
#include "schema/os/loop.h"
#include "tools/mesh/commands.h"
#include "tools/mesh/json.h"
#include "tools/mesh/passphrase.h"
#include "tools/mesh/root_file.h"
#include "tools/mesh/view.h"

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

bool by_units(const Arguments& arguments) {
  return access("/run/systemd/system", F_OK) == 0 && access(kUnit, F_OK) == 0 && arguments.state == "/var/lib/meshfs";
}

// As the package has it, or by hand.
void say_next_steps(const Arguments& arguments) {
  if (by_units(arguments)) {
    std::printf("Start it:   systemctl enable --now meshfs-fsd meshfs-syncd\n");
    return;
  }
  std::printf(
      "Start it:   meshfs-fsd --state %s --mount %s &\n"
      "            meshfs-syncd --socket %s/fsd.sock &    (on every network interface; --interface IF for some only)\n",
      arguments.state.c_str(), arguments.mount.c_str(), arguments.state.c_str());
}

void say_restart(const Arguments& arguments) {
  std::printf(by_units(arguments) ? "Use it:     systemctl restart meshfs-fsd meshfs-syncd\n"
                                  : "Use it:     stop and start meshfs-fsd\n");
}

void say_json(const codec::Identity& identity, const Arguments& arguments) {
  std::printf("%s\n", JsonObject()
                          .text("network", identity.genesis.name)
                          .text("node", identity.member.name)
                          .number("epoch", identity.member.epoch)
                          .text("identity", os::identity_path(arguments.state))
                          .done()
                          .c_str());
}

// The root key goes where it is wanted before anything relies on it.
Status store_identity(const Arguments& arguments, codec::Identity& identity) {
  if (arguments.has("--keep-root")) {
    if (Status kept = write_root(arguments.value("--keep-root"), *identity.node_seed); !kept) return kept;
    identity.node_seed.reset();
  }
  return os::write_identity(arguments.state, identity);
}

Result<crypto::SigningKey> invitation_key(const codec::Token& token) {
  crypto::Seed seed;
  if (token.salt.empty()) {
    seed = *crypto::Seed::from(token.seed);
  } else {
    const auto passphrase = ask_passphrase("Passphrase of the invite: ");
    if (!passphrase) return passphrase.failure();
    const auto opened = open_seed(token.seed, *passphrase, token.salt);
    if (!opened) return opened.failure();
    seed = *opened;
  }
  return crypto::SigningKey::from_seed(seed);
}

// From the identity, or from where it was taken to.
Result<crypto::Seed> root_of(const codec::Identity& identity, const Arguments& arguments) {
  if (arguments.has("--root")) {
    auto seed = read_root(arguments.value("--root"));
    if (!seed) return seed;
    if (crypto::SigningKey::from_seed(*seed).public_key().data != identity.member.node.data)
      return error(Errc::invalid, arguments.value("--root") + " holds the root key of another node.");
    return seed;
  }
  if (identity.node_seed) return *identity.node_seed;
  return error(Errc::not_found,
               "This node does not keep its root key: say where it is with --root FILE (what --keep-root wrote).");
}

// Its invite was refused, or nobody comes to answer it: the same node asks again.
Exit ask_again(const Arguments& arguments, codec::Identity identity, const codec::Token& token) {
  const auto ours = codec::network_id(identity.genesis), theirs = codec::network_id(token.genesis);
  if (ours != theirs && identity.genesis.name == token.genesis.name) {
    return complain(Exit::refused, "This node is in a network " + identity.genesis.name + " (" +
                                       ours.hex().substr(0, 8) + "), the invite is of another one of that name (" +
                                       theirs.hex().substr(0, 8) + "): join it with another --state folder.");
  }
  if (ours != theirs) return refuse_second_identity(arguments.state);
  const auto status = read_view(arguments.mount, "status");
  const bool member = !status || status->json.at("standing").text.empty();
  if (identity.invited_by.empty() || (status.ok() && member))
    return complain(Exit::failed, "This node, " + identity.member.name + ", belongs to that network already.");
  const auto root = root_of(identity, arguments);
  if (!root) return complain(root.failure());
  const auto invite = invitation_key(token);
  if (!invite) return complain(invite.failure());
  codec::rotate_device(identity, *root, &*invite);
  identity.invited_by = token.issuer;
  identity.guest = token.guest;
  if (const auto written = os::replace_identity(arguments.state, identity); !written)
    return complain(written.failure());
  if (arguments.json) return say_json(identity, arguments), Exit::ok;
  std::printf("This node, %s, asks again to be let in, by the invite of %s.\n", identity.member.name.c_str(),
              token.issuer.c_str());
  say_restart(arguments);
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
  codec::sign_genesis(genesis, admin);

  codec::Identity identity = codec::make_identity(genesis, secret, node_seed, arguments.node);
  if (const auto stored = store_identity(arguments, identity); !stored) return complain(stored.failure());
  if (arguments.json) return say_json(identity, arguments), Exit::ok;
  std::printf("Network %s begins with this node, %s.\n", genesis.name.c_str(), arguments.node.c_str());
  say_next_steps(arguments);
  std::printf("Let others in: `mesh invite` prints a token; on the other node: mesh join TOKEN\n");
  return Exit::ok;
}

Exit join_network(const Arguments& arguments) {
  const std::string name = arguments.words.size() > 1 ? arguments.words[1] : arguments.node;
  if (!codec::valid_node_name(name)) return complain(Exit::usage, std::string("The node's name") + kNameRule);
  const auto token = codec::decode_token(arguments.words[0]);
  if (has_identity(arguments.state)) {
    auto identity = os::read_identity(arguments.state);
    return identity && token ? ask_again(arguments, std::move(*identity), *token)
                             : refuse_second_identity(arguments.state);
  }
  if (!token) {
    return complain(
        Exit::failed,
        "That is no valid invite: copy the whole line that `mesh invite` prints, from meshfs1- to its end.");
  }
  const auto invite = invitation_key(*token);
  if (!invite) return complain(invite.failure());
  const auto node_seed = crypto::random_id<crypto::Seed>();
  codec::Identity identity = codec::make_identity(token->genesis, token->secret, node_seed, name, &*invite);
  identity.invited_by = token->issuer;
  identity.guest = token->guest;
  if (const auto stored = store_identity(arguments, identity); !stored) return complain(stored.failure());
  if (arguments.json) return say_json(identity, arguments), Exit::ok;
  std::printf("This node, %s, belongs to network %s once it was let in by the invite of %s.\n", name.c_str(),
              token->genesis.name.c_str(), token->issuer.c_str());
  say_next_steps(arguments);
  return Exit::ok;
}

Exit rotate_key(const Arguments& arguments) {
  auto identity = os::read_identity(arguments.state);
  if (!identity) return complain(identity.failure());
  const auto status = read_view(arguments.mount, "status");
  const std::string standing = status ? status->json.at("standing").text : std::string();
  if (!standing.empty())
    return complain(Exit::refused, "This node's key can't be replaced now: " + shown(status->json, "standing") + ".");
  const auto root = root_of(*identity, arguments);
  if (!root) return complain(root.failure());
  codec::rotate_device(*identity, *root, nullptr);
  if (const auto written = os::replace_identity(arguments.state, *identity); !written)
    return complain(written.failure());
  if (arguments.json) return say_json(*identity, arguments), Exit::ok;
  std::printf(
      "This node, %s, has a new key: number %u. The old one gets no connection any more once others have heard of "
      "it.\n",
      identity->member.name.c_str(), identity->member.epoch);
  say_restart(arguments);
  return Exit::ok;
}

}  // namespace meshfs::tools
