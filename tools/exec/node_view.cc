#include "tools/exec/node_view.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "schema/os/fd.h"
#include "schema/os/folder.h"
#include "tools/exec/text_of_file.h"
#include "tools/mesh/json.h"

namespace meshfs::exec {
namespace {

constexpr std::size_t kMaxView = 4 << 20;
constexpr Duration kCardsAreFresh = seconds(10);  // links of the last hour: ten seconds are nothing

std::optional<tools::Json> json_of(const std::string& path) {
  const auto text = text_of_file(path, kMaxView);
  if (!text) return std::nullopt;
  auto parsed = tools::parse_json(*text);
  if (!parsed || parsed->kind != tools::Json::Kind::object) return std::nullopt;
  return std::move(*parsed);
}

bool is_name(const std::string& name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == std::string::npos;
}

// A neighbour heard of by a link, not by a stranger's beacon.
std::optional<Duration> heard_ago(const tools::Json& peers) {
  std::optional<Duration> out;
  for (const tools::Json& peer : peers.at("peers").list) {
    if (peer.at("state").text != "connected") continue;
    const Duration ago = milliseconds(peer.at("last_heard_ms").count());
    if (!out || ago < *out) out = ago;
  }
  return out;
}

// All that somebody else has is here, too: who was restored from a backup knows by then what it has done.
bool has_reconciled(const tools::Json& peers) {
  for (const tools::Json& peer : peers.at("peers").list) {
    const auto& sets = peer.at("in_sync").members;
    const bool all = std::ranges::all_of(sets, [](const auto& one) { return one.second.truth; });
    if (peer.at("state").text == "connected" && !sets.empty() && all) return true;
  }
  return std::ranges::any_of(peers.at("bulletins").list, [](const tools::Json& engine) {
    return engine.at("nodes").count() > 0 && engine.at("different").count() == 0;
  });
}

}  // namespace

void NodeView::learn(WallMs at, Instant now) {
  if (at < later(at_least_, now - at_)) return;
  at_least_ = at;
  at_ = now;
}

const Surroundings& NodeView::at(Instant now) {
  here_.up = now;
  here_.now = later(at_least_, now - at_);
  return here_;
}

bool NodeView::look(Instant now) {
  at(now);
  const auto status = json_of(mount_ + "/.mesh/status");
  if (!status || !is_name(status->at("node").text)) {
    here_.reconciled = false;
    return false;
  }
  here_.node = status->at("node").text;
  if (status->at("nodes").count() == 1) here_.reconciled = true;  // there is nobody else
  if (const std::int64_t ms = status->at("network_time_ms").count(); ms > 0) {
    learn(WallMs{ms}, now);
    has_network_time_ = true;
  }
  here_.groups.clear();
  for (const auto& [group, keys] : status->at("groups").members)
    for (const tools::Json& key : keys.list) here_.groups[group].insert(key.text);
  const auto keys_of = [&](const char* what) {
    std::set<std::string> out;
    for (const tools::Json& key : status->at(what).list) out.insert(key.text);
    return out;
  };
  here_.admins = keys_of("admins");
  here_.guests = keys_of("guests");
  here_.revoked = keys_of("revoked");
  here_.commanders.clear();
  for (const auto& [key, verbs] : status->at("commanders").members)
    for (const auto& [verb, may] : verbs.members) here_.commanders[key][verb] = may.truth;
  here_.key = status->at("node_id").text;
  here_.labels.clear();
  if (const auto text = text_of_file(own_folder() + "/card.json", records::kMaxCardText); text) {
    if (const auto card = records::read_card(*text); card) {
      here_.labels = card->labels;
      if (here_.key.empty()) here_.key = card->key;
    }
  }
  if (const auto peers = json_of(mount_ + "/.mesh/peers"); peers) {
    here_.reconciled = here_.reconciled || has_reconciled(*peers);
    if (const auto ago = heard_ago(*peers); ago) here_.heard = Instant{now.ns - ago->ns};
  }
  at(now);
  return true;
}

void NodeView::make_places() const {
  if (here_.node.empty()) return;
  for (const std::string& target : {here_.node, std::string("all")})
    ::mkdir((mount_ + "/commands/" + target).c_str(), 0770);
}

Status NodeView::show(const records::CommandResult& result, WallMs until) {
  if (here_.node.empty()) return error(Errc::closed, "the mesh at " + mount_ + " has not been there yet");
  const std::string folder = own_folder() + "/results", name = folder + "/" + result.command + ".json";
  ::mkdir(own_folder().c_str(), 0755);
  ::mkdir(folder.c_str(), 0755);
  const auto failed = [&] { return error(Errc::io, name + ": " + std::strerror(errno)); };
  const std::string temporary = folder + "/." + result.command + ".tmp";
  const os::Fd file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644));
  if (!file) return failed();
  const std::string text = records::write_result(result);
  for (std::size_t at = 0; at < text.size();) {
    const ssize_t put = ::write(file.get(), text.data() + at, text.size() - at);
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return failed();
    at += static_cast<std::size_t>(put);
  }
  // It outlives the command: whoever restores an old disk learns from it what has run already.
  const std::int64_t life_s = std::max<std::int64_t>((until.ms - here_.now.ms) / 1'000, 30LL * 86'400);
  const std::string seconds_text = std::to_string(life_s);
  if (::fsetxattr(file.get(), "user.mesh.ttl", seconds_text.data(), seconds_text.size(), 0) != 0) errno = 0;
  // It has its name before its close publishes it: one entry, not one for each of its names.
  return ::rename(temporary.c_str(), name.c_str()) == 0 ? Status() : Status(failed());
}

std::optional<records::CommandResult> NodeView::shown(const std::string& id) const {
  if (here_.node.empty()) return std::nullopt;
  const auto text = text_of_file(own_folder() + "/results/" + id + ".json", records::kMaxResultText);
  if (!text) return std::nullopt;
  auto result = records::read_result(*text);
  if (!result || result->command != id) return std::nullopt;
  return std::move(*result);
}

void NodeView::read_cards(Instant now) {
  if (cards_at_ && now - *cards_at_ < kCardsAreFresh) return;
  cards_at_ = now;
  cards_.clear();
  std::size_t looked_at = 0;
  for (const std::string& node : os::names_in(mount_ + "/nodes").names) {
    if (node.starts_with('.') || ++looked_at > kMaxNodesOrdered) continue;
    CardWords& words = cards_[node];
    const auto text = text_of_file(mount_ + "/nodes/" + node + "/card.json", records::kMaxCardText);
    const auto card = text ? records::read_card(*text) : Result<records::Card>(Errc::not_found);
    if (card) words = {card->key, card->labels, card->neighbours};
  }
}

bool NodeView::has_answered(const std::string& node, const std::string& id) const {
  const auto text = text_of_file(mount_ + "/nodes/" + node + "/results/" + id + ".json", records::kMaxResultText);
  const auto result = text ? records::read_result(*text) : Result<records::CommandResult>(Errc::not_found);
  return result && result->command == id &&
         (records::is_final(result->state) || result->state == records::State::unconfirmed);
}

std::optional<std::string> NodeView::farther_awaited(const Envelope& envelope, Instant now) {
  read_cards(now);
  const auto farther = farther_targets(envelope, here_, cards_);
  if (!farther) return std::nullopt;
  const auto waits = std::ranges::find_if(*farther, [&](const auto& node) { return !has_answered(node, envelope.id); });
  return waits == farther->end() ? std::string() : *waits;
}

}  // namespace meshfs::exec
