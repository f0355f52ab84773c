#include "tools/mesh/node_card.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <set>

#include "schema/vocab/bytes.h"
#include "tools/mesh/arguments.h"
#include "tools/mesh/trouble.h"

namespace meshfs::tools {
namespace {

bool is_letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

bool all_of_set(std::string_view text, std::string_view beyond_letters) {
  return std::ranges::all_of(
      text, [&](char c) { return is_letter_or_digit(c) || beyond_letters.find(c) != std::string_view::npos; });
}

// As the record type's check says: [A-Za-z0-9._-]+=[^=,]*
bool is_label(std::string_view text) {
  const auto equals = text.find('=');
  return equals != std::string_view::npos && equals > 0 && all_of_set(text.substr(0, equals), "._-") &&
         text.substr(equals + 1).find_first_of("=,") == std::string_view::npos;
}

bool is_user(std::string_view text) {
  constexpr std::size_t kMaxUser = 32;
  if (text.empty() || text.size() > kMaxUser || text[0] == '-' || text[0] == '.') return false;
  return all_of_set(text, "._-");
}

// A number address; with a zone only what an interface can be called.
bool is_address(std::string_view text) {
  constexpr std::size_t kMaxZone = 15;
  const auto percent = text.find('%');
  const std::string bare(text.substr(0, percent));
  std::array<std::uint8_t, 16> bytes{};
  if (percent == std::string_view::npos && inet_pton(AF_INET, bare.c_str(), bytes.data()) == 1) return true;
  if (inet_pton(AF_INET6, bare.c_str(), bytes.data()) != 1) return false;
  if (percent == std::string_view::npos) return true;
  const auto zone = text.substr(percent + 1);
  return !zone.empty() && zone.size() <= kMaxZone && all_of_set(zone, "._-@");
}

bool is_link_local(std::string_view address) { return address.size() > 4 && address.starts_with("fe80"); }

int rank(const std::string& address) {
  if (address.find(':') == std::string::npos) return 2;
  if (is_link_local(address)) return 3;
  return address.starts_with("fd") || address.starts_with("fc") ? 0 : 1;
}

std::vector<std::string_view> words_of_line(std::string_view line) {
  std::vector<std::string_view> out;
  for (std::size_t at = 0, end; (at = line.find_first_not_of(" \t", at)) != std::string_view::npos; at = end) {
    end = std::min(line.find_first_of(" \t", at), line.size());
    out.push_back(line.substr(at, end - at));
  }
  return out;
}

// As the record type's check of a node's name.
bool is_node_name(std::string_view text) {
  constexpr std::size_t kMaxName = 63;
  return !text.empty() && text.size() <= kMaxName && is_letter_or_digit(text[0]) && all_of_set(text, "._-");
}

// "fe80...0001 04 40 20 80 eth0": address, index, prefix, scope, flags, interface; numbers in hex.
std::string address_of_line(std::string_view line) {
  constexpr unsigned kTemporary = 0x01, kDuplicate = 0x08, kDeprecated = 0x20, kTentative = 0x40;
  constexpr std::string_view kHost = "10";
  const auto words = words_of_line(line);
  if (words.size() != 6 || words[0].size() != 32 || words[3] == kHost) return {};
  const auto flags = from_hex(words[4]), bytes = from_hex(words[0]);
  if (!flags || flags->size() != 1 || !bytes) return {};
  if ((flags->front() & (kTemporary | kDuplicate | kDeprecated | kTentative)) != 0) return {};
  std::array<char, INET6_ADDRSTRLEN> text{};
  return inet_ntop(AF_INET6, bytes->data(), text.data(), text.size()) == nullptr ? "" : text.data();
}

// Of "tcp [fe80::1%eth0]:5440" and "192.0.2.7:5440".
std::string address_of_link(std::string_view link) {
  link = link.substr(link.rfind(' ') + 1);
  const auto open = link.find('['), close = link.find(']');
  std::string out(open == 0 && close != std::string_view::npos ? link.substr(1, close - 1)
                                                               : link.substr(0, link.rfind(':')));
  return is_address(out) ? out : std::string();
}

}  // namespace

Status apply_settings(std::string_view settings, NodeCard& card) {
  const std::string labels = setting_in(settings, "MESHFS_LABELS");
  for (const auto word : words_of_line(labels)) {
    if (!is_label(word)) {
      return error(Errc::invalid, "MESHFS_LABELS: '" + printable(word) +
                                      "' is no label: write NAME=VALUE, parted by spaces, without commas.");
    }
    card.labels.emplace_back(word);
  }
  if (card.labels.size() > kMaxCardLabels) return error(Errc::invalid, "MESHFS_LABELS: 64 labels are enough.");
  card.contact = setting_in(settings, "MESHFS_CONTACT");
  card.place = setting_in(settings, "MESHFS_PLACE");
  if (const std::string user = setting_in(settings, "MESHFS_SSH_USER"); !user.empty()) {
    if (!is_user(user)) return error(Errc::invalid, "MESHFS_SSH_USER: '" + printable(user) + "' is no name of a user.");
    card.ssh_user = user;
  }
  if (const std::string port = setting_in(settings, "MESHFS_SSH_PORT"); !port.empty()) {
    constexpr long kMostPort = 65535;
    char* end = nullptr;
    const long number = (port[0] >= '0' && port[0] <= '9') ? std::strtol(port.c_str(), &end, 10) : 0;
    if (number < 1 || number > kMostPort || *end != '\0')
      return error(Errc::invalid, "MESHFS_SSH_PORT: '" + printable(port) + "' is no port: 1 to 65535.");
    card.ssh_port = static_cast<std::uint16_t>(number);
  }
  return {};
}

Result<NodeCard> card_of(const CardFacts& facts, const std::string& name, const std::string& key) {
  NodeCard card;
  card.name = name;
  if (from_hex(key)) card.key = key;
  for (std::string_view left = facts.addresses; !left.empty();) {
    const auto length = std::min(left.find('\n'), left.size());
    if (is_address(left.substr(0, length))) card.addresses.emplace_back(left.substr(0, length));
    left.remove_prefix(std::min(length + 1, left.size()));
  }
  sort_addresses(card.addresses);
  card.model = facts.model;
  card.system = facts.system;
  card.version = MESHFS_VERSION;
  if (const Status read = apply_settings(facts.settings, card); !read) return read.failure();
  return card;
}

std::vector<std::string> groups_of(const Json& status, const std::string& key) {
  std::set<std::string> out;
  for (const auto& [group, keys] : status.at("groups").members)
    if (std::ranges::any_of(keys.list, [&](const Json& one) { return one.text == key; })) out.insert(group);
  return {out.begin(), out.end()};
}

std::vector<std::string> neighbours_in_sync(const Json& peers) {
  std::set<std::string> out;
  for (const Json& peer : peers.at("peers").list) {
    const std::string& name = peer.at("name").text;
    if (peer.at("state").text == "connected" && in_sync(peer) && is_node_name(name)) out.insert(name);
  }
  return {out.begin(), out.end()};
}

std::vector<std::string> list_of(const Json& card, std::string_view key) {
  std::vector<std::string> out;
  for (const Json& one : card.at(key).list)
    if (one.kind == Json::Kind::text) out.push_back(one.text);
  return out;
}

std::string card_text(const NodeCard& card) {
  std::string out;
  const auto add_raw = [&](const char* key, const std::string& json) {
    out += (out.empty() ? "{\n  " : ",\n  ") + json_quoted(key) + ": " + json;
  };
  const auto add = [&](const char* key, const std::string& text) {
    if (!text.empty()) add_raw(key, json_quoted(text));
  };
  const auto add_list = [&](const char* key, const std::vector<std::string>& list) {
    std::string items;
    for (const auto& one : list) (items += items.empty() ? "" : ", ") += json_quoted(one);
    if (!list.empty()) add_raw(key, "[" + items + "]");
  };
  add_raw("name", json_quoted(card.name));
  add("key", card.key);
  add_list("addresses", card.addresses);
  add_list("labels", card.labels);
  add_list("groups", card.groups);
  add("contact", card.contact);
  add("place", card.place);
  add("model", card.model);
  add("system", card.system);
  add("version", card.version);
  if (card.ssh_port != NodeCard{}.ssh_port) add_raw("sshPort", std::to_string(card.ssh_port));
  if (card.ssh_user != NodeCard{}.ssh_user) add("sshUser", card.ssh_user);
  add_list("neighbours", card.neighbours);
  return out + "\n}\n";
}

std::vector<std::string> addresses_of_table(std::string_view if_inet6) {
  std::vector<std::string> out;
  while (!if_inet6.empty()) {
    const auto length = std::min(if_inet6.find('\n'), if_inet6.size());
    if (std::string address = address_of_line(if_inet6.substr(0, length)); !address.empty())
      out.push_back(std::move(address));
    if_inet6.remove_prefix(std::min(length + 1, if_inet6.size()));
  }
  return out;
}

void sort_addresses(std::vector<std::string>& addresses) {
  std::vector<std::string> out;  // a handful: std::sort takes 2 kB of the router's program
  for (const auto& one : addresses) {
    std::size_t at = 0;
    while (at < out.size() && (rank(out[at]) != rank(one) ? rank(out[at]) < rank(one) : out[at] < one)) ++at;
    if (at == out.size() || out[at] != one) out.insert(out.begin() + static_cast<std::ptrdiff_t>(at), one);
  }
  if (out.size() > kMaxCardAddresses) out.resize(kMaxCardAddresses);
  addresses = std::move(out);
}

Result<SshPlace> ssh_place(std::string_view node, const Json& card, const Json& peers) {
  SshPlace out;
  out.key = card.at("key").text;
  if (!std::ranges::all_of(out.key, is_letter_or_digit) || out.key.size() > 64) out.key.clear();
  if (const Json& port = card.at("sshPort"); port.kind == Json::Kind::number) {
    if (port.count() < 1 || port.count() > 65535)
      return error(Errc::bad_bytes, "The card of " + printable(node) + " names no port of ssh that there can be.");
    out.port = static_cast<std::uint16_t>(port.count());
  }
  if (const std::string& user = card.at("sshUser").text; !user.empty()) {
    if (!is_user(user))
      return error(Errc::bad_bytes, "The card of " + printable(node) + " names a user that there can't be.");
    out.user = user;
  }
  const auto add = [&](const std::string& address) {
    const bool is_new = std::ranges::find(out.addresses, address) == out.addresses.end();
    if (is_new && is_address(address) && out.addresses.size() < kMaxCardAddresses) out.addresses.push_back(address);
  };
  for (const auto& one : card.at("addresses").list) {
    if (!is_link_local(one.text)) add(one.text);  // means nothing without its zone, which is ours to know
  }
  for (const auto& peer : peers.at("peers").list) {
    const bool is_it = peer.at("name").text == node || (!out.key.empty() && peer.at("id").text == out.key);
    if (!is_it) continue;
    add(address_of_link(peer.at("link").text));
    if (out.key.empty()) out.key = peer.at("id").text;
  }
  if (!std::ranges::all_of(out.key, is_letter_or_digit)) out.key.clear();
  if (out.addresses.empty()) {
    return error(Errc::unreachable, "No address of " + printable(node) +
                                        " is known: it has no card with one (meshfs-card there makes it) and is no "
                                        "neighbour of this node.");
  }
  return out;
}

std::vector<std::string> ssh_words(const SshPlace& place, const std::string& address,
                                   const std::vector<std::string>& more) {
  std::vector<std::string> out{"ssh", "-p", std::to_string(place.port)};
  if (!place.key.empty()) {
    out.emplace_back("-o");
    out.push_back("HostKeyAlias=meshfs-" +
                  place.key);  // the host key belongs to the node, whatever its address is today
  }
  out.push_back(place.user + "@" + address);
  out.insert(out.end(), more.begin(), more.end());
  return out;
}

}  // namespace meshfs::tools
