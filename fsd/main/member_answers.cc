#include "fsd/main/member_answers.h"

#include <unistd.h>

#include <cstdio>

#include "fsd/main/json_text.h"
#include "schema/os/folder.h"

namespace meshfs::fsd {
namespace {

std::optional<Bytes> from_hex(std::string_view hex) {
  Bytes out;
  int high = -1;
  for (const char c : hex) {
    const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (digit < 0) return std::nullopt;
    if (high < 0) {
      high = digit;
    } else {
      out.push_back(static_cast<std::uint8_t>(high << 4 | digit));
      high = -1;
    }
  }
  return high < 0 ? std::optional(out) : std::nullopt;
}

// One line of hex, as `mesh invite` leaves it.
std::string read_line(const std::string& path) {
  char text[2048] = {};
  std::FILE* file = std::fopen(path.c_str(), "re");
  if (file == nullptr) return {};
  if (std::fgets(text, sizeof text, file) == nullptr) text[0] = 0;
  std::fclose(file);
  std::string out = text;
  if (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

}  // namespace

std::string MemberAnswers::nodes() const {
  JsonList all('[', ']');
  for (const Replica::NodeLine& one : replica_.nodes()) {
    all.add(
        json_object({text_member("name", one.name), text_member("role", one.role), text_member("key", one.key),
                     member("epoch", one.epoch), text_member("admitted_by", one.admitted_by),
                     text_member("refused", one.refused), member("heard_ms", one.heard.ms), member("self", one.self)}));
  }
  JsonList invites('[', ']');
  for (const Replica::InviteLine& one : replica_.invites()) {
    invites.add(
        json_object({text_member("id", one.id), text_member("issuer", one.issuer), member("until_ms", one.until.ms),
                     member("uses", one.uses), member("used", one.used), member("guest", one.guest)}));
  }
  return json_object({member("now_ms", replica_.status().network_time.ms), member("nodes", all.str()),
                      member("invites", invites.str())}) +
         "\n";
}

Status MemberAnswers::invite(std::string hex, bool& endless) {
  const bool wish = !hex.empty() && hex.back() == '?';
  if (wish) hex.pop_back();
  const auto bytes = from_hex(hex);
  auto invitation = bytes ? codec::decode_invitation(*bytes) : Result<codec::Invitation>(Errc::bad_bytes);
  if (!invitation) return error(Errc::invalid, "That is no invitation: install all programs from one release.");
  const Status made = replica_.invite(*invitation);
  endless = wish && !made.ok() && made.code() == Errc::busy;
  if (!endless) return made;
  invitation->until = {};
  return replica_.invite(*invitation);
}

bool MemberAnswers::answer(const std::string& verb, const std::string& argument, const Answers::Reply& reply) {
  if (verb == "nodes") {
    reply(nodes());
  } else if (verb == "invite") {
    bool endless = false;
    const Status made = invite(argument, endless);
    reply_when_durable(made, endless ? "{\"endless\":true}\n" : "{}\n", reply);
  } else if (verb == "withdraw") {
    reply_when_durable(replica_.withdraw(argument), "{}\n", reply);
  } else if (verb == "approve") {
    reply_when_durable(replica_.approve(argument), "{}\n", reply);
  } else {
    return false;
  }
  return true;
}

void MemberAnswers::reply_when_durable(const Status& done, const char* answer, const Answers::Reply& reply) {
  if (!done) return reply(done.failure());
  replica_.files().sync([reply, answer](const Status& durable) {
    reply(durable ? Result<std::string>(std::string(answer)) : Result<std::string>(durable.failure()));
  });
}

void MemberAnswers::publish_waiting() {
  for (const std::string& name : os::names_in(folder_).names) {
    const std::string path = folder_ + "/" + name;
    bool endless = false;
    if (const Status made = invite(read_line(path), endless); !made) {
      note_("an invite that waited in " + path + " stays there: " + made.failure().message);
      continue;
    }
    if (endless) note_("this node does not know the time yet: an invite made here holds until it is used");
    replica_.files().sync([path](const Status& durable) {
      if (durable) unlink(path.c_str());
    });
  }
}

}  // namespace meshfs::fsd
