// mesh link: which engines of the mesh carry what no direct link does. They stand in the settings that the services read.
#include <algorithm>
#include <array>
#include <cstdio>
#include <vector>

#include "schema/vocab/quoting.h"
#include "tools/mesh/commands.h"
#include "tools/mesh/text_file.h"

namespace meshfs::tools {
namespace {

constexpr std::string_view kSetting = "MESHFS_BULLETINS";
constexpr std::array<std::string_view, 3> kEngines{"bmx7", "bmx6", "alfred"};
constexpr const char* kThen = "in use after: systemctl restart meshfs-syncd\n";

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> out;
  for (std::size_t at = 0, end; (at = text.find_first_not_of(" \t", at)) != std::string_view::npos; at = end) {
    end = std::min(text.find_first_of(" \t", at), text.size());
    out.emplace_back(text.substr(at, end - at));
  }
  return out;
}

std::string_view engine_of(std::string_view link) { return link.substr(0, link.find(':')); }

bool is_link(std::string_view link) {
  const std::string_view engine = engine_of(link);
  if (std::ranges::find(kEngines, engine) == kEngines.end()) return false;
  return link == engine || link.substr(engine.size()).starts_with(":/");
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

}  // namespace

Exit look_after_links(const Arguments& arguments) {
  const std::string file = arguments.has("--settings") ? arguments.value("--settings") : std::string(kSettings);
  const std::string text = read_text(file);
  std::vector<std::string> links = words_of(setting_in(text, kSetting));
  if (arguments.words.empty()) {
    for (const std::string& link : links) std::printf("%s\n", printable(link).c_str());
    if (links.empty()) std::printf("no engine is used; `mesh link add bmx7` adds one\n");
    return Exit::ok;
  }
  const std::string &what = arguments.words[0], &link = arguments.words.size() > 1 ? arguments.words[1] : what;
  if (arguments.words.size() != 2 || (what != "add" && what != "remove"))
    return complain(Exit::usage, "`mesh link` takes nothing, or `add ENGINE`, or `remove ENGINE`.");
  if (!is_link(link)) {
    return complain(Exit::usage, "'" + printable(link) +
                                     "' is no engine: write bmx7, bmx6 or alfred, and where its runtime directory or "
                                     "socket is another one, bmx7:/run/bmx7.");
  }
  const auto same = [&](const std::string& other) { return engine_of(other) == engine_of(link); };
  const bool there = std::ranges::any_of(links, same);
  if (what == "remove" && !there) return complain(Exit::failed, printable(link) + " is not in use.");
  if (std::ranges::find(links, link) != links.end() && what == "add") {
    std::printf("%s is in use already\n", link.c_str());
    return Exit::ok;
  }
  std::erase_if(links, same);
  if (what == "add") links.push_back(link);
  if (!write_text(file, with_setting(text, kSetting, joined(links)))) {
    return complain(Exit::failed, "cannot write " + printable(file) +
                                      "; run it as root, or start meshfs-syncd with --bulletin " + printable(link) +
                                      ".");
  }
  std::printf("%s %s\n%s", link.c_str(), what == "add" ? "added" : "removed", kThen);
  return Exit::ok;
}

}  // namespace meshfs::tools
