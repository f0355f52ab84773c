// mesh ls: a directory of the mesh with what every file knows about itself (xattrs user.mesh.*).
#include <sys/stat.h>
#include <sys/xattr.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "schema/os/folder.h"
#include "tools/mesh/commands.h"
#include "tools/mesh/json.h"
#include "tools/mesh/place.h"
#include "tools/mesh/screen.h"

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
  if (S_ISLNK(row.about.st_mode)) row.link_target = os::link_target(path);
  return true;
}

const char* kind_of(mode_t mode) { return S_ISDIR(mode) ? "directory" : S_ISLNK(mode) ? "symlink" : "file"; }

// As ls(1) shows it: drwxr-xr-x.
std::string mode_text(mode_t mode) {
  std::string text = S_ISDIR(mode) ? "d" : S_ISLNK(mode) ? "l" : "-";
  for (int shift = 8; shift >= 0; --shift) text += (mode >> shift) & 1 ? "xwr"[shift % 3] : '-';
  return text;
}

std::string or_dash(const std::string& text) { return text.empty() ? "-" : printable(text); }

void print_details(const std::vector<Row>& rows, bool colour) {
  Table table({{"MODE"}, {"SIZE", true}, {"AUTHOR"}, {"VERSION"}, {"STATE"}, {"CHANGED"}, {"NAME"}}, colour);
  for (const auto& row : rows) {
    std::string name = printable(row.name);
    if (!row.link_target.empty()) name += " -> " + printable(row.link_target);
    const bool odd = !row.state.empty() && row.state != "published";
    table.add({mode_text(row.about.st_mode),
               std::to_string(row.about.st_size),
               or_dash(row.author),
               {or_dash(row.version.substr(0, kShownVersion)), Paint::dim},
               {or_dash(row.state), odd ? Paint::warning : Paint::plain},
               moment_text(static_cast<std::int64_t>(row.about.st_mtime) * 1000).substr(0, 16),
               {name, S_ISDIR(row.about.st_mode) ? Paint::strong : Paint::plain}});
  }
  table.print();
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
    return complain(Exit::not_running, "The daemon of " + printable(path) + " died: start meshfs-fsd again.");
  if (reason == ENOENT || reason == ENOTDIR) {
    return complain(Exit::not_found,
                    "There is no " + printable(path) +
                        ": `mesh log` shows whether it ever was there, `mesh restore` brings it back.");
  }
  return complain(reason == EACCES ? Exit::refused : Exit::failed,
                  "Can't list " + printable(path) + ": " + std::strerror(reason) + ".");
}

// The rows of one directory, or the one row of anything else. A name that goes while we look is left out.
Exit read_rows(const std::string& path, std::vector<Row>& rows) {
  Row self;
  if (!read_row(path, path, self)) return explain(path, errno);
  if (!S_ISDIR(self.about.st_mode)) {
    rows.push_back(std::move(self));
    return Exit::ok;
  }
  const auto [names, failure] = os::names_in(path);
  for (const auto& name : names) {
    Row row;
    if (read_row(path + "/" + name, name, row)) rows.push_back(std::move(row));
  }
  if (failure != 0) return explain(path, failure);
  std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.name < b.name; });
  return Exit::ok;
}

}  // namespace

Exit list_files(const Arguments& arguments) {
  std::vector<Row> rows;
  const std::string path = arguments.words.empty() ? arguments.mount : arguments.words[0];
  if (const auto place = find_place(arguments, path); !place) return complain(place.failure());
  if (const Exit code = read_rows(path, rows); code != Exit::ok) return code;
  if (arguments.json) {
    print_json(rows);
  } else if (arguments.has("-l")) {
    print_details(rows, arguments.colour);
  } else {
    for (const auto& row : rows) std::printf("%s\n", printable(row.name).c_str());
  }
  return Exit::ok;
}

}  // namespace meshfs::tools
