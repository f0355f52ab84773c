// mesh wait, mesh why: what other nodes hold, asked across the mesh.
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "schema/os/loop.h"
#include "tools/mesh/commands.h"
#include "tools/mesh/daemon_link.h"
#include "tools/mesh/progress.h"
#include "tools/mesh/screen.h"
#include "tools/mesh/why_text.h"

namespace meshfs::tools {
namespace {

constexpr std::int64_t kAskSeconds = 2;             // how long fsd gathers answers; each hop takes some ms
constexpr int kPauseMs = 500;                       // between questions: answers are cached for seconds anyway
constexpr Duration kFarPatience = seconds(60 + 5);  // `why` waits as long as --timeout says, at most a minute

struct Holders {
  Json answer;
  std::int64_t holding = 0, answered = 0;
};

Result<Holders> ask_holders(Asked& asked, const std::string& version, std::int64_t wait_s) {
  auto answer = asked.daemon.ask_json("holders", {asked.place.path, version, std::to_string(wait_s)}, kFarPatience);
  if (!answer) return answer.failure();
  Holders out{std::move(*answer), 0, 0};
  for (const auto& node : out.answer.at("nodes").list) {
    ++out.answered;
    out.holding += node.at("state").text == "holds" ? 1 : 0;
  }
  return out;
}

// A file just closed is cut into chunks and gets its version after that: this waits for it, a second per 100 MB or so.
Result<Holders> first_holders(Asked& asked, Instant deadline) {
  constexpr Duration kPublishWithin = seconds(60);
  const os::Fd file(open(asked.place.absolute().c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file) (void)fsync(file.get());
  const Instant give_up = std::min(deadline, os::Loop::now() + kPublishWithin);
  while (true) {
    auto holders = ask_holders(asked, "", kAskSeconds);
    const bool may_come = !holders && holders.code() == Errc::not_found && file && os::Loop::now() < give_up;
    if (!may_come) return holders;
    poll(nullptr, 0, kPauseMs);
  }
}

std::string names_of(const Holders& holders, bool holding) {
  std::string out;
  for (const auto& node : holders.answer.at("nodes").list) {
    if ((node.at("state").text == "holds") != holding) continue;
    out += (out.empty() ? "" : ", ") + printable(node.at("node").text);
    if (!holding && node.at("of").count() > 0)
      out += " (" + std::to_string(node.at("have").count()) + " of " + std::to_string(node.at("of").count()) + ")";
  }
  return out.empty() ? "none" : out;
}

std::string silent_names(const Holders& holders) {
  std::string out;
  for (const auto& name : holders.answer.at("silent").list) out += (out.empty() ? "" : ", ") + printable(name.text);
  return out;
}

std::string holders_json(const Asked& asked, const Holders& holders, bool done) {
  std::vector<std::string> nodes, silent;
  for (const auto& node : holders.answer.at("nodes").list) {
    nodes.push_back(JsonObject()
                        .text("node", node.at("node").text)
                        .text("state", node.at("state").text)
                        .number("have", node.at("have").count())
                        .number("of", node.at("of").count())
                        .number("hops", node.at("hops").count())
                        .done());
  }
  for (const auto& name : holders.answer.at("silent").list) silent.push_back(json_quoted(name.text));
  return JsonObject()
      .text("path", asked.place.path)
      .text("version", holders.answer.at("version").text)
      .truth("done", done)
      .number("holding", holders.holding)
      .raw("nodes", json_list(nodes))
      .raw("silent", json_list(silent))
      .done();
}

void report_holders(const Arguments& arguments, const Asked& asked, const Holders& holders) {
  if (arguments.json) {
    std::printf("%s\n", holders_json(asked, holders, true).c_str());
    return;
  }
  std::printf("%s hold %s: %s\n", count_text(holders.holding, "node", "nodes").c_str(), asked.place.shown().c_str(),
              names_of(holders, true).c_str());
  if (const auto silent = silent_names(holders); !silent.empty()) std::printf("not heard: %s\n", silent.c_str());
}

Exit time_is_up(const Arguments& arguments, const Asked& asked, const Holders& holders, std::int64_t wanted) {
  if (arguments.json) std::printf("%s\n", holders_json(asked, holders, false).c_str());
  std::string sentence =
      "Time is up: " + count_text(holders.holding, "node holds", "nodes hold") + " " + asked.place.shown();
  if (wanted > 0) sentence += ", not " + std::to_string(wanted);
  if (names_of(holders, false) != "none") sentence += "; still without: " + names_of(holders, false);
  if (const auto silent = silent_names(holders); !silent.empty()) sentence += "; not heard: " + silent;
  return complain(Exit::timed_out,
                  sentence + ". `mesh why " + asked.place.shown() + " --on NODE` says what a node waits for.");
}

}  // namespace

Exit wait_for_nodes(const Arguments& arguments) {
  const auto wanted = arguments.number("--nodes", 1, 0);
  if (!wanted) return complain(wanted.failure());
  const auto timeout_s = arguments.number("--timeout", 0, -1);
  if (!timeout_s) return complain(timeout_s.failure());
  auto asked = ask_about(arguments, arguments.words[0]);
  if (!asked) return complain(asked.failure());
  const Instant deadline =
      *timeout_s < 0 ? kNever : os::Loop::now() + seconds(std::min<std::int64_t>(*timeout_s, 1'000'000'000));
  Progress progress("waiting for nodes", *wanted, Progress::Unit::things);
  std::string version;  // that of the first answer: a later write is not what was waited for
  while (true) {
    const auto holders = version.empty() ? first_holders(*asked, deadline) : ask_holders(*asked, version, kAskSeconds);
    if (!holders) return complain(holders.failure());
    version = holders->answer.at("version").text;
    const std::int64_t needed = *wanted > 0 ? *wanted : holders->answered;
    progress.set_total(needed);
    progress.reach(holders->holding);
    if (holders->holding >= needed) {
      progress.finish();
      report_holders(arguments, *asked, *holders);
      return Exit::ok;
    }
    if (os::Loop::now() >= deadline) {
      progress.finish();
      return time_is_up(arguments, *asked, *holders, *wanted);
    }
    poll(nullptr, 0, kPauseMs);
  }
}

Exit explain_why(const Arguments& arguments) {
  const std::string node = arguments.value("--on");
  if (node.empty())
    return complain(Exit::usage, "mesh why needs --on NODE: `mesh peers` and the folders of nodes/ name the nodes.");
  const auto timeout_s = arguments.number("--timeout", 1, 3);
  if (!timeout_s) return complain(timeout_s.failure());
  auto asked = ask_about(arguments, arguments.words[0]);
  if (!asked) return complain(asked.failure());
  const std::int64_t wait_s = std::min<std::int64_t>(*timeout_s, 60);
  const auto answer = asked->daemon.ask("why", {asked->place.path, node, std::to_string(wait_s)}, kFarPatience);
  if (!answer && answer.code() == Errc::not_found) return complain(Exit::not_found, answer.failure().message);
  if (!answer) return complain(answer.failure());
  const auto json = parse_json(*answer);
  if (!json) return complain(Exit::other_version, "meshfs-fsd's answer can't be read: install both from one release.");
  if (arguments.json) {
    std::fputs(answer->c_str(), stdout);
  } else {
    std::printf("%s\n", why_text(*json, asked->place.shown()).c_str());
  }
  return json->at("answered").truth ? Exit::ok : Exit::unreachable;
}

}  // namespace meshfs::tools
