#include "tools/mesh/command_queue.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>

#include "schema/crypto/sign.h"
#include "schema/os/fd.h"
#include "schema/os/folder.h"
#include "schema/os/loop.h"
#include "tools/mesh/node_card.h"
#include "tools/mesh/place.h"
#include "tools/mesh/policy_groups.h"
#include "tools/mesh/text_file.h"
#include "tools/mesh/view.h"

namespace meshfs::tools {
namespace {

constexpr Duration kPublishPatience = seconds(5);  // a daemon publishes at the close of a file: a flush of a slow disk
constexpr std::int64_t kBeforeUs = 1'577'836'800'000;  // 2020: a network whose time nobody has set yet
constexpr const char* kSignatureLifetime = "7776000";  // 90 days, as commands have it by their type
constexpr std::size_t kMaxTold = 200;                  // commands of which `mesh results` reads the text

std::string mesh_attribute(const std::string& path, const char* name) {
  std::array<char, 512> value{};
  const ssize_t got = getxattr(path.c_str(), name, value.data(), value.size());
  return got <= 0 ? std::string() : std::string(value.data(), static_cast<std::size_t>(got));
}

std::string id_of(const std::string& path) {
  std::string id = mesh_attribute(path, "user.mesh.edition");
  return is_command_id(id) ? id : std::string();
}

// Sorted; without what is hidden.
std::vector<std::string> names_below(const std::string& folder) {
  std::vector<std::string> names = os::names_in(folder).names;
  std::erase_if(names, [](const std::string& name) { return name.starts_with('.'); });
  std::ranges::sort(names);
  return names;
}

// Whole, or nothing is left behind. It has its name before it is published, by fsync: one entry, not one for each of its names. The
// daemon says in an attribute why it refuses a text, and at the rename already.
Status write_whole(const std::string& folder, const std::string& name, const std::string& text,
                   const std::string& lifetime_s) {
  const std::string temporary = folder + "/." + name + ".new", path = folder + "/" + name;
  const os::Fd file(open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640));
  if (!file) return system_failure("Can't write", temporary);
  if (!lifetime_s.empty())
    (void)fsetxattr(file.get(), "user.mesh.ttl", lifetime_s.data(), lifetime_s.size(),
                    0);  // else it stays until removed
  const bool written = write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const bool named = written && rename(temporary.c_str(), path.c_str()) == 0;
  if (named && fsync(file.get()) == 0) return {};
  Error failure = system_failure("Can't write", path);
  const std::string& last = named ? path : temporary;
  if (const std::string why = mesh_attribute(last, "user.mesh.error"); !why.empty())
    failure.message = "The command was refused: " + printable(why);
  unlink(last.c_str());
  return failure;
}

void remove_signatures(const std::string& folder, const std::string& name) {
  for (const auto& other : names_below(folder)) {
    if (other.starts_with(name + ".") && (other.ends_with(".sig") || other.ends_with(".minisig")))
      unlink((folder + "/" + other).c_str());
  }
}

// The entry of what was just written: it has its last one as soon as it is published.
std::string wait_for_id(const std::string& path) {
  const Instant deadline = os::Loop::now() + kPublishPatience;
  while (true) {
    const std::string state = mesh_attribute(path, "user.mesh.state");
    const std::string id = id_of(path);
    if (state != "unpublished" && !id.empty()) return id;
    if (os::Loop::now() > deadline) return {};
    poll(nullptr, 0, 2);
  }
}

// A name ends with .json, and begins with the time, so that the newest of all directories come first.
std::vector<std::string> command_files(const std::string& mount) {
  std::vector<std::string> out;
  for (const auto& folder : names_below(mount + "/commands")) {
    for (const auto& name : names_below(mount + "/commands/" + folder)) {
      if (name.ends_with(".json")) out.push_back(folder + "/" + name);
    }
  }
  const auto name_of = [](const std::string& file) { return std::string_view(file).substr(file.find('/') + 1); };
  std::ranges::sort(out, [&](const auto& a, const auto& b) { return name_of(a) > name_of(b); });
  return out;
}

IssuedCommand look_at_command(const std::string& mount, const std::string& file) {
  IssuedCommand out;
  out.file = file;
  out.path = mount + "/commands/" + file;
  out.id = id_of(out.path);
  return out;
}

}  // namespace

WallMs network_now(const std::string& mount) {
  const auto status = read_view(mount, "status");
  const std::int64_t ms = status ? status->json.at("network_time_ms").count() : 0;
  return ms > kBeforeUs ? WallMs{ms} : os::Loop::wall();
}

Result<KnownNetwork> known_network(const Arguments& arguments, const std::vector<std::string>& targets) {
  const auto status = read_view(arguments.mount, "status");
  if (!status) return status.failure();
  KnownNetwork out;
  const bool by_label =
      std::ranges::any_of(targets, [](const auto& one) { return one.find('=') != std::string::npos; });
  const bool by_group = std::ranges::any_of(targets, [](const auto& one) { return one.starts_with('@'); });
  for (const auto& name : names_below(arguments.mount + "/nodes")) {
    KnownNetwork::Node& node = out.nodes.emplace_back(KnownNetwork::Node{name, {}});
    if (!by_label) continue;
    const auto card = parse_json(read_bounded(arguments.mount + "/nodes/" + name + "/card.json", kMaxCardBytes));
    if (!card) continue;
    for (const auto& label : card->at("labels").list) node.labels.push_back(label.text);
  }
  if (by_group) out.groups_known = read_groups(arguments, out.groups);
  return out;
}

