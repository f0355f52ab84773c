// mesh keep, pin, unpin, drop: what of the content lies on this node.
#include <cstdio>

#include "tools/mesh/commands.h"
#include "tools/mesh/daemon_link.h"
#include "tools/mesh/screen.h"

namespace meshfs::tools {
namespace {

constexpr Duration kDropPatience = seconds(3600);  // fsd asks other nodes about two contents a second

std::string paths_of(const Json& list) {
  std::string out;
  for (const auto& one : list.list) out += (out.empty() ? "" : ", ") + printable(one.text);
  return out;
}

void print_report(const Json& keep) {
  if (keep.at("everything").truth) {
    std::printf("keeps       everything\n");
  } else {
    const auto budget = keep.at("budget");
    std::printf("keeps       %s in %s%s\n", bytes_text(keep.at("kept_bytes").count()).c_str(),
                count_text(keep.at("kept_files").count(), "content", "contents").c_str(),
                budget.kind == Json::Kind::number ? (", of a budget of " + bytes_text(budget.count())).c_str() : "");
  }
  for (const auto& rule : keep.at("rules").list) std::printf("            %s\n", printable(rule.text).c_str());
  std::printf("fetching    %s\n", bytes_text(keep.at("fetching_bytes").count()).c_str());
  std::printf("not here    %s, %s%s\n",
              count_text(keep.at("placeholders").count(), "placeholder", "placeholders").c_str(),
              bytes_text(keep.at("placeholder_bytes").count()).c_str(),
              keep.at("judging").truth ? " (still looking through the tree)" : "");
  if (keep.at("wait_for_room").count() > 0)
    std::printf("            %s for room\n", count_text(keep.at("wait_for_room").count(), "waits", "wait").c_str());
  for (const auto& one : keep.at("too_large").list)
    std::printf("            %s, %s: %s\n", printable(one.at("path").text).c_str(),
                bytes_text(one.at("bytes").count()).c_str(), one.at("why").text.c_str());
  std::printf(
      "dropped     %s, %s since the start%s%s\n", count_text(keep.at("dropped").count(), "content", "contents").c_str(),
      bytes_text(keep.at("dropped_bytes").count()).c_str(), keep.at("dropped_last").list.empty() ? "" : ", last ",
      keep.at("dropped_last").list.empty() ? "" : printable(keep.at("dropped_last").list.front().text).c_str());
  if (keep.at("over_budget").truth)
    std::printf(
        "! over the budget: no other node in reach has %s that would have to go\n"
        "  -> wait until others have them, raise the budget, or `mesh drop --force PATH`\n",
        count_text(keep.at("last_copies").count(), "content", "contents").c_str());
  for (const auto& line : keep.at("wrong_lines").list)
    std::printf("! %s\n  -> repair that line; the others count\n", printable(line.text).c_str());
}

Exit show_report(const Arguments& arguments, const std::string& text) {
  if (arguments.json) {
    std::fputs(text.c_str(), stdout);
    return Exit::ok;
  }
  const auto keep = parse_json(text);
  if (!keep) return complain(Exit::other_version, "meshfs-fsd's answer can't be read: install both from one release.");
  print_report(*keep);
  return Exit::ok;
}

// Options as lines of the file of rules, in the order they were given.
std::vector<std::string> rules_of(const Arguments& arguments) {
  std::vector<std::string> lines;
  for (const auto& [name, value] : arguments.options) {
    if (name == "--everything") lines.insert(lines.begin(), "everything");
    if (name == "--budget" || name == "--max-file" || name == "--only" || name == "--not")
      lines.push_back(std::string(name.substr(2)) + " " + value);
  }
  return lines;
}

Exit change_pins(const Arguments& arguments, const char* verb) {
  std::string text;
  for (const std::string& word : arguments.words) {
    auto asked = ask_about(arguments, word);
    if (!asked) return complain(asked.failure());
    const auto answer = asked->daemon.ask(verb, {asked->place.path});
    if (!answer) return complain(answer.failure());
    text = *answer;
  }
  if (arguments.json) std::fputs(text.c_str(), stdout);
  return Exit::ok;
}

}  // namespace

Exit keep_content(const Arguments& arguments) {
  auto daemon = DaemonLink::of_mount(arguments, arguments.mount);
  if (!daemon) return complain(daemon.failure());
  std::vector<std::string> fields{""};
  if (const auto lines = rules_of(arguments); !lines.empty()) {
    fields.emplace_back("set");
    fields.insert(fields.end(), lines.begin(), lines.end());
  }
  const auto answer = daemon->ask("keep", fields);
  if (!answer && answer.code() == Errc::invalid) return complain(Exit::usage, answer.failure().message);
  if (!answer) return complain(answer.failure());
  return show_report(arguments, *answer);
}

Exit pin_content(const Arguments& arguments) { return change_pins(arguments, "pin"); }

Exit unpin_content(const Arguments& arguments) { return change_pins(arguments, "unpin"); }

Exit drop_content(const Arguments& arguments) {
  auto asked = ask_about(arguments, arguments.words[0]);
  if (!asked) return complain(asked.failure());
  const auto answer =
      asked->daemon.ask("drop", {asked->place.path, arguments.has("--force") ? "force" : ""}, kDropPatience);
  if (!answer) return complain(answer.failure());
  const auto dropped = parse_json(*answer);
  if (!dropped)
    return complain(Exit::other_version, "meshfs-fsd's answer can't be read: install both from one release.");
  const Json& lost = dropped->at("lost_paths");
  if (arguments.json) {
    std::fputs(answer->c_str(), stdout);
  } else {
    std::printf("dropped %s, %s\n", count_text(dropped->at("files").count(), "content", "contents").c_str(),
                bytes_text(dropped->at("bytes").count()).c_str());
    if (dropped->at("lost").count() > 0) std::printf("lost: no other node in reach has %s\n", paths_of(lost).c_str());
  }
  if (dropped->at("stayed").count() == 0) return Exit::ok;
  const auto& first = dropped->at("why_stayed").list.front();
  return complain(Exit::refused, count_text(dropped->at("stayed").count(), "content stays", "contents stay") + ", " +
                                     printable(first.at("path").text) + " as " + first.at("why").text + ".");
}

}  // namespace meshfs::tools
