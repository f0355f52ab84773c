// mesh du: how much each author wrote of what stands in the tree now.
#include <sys/stat.h>
#include <sys/xattr.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <set>

#include "schema/os/folder.h"
#include "tools/mesh/commands.h"
#include "tools/mesh/json.h"
#include "tools/mesh/place.h"
#include "tools/mesh/progress.h"
#include "tools/mesh/screen.h"

namespace meshfs::tools {
namespace {

struct Share {
  std::string author;
  std::int64_t files = 0, bytes = 0;
};

std::string author_of(const std::string& path) {
  std::array<char, 256> buffer;
  const ssize_t size = lgetxattr(path.c_str(), "user.mesh.author", buffer.data(), buffer.size());
  return size < 0 ? std::string() : std::string(buffer.data(), static_cast<std::size_t>(size));
}

class Count {
 public:
  void take(const std::string& path) {
    struct stat about {};
    if (lstat(path.c_str(), &about) != 0 || !S_ISREG(about.st_mode)) return;
    if (about.st_nlink > 1 && !seen_.insert(about.st_ino).second) return;  // several names, one file
    const std::string author = author_of(path);
    Share& share = by_author_[author];
    share.author = author;
    ++share.files;
    share.bytes += about.st_size;
    progress_.add(1);
  }

  // Most bytes first.
  [[nodiscard]] std::vector<Share> shares() const {
    std::vector<Share> out;
    for (const auto& [author, share] : by_author_) out.push_back(share);
    std::stable_sort(out.begin(), out.end(), [](const Share& a, const Share& b) { return a.bytes > b.bytes; });
    return out;
  }

 private:
  std::map<std::string, Share> by_author_;
  std::set<ino_t> seen_;
  Progress progress_{"counting files", 0, Progress::Unit::things};
};

bool is_folder(const std::string& path) {
  struct stat about {};
  return lstat(path.c_str(), &about) == 0 && S_ISDIR(about.st_mode);
}

// Everything below `place` but the live view.
std::vector<Share> count_tree(const Place& place) {
  Count count;
  count.take(place.absolute());
  std::vector<std::string> folders{place.absolute()};
  while (!folders.empty()) {
    const std::string at = std::move(folders.back());
    folders.pop_back();
    for (const auto& name : os::names_in(at).names) {
      if (at == place.mount && name == ".mesh") continue;
      const std::string path = at + "/" + name;
      if (is_folder(path)) {
        folders.push_back(path);
      } else {
        count.take(path);
      }
    }
  }
  return count.shares();
}

}  // namespace

Exit show_usage_by_author(const Arguments& arguments) {
  const auto place = find_place(arguments, arguments.words.empty() ? arguments.mount : arguments.words[0]);
  if (!place) return complain(place.failure());
  struct stat about {};
  if (lstat(place->absolute().c_str(), &about) != 0)
    return complain(Exit::not_found, "There is no " + place->shown() + ".");
  const auto shares = count_tree(*place);
  std::int64_t bytes = 0, files = 0;
  Table table({{"AUTHOR"}, {"FILES", true}, {"SIZE", true}}, arguments.colour);
  std::vector<std::string> lines;
  for (const auto& share : shares) {
    table.add({{share.author.empty() ? "-" : printable(share.author), Paint::strong},
               std::to_string(share.files),
               bytes_text(share.bytes)});
    lines.push_back(
        JsonObject().text("author", share.author).number("files", share.files).number("bytes", share.bytes).done());
    bytes += share.bytes;
    files += share.files;
  }
  if (arguments.json) {
    std::printf("%s\n", json_list(lines).c_str());
    return Exit::ok;
  }
  table.add({"all", std::to_string(files), bytes_text(bytes)});
  table.print();
  return Exit::ok;
}

}  // namespace meshfs::tools
