#include "tools/exec/owner_files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "schema/os/folder.h"
#include "schema/vocab/quoting.h"
#include "tools/exec/catalogue.h"
#include "tools/exec/text_of_file.h"
#include "tools/exec/toml_table.h"

namespace meshfs::exec {
namespace {

// Who could write it could run anything here.
Status check_owner(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return error(Errc::not_found, path + " is not there");
  if (info.st_uid != 0 && info.st_uid != ::geteuid())
    return error(Errc::denied, path + " belongs to somebody else than root");
  if ((info.st_mode & 022) != 0) return error(Errc::denied, path + " can be written by others: chmod go-w it");
  return {};
}

Result<std::string> read_owned(const std::string& path) {
  if (Status owned = check_owner(path); !owned) return owned.failure();
  auto text = text_of_file(path, kMaxTomlBytes);
  if (!text) return error(Errc::io, path + " can't be read as an ordinary file");
  return std::move(*text);
}

std::vector<std::string> verb_files(const std::string& folder) {
  std::vector<std::string> out;
  for (const std::string& name : os::names_in(folder).names)
    if (name.ends_with(".toml") && !name.starts_with('.')) out.push_back(folder + "/" + name);
  std::ranges::sort(out);
  return out;
}

std::string stamp_of(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return path + " -;";
  return path + " " + std::to_string(info.st_ino) + " " + std::to_string(info.st_size) + " " +
         std::to_string(info.st_mtim.tv_sec) + "." + std::to_string(info.st_mtim.tv_nsec) + " " +
         std::to_string(info.st_ctim.tv_nsec) + ";";
}

}  // namespace

Result<OwnerFiles> read_owner_files(const std::string& policy, const std::string& verbs) {
  OwnerFiles out;
  const auto text = read_owned(policy);
  if (!text) return text.failure();
  auto parsed = parse_policy(policy, *text);
  if (!parsed) return parsed.failure();
  out.policy = std::move(*parsed);
  if (Status owned = check_owner(verbs); !owned) return owned.failure();
  for (const std::string& path : verb_files(verbs)) {
    const auto verb_text = read_owned(path);
    auto verb = verb_text ? parse_verb(path, *verb_text) : Result<Verb>(verb_text.failure());
    if (!verb)
      out.faults.push_back(verb.failure().message);
    else if (out.catalogue.size() >= kMaxVerbs)
      out.faults.push_back(path + ": there are too many verbs");
    else if (const std::string name = verb->name; !out.catalogue.emplace(name, std::move(*verb)).second)
      out.faults.push_back(path + ": the verb '" + name + "' stands in an earlier file too");
  }
  return out;
}

std::string owner_files_stamp(const std::string& policy, const std::string& verbs) {
  std::string out = stamp_of(policy) + stamp_of(verbs);
  for (const std::string& path : verb_files(verbs)) out += stamp_of(path);
  return out;
}

}  // namespace meshfs::exec
