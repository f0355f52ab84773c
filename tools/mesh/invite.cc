// mesh invite: makes an invitation known to the network and prints its token.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "schema/os/folder.h"
#include "schema/os/identity_file.h"
#include "tools/mesh/commands.h"
#include "tools/mesh/daemon_link.h"
#include "tools/mesh/json.h"
#include "tools/mesh/passphrase.h"
#include "tools/mesh/qr.h"
#include "tools/mesh/text_file.h"

namespace meshfs::tools {
namespace {

constexpr std::int64_t kDayMs = 24LL * 60 * 60 * 1000;

// "30m", "12h", "7d", "never"; 0: never.
Result<std::int64_t> expiry_of(const Arguments& arguments) {
  if (!arguments.has("--expires")) return 7 * kDayMs;
  const std::string text = arguments.value("--expires");
  if (text == "never") return 0;
  std::int64_t number = 0;
  std::size_t at = 0;
  for (; at < text.size() && at < 6 && text[at] >= '0' && text[at] <= '9'; ++at)
    number = number * 10 + (text[at] - '0');
  const std::string unit = text.substr(at);
  const std::int64_t factor = unit == "m" ? 60'000 : unit == "h" ? 3'600'000 : unit == "d" ? kDayMs : 0;
  if (number == 0 || factor == 0) return error(Errc::invalid, "--expires takes a time like 30m, 12h or 7d, or never.");
  return number * factor;
}

Result<codec::Invitation> invitation_of(const Arguments& arguments, const crypto::PublicKey& key,
                                        const NodeId& issuer) {
  codec::Invitation out;
  out.key = key;
  out.issuer = issuer;
  const auto until = expiry_of(arguments);
  if (!until) return until.failure();
  out.until.ms = *until;
  out.guest = arguments.has("--guest");
  const auto uses = arguments.number("--uses", 1, arguments.has("--approve") ? 0 : 1);
  if (!uses) return uses.failure();
  if (*uses > 100'000) return error(Errc::invalid, "--uses takes at most 100000.");
  out.uses = static_cast<std::uint32_t>(*uses);
  if (arguments.has("--passphrase")) {
    if (arguments.has("--approve") || arguments.has("--uses"))
      return error(
          Errc::invalid,
          "--passphrase goes with neither --approve nor --uses: whoever knows it comes in, by any admin's node.");
    out.way = codec::Invitation::Way::any_admin;
    out.uses = 0;
  } else if (arguments.has("--approve")) {
    out.way = codec::Invitation::Way::approval;
  }
  return out;
}

bool begins_network(const codec::Identity& identity) {
  const auto& admins = identity.genesis.admins;
  return std::any_of(admins.begin(), admins.end(),
                     [&](const crypto::PublicKey& admin) { return admin.data == identity.member.node.data; });
}

// To the daemon, or where it will look when it starts.
Status publish(const Arguments& arguments, const codec::Invitation& invitation, bool of_an_admin) {
  // Days that nobody asked for are a wish: what one node can use, or an admin approves, may also hold until then.
  const bool wish = !arguments.has("--expires") && !arguments.has("--passphrase") && invitation.uses <= 1;
  const std::string hex = to_hex(codec::encode_invitation(invitation)) + (wish ? "?" : "");
  auto daemon = DaemonLink::connect(arguments.state + "/fsd.sock");
  if (daemon.ok()) {
    const auto done = daemon->ask_json("invite", {hex});
    if (!done) return done.failure();
    if (done->at("endless").truth)
      std::fputs("This node does not know the time yet: the invite holds until it is used.\n", stderr);
    return {};
  }
  if (daemon.code() == Errc::denied) return daemon.failure();
  if (!of_an_admin)
    return error(Errc::closed,
                 "meshfs-fsd is not running here: start it, or run this on the node that began the network.");
  const std::string folder = arguments.state + "/invites";
  bool made = false;
  const std::string file = folder + "/" + codec::invitation_id(invitation.key).hex();
  if (os::make_folders(folder, made) != 0 || !write_text(file, hex + "\n"))
    return error(Errc::io, "Can't write " + file + ": the daemon is not running, and would look there.");
  std::fprintf(stderr, "meshfs-fsd is not running: the invite holds from when it starts.\n");
  return {};
}

Status seal_token(codec::Token& token, const crypto::Seed& seed) {
  const auto passphrase = ask_passphrase("Passphrase for this invite: ");
  if (!passphrase) return passphrase.failure();
  token.salt.resize(codec::kTokenSalt);
  crypto::fill_random(token.salt);
  auto sealed = seal_seed(seed, *passphrase, token.salt);
  if (!sealed) return sealed.failure();
  token.seed = std::move(*sealed);
  return {};
}

// The id, of a token too.
Result<std::string> id_of(const std::string& text) {
  if (!text.starts_with("meshfs")) return text;
  const auto token = codec::decode_token(text);
  if (!token) return token.failure();
  const auto seed = crypto::Seed::from(token->seed);
  if (!seed)
    return error(Errc::invalid, "That token needs a passphrase: give its id instead, as `mesh nodes` shows it");
  return codec::invitation_id(crypto::SigningKey::from_seed(*seed).public_key()).hex();
}

Exit withdraw(const Arguments& arguments) {
  const auto id = id_of(arguments.value("--withdraw"));
  if (!id) return complain(Exit::usage, id.failure().message + ".");
  auto daemon = DaemonLink::connect(arguments.state + "/fsd.sock");
  if (!daemon) return complain(daemon.failure());
  if (const auto done = daemon->ask("withdraw", {*id}); !done) return complain(done.failure());
  if (!arguments.json) std::printf("Nobody comes in by that invite any more; who did already stays.\n");
  return Exit::ok;
}

}  // namespace

Exit print_invite(const Arguments& arguments) {
  if (arguments.has("--withdraw")) return withdraw(arguments);
  const auto identity = os::read_identity(arguments.state);
  if (!identity) return complain(identity.failure());
  const std::string when = arguments.has("--qr") ? arguments.value("--qr") : "auto";
  if (when != "auto" && when != "always" && when != "never")
    return complain(Exit::usage, "--qr takes auto, always or never, not " + when + ".");
  const auto seed = crypto::random_id<crypto::Seed>();
  const auto invitation =
      invitation_of(arguments, crypto::SigningKey::from_seed(seed).public_key(), identity->member.node);
  if (!invitation) return complain(invitation.failure());
  codec::Token token{identity->genesis, identity->network_secret, copy_of(seed.view()), identity->member.name, {},
                     invitation->guest};
  if (arguments.has("--passphrase")) {
    if (const Status sealed = seal_token(token, seed); !sealed) return complain(sealed.failure());
  }
  if (const Status done = publish(arguments, *invitation, begins_network(*identity)); !done)
    return complain(done.failure());
  const std::string text = codec::encode_token(token);
  std::printf("%s\n", arguments.json ? JsonObject().text("token", text).done().c_str() : text.c_str());
  if (arguments.json || when == "never" || (when == "auto" && isatty(STDOUT_FILENO) != 1)) return Exit::ok;
  const std::string code = qr_code(text);
  if (code.empty() && when == "always") return complain(Exit::failed, "This build draws no QR codes.");
  std::fputs(code.c_str(), stdout);
  return Exit::ok;
}

}  // namespace meshfs::tools