Result<IssuedCommand> issue_command(const std::string& mount, const CommandFile& command,
                                    const std::vector<PersonSignature>& signatures) {
  const std::string directory = command_directory(command.targets), folder = mount + "/commands/" + directory;
  bool made = false;
  if (const int failed = os::make_folders(folder, made); failed != 0) {
    errno = failed;
    return system_failure("Can't make", folder);
  }
  std::array<std::uint8_t, 4> dice{};
  crypto::fill_random(dice);
  const std::uint32_t random = static_cast<std::uint32_t>(dice[0]) << 24 | static_cast<std::uint32_t>(dice[1]) << 16 |
                               static_cast<std::uint32_t>(dice[2]) << 8 | dice[3];
  const std::string name = command_file_name(network_now(mount), command.verb, random);
  IssuedCommand out;
  out.command = command;
  out.file = directory + "/" + name;
  out.path = folder + "/" + name;
  Status written;
  for (const PersonSignature& one : signatures) {
    if (written) written = write_whole(folder, name + one.ending, one.text, kSignatureLifetime);
  }
  if (written) written = write_whole(folder, name, command_text(command), "");
  if (!written) {
    remove_signatures(folder, name);
    return written.failure();
  }
  out.id = wait_for_id(out.path);
  if (!out.id.empty()) return out;
  (void)take_back(out);
  return error(Errc::unsupported,
               "This meshfs-fsd does not tell the id of a command (attribute user.mesh.edition), so it was taken back: "
               "install mesh and meshfs-fsd from one release.");
}

Status take_back(const IssuedCommand& command) {
  const bool gone = unlink(command.path.c_str()) == 0 || errno == ENOENT;
  const Status out = gone ? Status() : Status(system_failure("Can't take back", command.path));
  const auto slash = command.path.rfind('/');
  if (gone) remove_signatures(command.path.substr(0, slash), command.path.substr(slash + 1));
  return out;
}

bool read_results(const std::string& mount, std::string_view id, ResultSet& results) {
  bool news = false;
  for (const auto& name : names_below(mount + "/nodes")) {
    const auto known = results.all().find(name);
    if (known != results.all().end() && is_final(known->second.state) && known->second.state != RunState::unconfirmed)
      continue;
    const std::string path = mount + "/nodes/" + name + "/results/" + std::string(id) + ".json";
    if (access(path.c_str(), F_OK) != 0) continue;
    auto result = read_result(name, id, read_bounded(path, kMaxResultBytes));
    if (result && results.take(std::move(*result))) news = true;
  }
  return news;
}

Status may_see_commands(const std::string& mount) {
  if (const auto status = read_view(mount, "status"); !status) return status.failure();
  const std::string folder = mount + "/commands";
  if (access(folder.c_str(), R_OK | X_OK) == 0 || errno == ENOENT) return {};
  return system_failure("Can't look into", folder);
}

std::vector<IssuedCommand> commands_in(const std::string& mount, std::size_t limit) {
  std::vector<IssuedCommand> out;
  for (const auto& file : command_files(mount)) {
    if (out.size() >= std::min(limit, kMaxTold)) break;
    IssuedCommand one = look_at_command(mount, file);
    one.author = mesh_attribute(one.path, "user.mesh.author");
    if (const auto json = parse_json(read_bounded(one.path, kMaxCommandBytes))) one.command = read_command(*json);
    out.push_back(std::move(one));
  }
  return out;
}

Result<IssuedCommand> command_of(const std::string& mount, std::string_view id) {
  for (const auto& file : command_files(mount)) {
    IssuedCommand one = look_at_command(mount, file);
    if (one.id != id) continue;
    one.author = mesh_attribute(one.path, "user.mesh.author");
    if (const auto json = parse_json(read_bounded(one.path, kMaxCommandBytes))) one.command = read_command(*json);
    return one;
  }
  return error(Errc::not_found, "The file of command " + std::string(id.substr(0, 16)) + " is gone.");
}

Result<std::string> full_id(const std::string& mount, std::string_view beginning) {
  constexpr std::size_t kLeastDigits = 4;
  if (beginning.size() < kLeastDigits || beginning.size() > 64 ||
      beginning.find_first_not_of("0123456789abcdef") != std::string_view::npos) {
    return error(Errc::invalid,
                 "'" + printable(beginning) +
                     "' is no id of a command: give its first 4 digits or more, as `mesh results` shows.");
  }
  std::vector<std::string> found;
  const auto add = [&](const std::string& id) {
    if (id.starts_with(beginning) && is_command_id(id) && std::ranges::find(found, id) == found.end())
      found.push_back(id);
  };
  for (const auto& file : command_files(mount)) add(id_of(mount + "/commands/" + file));
  for (const auto& node : names_below(mount + "/nodes")) {
    for (const auto& name : names_below(mount + "/nodes/" + node + "/results")) {
      if (name.ends_with(".json")) add(name.substr(0, name.size() - 5));
    }
  }
  if (found.size() == 1) return found[0];
  if (found.empty()) {
    return error(Errc::not_found, "No command and no result here begins with " + std::string(beginning) +
                                      ": `mesh results` lists the last ones.");
  }
  return error(Errc::invalid, "Several commands begin with " + std::string(beginning) + ": give more digits.");
}

}  // namespace meshfs::tools
