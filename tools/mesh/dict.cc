// mesh dict: which dictionaries small records are squeezed with, and making one from real files.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>

#include "schema/crypto/hash.h"
#include "schema/crypto/sign.h"
#include "schema/os/folder.h"
#include "tools/mesh/commands.h"
#include "tools/mesh/daemon_link.h"
#include "tools/mesh/dictionary_trainer.h"
#include "tools/mesh/place.h"
#include "tools/mesh/screen.h"
#include "tools/mesh/text_file.h"

namespace meshfs::tools {
namespace {

constexpr std::size_t kLeastSize = 1024, kMostSize = 64 * 1024, kUsualSize = 16 * 1024;  // most: one chunk
constexpr std::size_t kMaxTypeBytes = 64;                                                // as user.mesh.type
// zstd advises a hundred times the dictionary; more samples than these teach it nothing and take minutes.
constexpr std::size_t kMaxSamples = 20'000;
constexpr std::size_t kMaxSampleBytes = 8 * 1024 * 1024;
constexpr std::size_t kMaxPaths = 1'000'000;

// --- list

Exit list_dictionaries(const Arguments& arguments) {
  auto daemon = DaemonLink::of_mount(arguments, arguments.mount);
  if (!daemon) return complain(daemon.failure());
  const auto answer = daemon->ask_json("dictionaries", {});
  if (!answer) return complain(answer.failure());
  const auto& all = answer->at("dictionaries").list;
  Table table({{"TYPE"}, {"ID"}, {"SIZE", true}, {"STATE"}, {"RECORDS", true}, {"BYTES", true}, {"SQUEEZED", true}},
              arguments.colour);
  std::vector<std::string> lines;
  for (const Json& one : all) {
    const std::string damage = one.at("damage").text;
    const std::int64_t plain = one.at("plain_bytes").count(), squeezed = one.at("squeezed_bytes").count();
    const std::string state = !damage.empty() ? "not used: " + damage : one.at("current").truth ? "in use" : "older";
    const std::string share = plain == 0 ? "-" : std::to_string((squeezed * 100 + plain / 2) / plain) + " %";
    table.add({{printable(one.at("type").text), Paint::strong},
               {one.at("id").text, Paint::dim},
               bytes_text(one.at("size").count()),
               {state, damage.empty() ? Paint::plain : Paint::warning},
               std::to_string(one.at("records").count()),
               bytes_text(plain),
               share});
    lines.push_back(JsonObject()
                        .text("id", one.at("id").text)
                        .text("type", one.at("type").text)
                        .number("size", one.at("size").count())
                        .truth("current", one.at("current").truth)
                        .text("damage", damage)
                        .number("records", one.at("records").count())
                        .number("plain_bytes", plain)
                        .number("squeezed_bytes", squeezed)
                        .done());
  }
  if (arguments.json) {
    std::printf("%s\n", json_list(lines).c_str());
  } else if (lines.empty()) {
    std::printf("no dictionaries: `mesh dict train` makes one\n");
  } else {
    table.print();
  }
  return Exit::ok;
}

// --- train

std::string record_type_of(const std::string& path, const std::string& name) {
  std::array<char, kMaxTypeBytes + 1> buffer;
  const ssize_t size = lgetxattr(path.c_str(), "user.mesh.type", buffer.data(), buffer.size());
  if (size > 0) return {buffer.data(), static_cast<std::size_t>(size)};
  const auto dot = name.rfind('.');
  return dot == std::string::npos || dot == 0 ? std::string() : name.substr(dot + 1);
}

// Files named by the user, and those of that type in folders named by him, in the order of their paths.
class Search {
 public:
  explicit Search(std::string type) : type_(std::move(type)) {}
  Status look_in(const std::string& path) {
    struct stat about {};
    if (stat(path.c_str(), &about) != 0) {
      const bool gone = errno == ENOENT;
      const Error failure = system_failure("Can't read", path);
      return gone ? error(Errc::not_found, failure.message) : failure;
    }
    if (!S_ISDIR(about.st_mode)) {
      take(path, about);
      return {};
    }
    std::vector<std::string> folders{path};
    while (!folders.empty() && paths_.size() < kMaxPaths) {
      const std::string at = std::move(folders.back());
      folders.pop_back();
      for (const auto& name : os::names_in(at).names) {
        const std::string full = at + "/" + name;
        if (lstat(full.c_str(), &about) != 0 || name == ".mesh") continue;
        if (S_ISDIR(about.st_mode)) {
          folders.push_back(full);
        } else if (record_type_of(full, name) == type_) {
          take(full, about);
        }
      }
    }
    return {};
  }
  // At most kMaxSamples evenly from all, as far as kMaxSampleBytes goes.
  std::vector<std::string> samples() {
    std::sort(paths_.begin(), paths_.end());
    std::vector<std::string> out;
    const std::size_t step = 1 + paths_.size() / kMaxSamples;
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < paths_.size() && bytes < kMaxSampleBytes; i += step) {
      std::string text = read_text(paths_[i]);
      if (text.empty() || text.size() > kMostSize) continue;
      bytes += text.size();
      out.push_back(std::move(text));
    }
    return out;
  }

