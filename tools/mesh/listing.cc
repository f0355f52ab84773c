// mesh ls: a directory of the mesh with what every file knows about itself (xattrs user.mesh.*).
#include <sys/stat.h>
#include <sys/xattr.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <filesystem>

#include "tools/mesh/commands.h"
#include "tools/mesh/json.h"

namespace meshfs::tools {
namespace {

constexpr std::size_t kShownVersion = 12;  // hex digits: enough to tell the versions of one file apart

struct Row {
  std::string name;
  struct stat about {};
  std::string author, version, state, link_target;
};

// Symbolic links carry no user.* attributes (xattr(7)); other file systems have none of ours: "".
std::string attribute(const std::string& path, const char* name) {
  std::array<char, 512> buffer;
  const ssize_t size = lgetxattr(path.c_str(), name, buffer.data(), buffer.size());
  return size < 0 ? std::string() : std::string(buffer.data(), static_cast<std::size_t>(size));
}

bool read_row(const std::string& path, std::string name, Row& row) {
  row.name = std::move(name);
  if (lstat(path.c_str(), &row.about) != 0) return false;
  row.author = attribute(path, "user.mesh.author");
  row.version = attribute(path, "user.mesh.version");
  row.state = attribute(path, "user.mesh.state");
  if (S_ISLNK(row.about.st_mode)) {
    std::error_code failure;
    row.link_target = std::filesystem::read_symlink(path, failure).string();
  }
  return true;
}

const char* kind_of(mode_t mode) { return S_ISDIR(mode) ? "directory" : S_ISLNK(mode) ? "symlink" : "file"; }

// As ls(1) shows it: drwxr-xr-x.
std::string mode_text(mode_t mode) {
  std::string text = S_ISDIR(mode) ? "d" : S_ISLNK(mode) ? "l" : "-";
  for (int shift = 8; shift >= 0; --shift) text += (mode >> shift) & 1 ? "xwr"[shift % 3] : '-';
  return text;
}

std::string time_text(time_t time) {
  std::array<char, 32> text{};
  struct tm parts {};
  localtime_r(&time, &parts);
  std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M", &parts);
  return text.data();
}

std::string or_dash(const std::string& text) { return text.empty() ? "-" : printable(text); }

void print_details(const std::vector<Row>& rows) {
  std::size_t author_width = 6, size_width = 4;
  for (const auto& row : rows) {
    author_width = std::max(author_width, or_dash(row.author).size());
    size_width = std::max(size_width, std::to_string(row.about.st_size).size());
  }
  std::printf("%-10s %*s %-*s %-*s %-10s %-16s %s\n", "MODE", static_cast<int>(size_width), "SIZE",
              static_cast<int>(author_width), "AUTHOR", static_cast<int>(kShownVersion), "VERSION", "STATE", "CHANGED",
              "NAME");
  for (const auto& row : rows) {
    std::printf("%s %*lld %-*s %-*s %-10s %s %s%s%s\n", mode_text(row.about.st_mode).c_str(),
                static_cast<int>(size_width), static_cast<long long>(row.about.st_size), static_cast<int>(author_width),
                or_dash(row.author).c_str(), static_cast<int>(kShownVersion),
                or_dash(row.version.substr(0, kShownVersion)).c_str(), or_dash(row.state).c_str(),
                time_text(row.about.st_mtime).c_str(), printable(row.name).c_str(),
                row.link_target.empty() ? "" : " -> ", printable(row.link_target).c_str());
  }
}

void print_json(const std::vector<Row>& rows) {
  std::printf("[");
  const char* separator = "\n";
  for (const auto& row : rows) {
    std::printf(
        "%s  {\"name\": %s, \"kind\": \"%s\", \"mode\": \"%04o\", \"size\": %lld, \"mtime\": %lld, "
        "\"author\": %s, "
        "\"version\": %s, \"state\": %s%s%s}",
        separator, json_quoted(row.name).c_str(), kind_of(row.about.st_mode), row.about.st_mode & 07777u,
        static_cast<long long>(row.about.st_size), static_cast<long long>(row.about.st_mtime),
        json_quoted(row.author).c_str(), json_quoted(row.version).c_str(), json_quoted(row.state).c_str(),
        row.link_target.empty() ? "" : ", \"target\": ",
        row.link_target.empty() ? "" : json_quoted(row.link_target).c_str());
    separator = ",\n";
  }
  std::printf("\n]\n");
}

Exit explain(const std::string& path, int reason) {
  if (reason == ENOTCONN)
    return complain(Exit::not_running, "The daemon of " + path + " died: start meshfs-fsd again.");
  return complain(Exit::failed, "Can't list " + path + ": " + std::strerror(reason) + ".");
}

// The rows of one directory, or the one row of anything else. A name that goes while we look is left out.
Exit read_rows(const std::string& path, std::vector<Row>& rows) {
  Row self;
  if (!read_row(path, path, self)) return explain(path, errno);
  if (!S_ISDIR(self.about.st_mode)) {
    rows.push_back(std::move(self));
    return Exit::ok;
  }
  std::error_code failure;
  for (auto entry = std::filesystem::directory_iterator(path, failure);
       !failure && entry != std::filesystem::directory_iterator(); entry.increment(failure)) {
    Row row;
    if (read_row(entry->path().string(), entry->path().filename().string(), row)) rows.push_back(std::move(row));
  }
  if (failure) return explain(path, failure.value());
  std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.name < b.name; });
  return Exit::ok;
}

}  // namespace

Exit list_files(const Arguments& arguments) {
  if (arguments.words.size() > 1) return complain(Exit::usage, "mesh ls takes one path.");
  std::vector<Row> rows;
  const std::string path = arguments.words.empty() ? arguments.mount : arguments.words[0];
  if (const Exit code = read_rows(path, rows); code != Exit::ok) return code;
  if (arguments.json) {
    print_json(rows);
  } else if (arguments.details) {
    print_details(rows);
  } else {
    for (const auto& row : rows) std::printf("%s\n", printable(row.name).c_str());
  }
  return Exit::ok;
}

}  // namespace meshfs::tools
