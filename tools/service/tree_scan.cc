#include "tools/service/tree_scan.h"

#include <dirent.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>

#include "schema/vocab/quoting.h"
#include "tools/service/small_file.h"

namespace meshfs::service {
namespace {

std::string attribute(const std::string& path, const char* name) {
  char value[256];
  const ssize_t size = ::getxattr(path.c_str(), name, value, sizeof value);
  return size > 0 ? std::string(value, static_cast<std::size_t>(size)) : std::string();
}

// What the kernel lists, at most so many; the rest of a hostile folder is not even remembered. False: it could not be read to its end.
bool sorted_names(const std::string& folder, std::size_t most, std::vector<std::string>& out, std::size_t& left_out) {
  const std::unique_ptr<DIR, int (*)(DIR*)> handle(::opendir(folder.c_str()), ::closedir);
  if (handle == nullptr) return errno == ENOENT || errno == ENOTDIR;
  errno = 0;
  while (const dirent* entry = ::readdir(handle.get())) {
    const std::string_view name = static_cast<const char*>(entry->d_name);
    if (name == "." || name == "..") continue;
    if (out.size() < most) {
      out.emplace_back(name);
    } else {
      ++left_out;
    }
    errno = 0;
  }
  const bool whole = errno == 0;
  std::ranges::sort(out);
  return whole;
}

std::int64_t nanoseconds_of(const timespec& time) { return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec; }

}  // namespace

bool TreeScan::one(const std::string& path) {
  if (!patterns_.matches(path)) return false;
  const std::string name = absolute(path);
  struct stat about {};
  if (::lstat(name.c_str(), &about) != 0 || !S_ISREG(about.st_mode)) {
    signatures_.erase(path);
    return files_.remove(path);
  }
  const Signature signature{about.st_ino, about.st_size, nanoseconds_of(about.st_mtim), nanoseconds_of(about.st_ctim)};
  const auto known = signatures_.find(path);
  if (known != signatures_.end() && known->second == signature && files_.find(path) != nullptr) return false;
  File file;
  if (static_cast<std::size_t>(about.st_size) > limits_.bytes_per_file) {
    log_.once("large " + std::to_string(about.st_ino % 64),
              printable(path) + " is left out: it has more than " + std::to_string(limits_.bytes_per_file) + " bytes");
    files_.count_left_out();
    return files_.remove(path);
  }
  auto bytes = read_small_file(name, limits_.bytes_per_file);
  if (!bytes) {
    log_.once("unreadable", bytes.code() == Errc::not_found ? "" : bytes.failure().message);
    return bytes.code() == Errc::not_found && files_.remove(path);  // else what was known stays
  }
  // Asked behind reading: a program of this node still writes it, and its end will be an event.
  if (attribute(name, "user.mesh.state") == "unpublished") return false;
  file.bytes = std::move(*bytes);
  file.author = attribute(name, "user.mesh.author");
  file.author_key = attribute(name, "user.mesh.author_key");
  file.version = attribute(name, "user.mesh.version");
  const std::string when = attribute(name, "user.mesh.when");
  (void)std::from_chars(when.data(), when.data() + when.size(), file.when_ms);
  const Collection::Put put = files_.put(path, std::move(file));
  if (put != Collection::Put::left_out) signatures_[path] = signature;
  return put == Collection::Put::changed;
}

bool TreeScan::walk(const std::string& folder, const OnFolder& on_folder, std::set<std::string>* seen) {
  if (!patterns_.may_lead_to(folder)) return false;
  on_folder(folder);
  std::vector<std::string> names;
  std::size_t left_out = 0;
  const bool whole = sorted_names(absolute(folder), kMaxNamesInFolder, names, left_out);
  for (std::size_t i = 0; i < left_out; ++i) files_.count_left_out();
  if (!whole && seen != nullptr) {  // what can't be seen is not gone
    const std::string prefix = folder.empty() ? folder : folder + '/';
    const auto& files = files_.files();
    for (auto at = files.lower_bound(prefix); at != files.end() && at->first.starts_with(prefix); ++at)
      seen->insert(at->first);
  }
  bool changed = false;
  for (const std::string& name : names) {
    const std::string path = folder.empty() ? name : folder + '/' + name;
    struct stat about {};
    const bool leads = patterns_.may_lead_to(path), matches = patterns_.matches(path);
    if ((!leads && !matches) || ::lstat(absolute(path).c_str(), &about) != 0) continue;
    if (S_ISDIR(about.st_mode)) {
      if (leads) changed = walk(path, on_folder, seen) || changed;
    } else if (matches) {
      changed = one(path) || changed;
      if (seen != nullptr) seen->insert(path);
    }
  }
  return changed;
}

bool TreeScan::below(const std::string& folder, const OnFolder& on_folder) { return walk(folder, on_folder, nullptr); }

bool TreeScan::whole(const OnFolder& on_folder) {
  files_.count_anew();
  std::set<std::string> seen;
  bool changed = walk("", on_folder, &seen);
  std::vector<std::string> gone;
  for (const auto& [path, file] : files_.files())
    if (!seen.contains(path)) gone.push_back(path);
  for (const std::string& path : gone) changed = files_.remove(path) || changed;
  std::erase_if(signatures_, [&](const auto& one) { return files_.find(one.first) == nullptr; });
  return changed;
}

}  // namespace meshfs::service