 private:
  void take(const std::string& path, const struct stat& about) {
    if (!S_ISREG(about.st_mode) || about.st_size == 0 || about.st_size > static_cast<off_t>(kMostSize)) return;
    if (paths_.size() < kMaxPaths) paths_.push_back(path);
  }
  std::string type_;
  std::vector<std::string> paths_;
};

// "4096", "16K".
Result<std::size_t> size_of(const Arguments& arguments) {
  std::string text = arguments.value("--size");
  if (text.empty()) return kUsualSize;
  const bool kilo = text.ends_with('K') || text.ends_with('k');
  if (kilo) text.pop_back();
  std::size_t size = 0;
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), size);
  if (wrong == std::errc() && end == text.data() + text.size() && size <= kMostSize) {
    size *= kilo ? 1024 : 1;
    if (size >= kLeastSize && size <= kMostSize) return size;
  }
  return error(Errc::invalid, "--size takes 1K to 64K, not '" + printable(arguments.value("--size")) + "'.");
}

Status check_type(const std::string& type) {
  if (type.empty()) return error(Errc::invalid, "Say with --type which record type the dictionary is for.");
  if (type.size() <= kMaxTypeBytes && type.find('/') == std::string::npos && type != "." && type != "..") return {};
  return error(Errc::invalid, "A record type has at most 64 bytes and no '/'.");
}

// Into the mesh: only admins may, so most failures mean that.
Status install(const std::string& folder, const std::string& path, const std::string& bytes) {
  if (mkdir(folder.c_str(), 0755) != 0 && errno != EEXIST && errno != EROFS && errno != EACCES && errno != EPERM) {
    return system_failure("Can't make", folder);
  }
  if (write_text(path, bytes)) return {};
  if (errno != EROFS && errno != EACCES && errno != EPERM && errno != ENOENT) {
    return system_failure("Can't write", path);
  }
  return error(Errc::denied,
               "Only an admin of the network may put a dictionary into it, as root: run this on the node that made "
               "the network, or write a file with --output and copy it to " +
                   printable(path) + " there.");
}

std::string per_record(std::size_t bytes, std::size_t records) {
  std::array<char, 32> out;
  std::snprintf(out.data(), out.size(), "%.1f",
                static_cast<double>(bytes) / static_cast<double>(std::max<std::size_t>(1, records)));
  return out.data();
}

void report(const Arguments& arguments, const TrainedDictionary& made, const std::string& type,
            const std::string& path) {
  crypto::start();
  const std::string id = crypto::hash_of(as_bytes(made.bytes)).hex().substr(0, 16);
  if (arguments.json) {
    std::printf("%s\n", JsonObject()
                            .text("type", type)
                            .text("id", id)
                            .text("file", path)
                            .number("size", static_cast<std::int64_t>(made.bytes.size()))
                            .number("samples", static_cast<std::int64_t>(made.samples))
                            .number("held_out", static_cast<std::int64_t>(made.held_out))
                            .number("plain_bytes", static_cast<std::int64_t>(made.plain))
                            .number("zstd_bytes", static_cast<std::int64_t>(made.alone))
                            .number("squeezed_bytes", static_cast<std::int64_t>(made.with))
                            .done()
                            .c_str());
    return;
  }
  std::printf("dictionary  %s, %s, id %s\n", printable(path).c_str(),
              bytes_text(static_cast<std::int64_t>(made.bytes.size())).c_str(), id.c_str());
  std::printf("trained on  %zu records; on %zu others, bytes a record:\n", made.samples, made.held_out);
  std::printf("  as it is  %s\n  zstd      %s\n  with it   %s\n", per_record(made.plain, made.held_out).c_str(),
              per_record(made.alone, made.held_out).c_str(), per_record(made.with, made.held_out).c_str());
}

Exit train(const Arguments& arguments) {
  const std::string type = arguments.value("--type");
  if (Status sound = check_type(type); !sound) return complain(Exit::usage, sound.failure().message);
  const auto size = size_of(arguments);
  if (!size) return complain(Exit::usage, size.failure().message);
  if (arguments.words.size() < 2) return complain(Exit::usage, "Name files or directories to train from.");
  Search search(type);
  for (std::size_t i = 1; i < arguments.words.size(); ++i) {
    if (Status looked = search.look_in(arguments.words[i]); !looked) return complain(looked.failure());
  }
  const auto made = train_dictionary(search.samples(), *size);
  if (!made) return complain(Exit::failed, made.failure().message);
  std::string path = arguments.value("--output");
  if (path.empty()) {
    const auto place = find_place(arguments, arguments.mount);
    if (!place) return complain(place.failure());
    const std::string folder = place->mount + "/network/dictionaries";
    path = folder + "/" + type + ".zdict";
    if (Status done = install(folder, path, made->bytes); !done) return complain(done.failure());
  } else if (!write_text(path, made->bytes)) {
    return complain(system_failure("Can't write", path));
  }
  report(arguments, *made, type, path);
  return Exit::ok;
}

}  // namespace

Exit look_after_dictionaries(const Arguments& arguments) {
  if (!arguments.words.empty() && arguments.words[0] == "train") return train(arguments);
  if (arguments.words.empty() || (arguments.words[0] == "list" && arguments.words.size() == 1)) {
    return list_dictionaries(arguments);
  }
  return complain(Exit::usage, "`mesh dict` can list and train, not '" + printable(arguments.words[0]) +
                                   "'; `mesh help dict` says more.");
}

}  // namespace meshfs::tools
