#include "fsd/main/keep_answers.h"

#include <algorithm>

#include "fsd/main/json_text.h"

namespace meshfs::fsd {
namespace {

template <class Items, class Text>
std::string json_list(const Items& items, const Text& text) {
  JsonList out('[', ']');
  for (const auto& one : items) out.add(text(one));
  return out.str();
}

std::string quoted_list(const std::vector<std::string>& texts) {
  return json_list(texts, [](const std::string& one) { return json_quoted(one); });
}

std::vector<std::string> rule_lines(const KeepRules& rules) {
  std::vector<std::string> out;
  std::string text = rules.text();
  for (std::size_t end; (end = text.find('\n')) != std::string::npos; text.erase(0, end + 1)) {
    if (!text.starts_with('#')) out.push_back(text.substr(0, end));
  }
  return out;
}

std::string without_slashes(std::string path) {
  while (path.starts_with('/')) path.erase(0, 1);
  while (path.ends_with('/')) path.pop_back();
  return path;
}

std::string dropped_json(const Evictions::Dropped& dropped) {
  const auto stayed = [](const Evictions::Dropped::Stayed& one) {
    return json_object({text_member("path", one.path), text_member("why", one.why)});
  };
  return json_object({member("files", dropped.files), member("bytes", dropped.bytes), member("stayed", dropped.stayed),
                      member("why_stayed", json_list(dropped.why_stayed, stayed)), member("lost", dropped.lost),
                      member("lost_paths", quoted_list(dropped.lost_paths))}) +
         "\n";
}

}  // namespace

bool KeepAnswers::answer(const std::string& verb, const std::string& argument, const Answers::Reply& reply) {
  if (verb != "keep" && verb != "pin" && verb != "unpin" && verb != "drop") return false;
  std::vector<std::string> fields;
  for (std::size_t from = 0, zero = 0; zero != std::string::npos; from = zero + 1) {
    zero = argument.find('\0', from);
    fields.push_back(argument.substr(from, zero == std::string::npos ? zero : zero - from));
  }
  Status done;
  if (verb == "drop") {
    drop(fields[0], fields.size() > 1 && fields[1] == "force", reply);
    return true;
  }
  if (verb == "pin" || verb == "unpin") done = pin(fields[0], verb == "pin");
  if (verb == "keep" && fields.size() > 1 && fields[1] == "set") {
    done = set({fields.begin() + 2, fields.end()});
  }
  reply(done ? Result<std::string>(report()) : Result<std::string>(done.failure()));
  return true;
}

std::string KeepAnswers::report() const {
  const Replica::Keep now = replica_.keep();
  const auto too_large = [](const Replica::TooLarge& one) {
    return json_object({text_member("path", one.path), member("bytes", one.bytes), text_member("why", one.why)});
  };
  return json_object(
             {text_member("file", file_.path()), member("rules", quoted_list(rule_lines(now.rules))),
              member("everything", now.rules.everything()), member("wrong_lines", quoted_list(file_.complaints())),
              member("budget", now.budget ? std::to_string(*now.budget) : "null"), member("kept_files", now.kept_files),
              member("kept_bytes", now.kept_bytes), member("fetching_bytes", now.fetching_bytes),
              member("placeholders", now.placeholders), member("placeholder_bytes", now.placeholder_bytes),
              member("wait_for_room", now.waits_for_room), member("judging", now.judging),
              member("over_budget", now.gone.over_budget), member("last_copies", now.gone.last_copies),
              member("dropped", now.gone.dropped), member("dropped_bytes", now.gone.dropped_bytes),
              member("dropped_last", quoted_list(now.gone.last)),
              member("too_large", json_list(replica_.too_large(20), too_large))}) +
         "\n";
}

Status KeepAnswers::save(const KeepRules& rules) {
  if (Status saved = file_.save(rules); !saved) return saved;
  changed_();
  return {};
}

Status KeepAnswers::set(const std::vector<std::string>& lines) {
  KeepRules now = file_.rules();
  const auto is_pattern = [](const std::string& line) { return line.starts_with("only ") || line.starts_with("not "); };
  if (std::any_of(lines.begin(), lines.end(), is_pattern)) now.patterns.clear();
  for (const std::string& line : lines) {
    if (line == "everything") {
      now.budget.reset();
      now.max_file.reset();
      now.patterns.clear();
    } else if (line == "budget none") {
      now.budget.reset();
    } else if (line == "max-file none") {
      now.max_file.reset();
    } else if (line.find('\n') != std::string::npos) {
      return error(Errc::invalid, "A rule is one line.");
    } else if (Status added = now.add(line); !added) {
      return added;
    }
  }
  return save(now);
}

Status KeepAnswers::pin(const std::string& given, bool pinned) {
  const std::string path = without_slashes(given);
  KeepRules now = file_.rules();
  if (!pinned) {
    if (now.pins.erase(path) > 0) return save(now);
    const bool above = now.is_pinned(path);
    return error(Errc::not_found, "'/" + path + "' is not pinned" +
                                      (above ? " itself, but a directory it lies in is: see `mesh keep`." : "."));
  }
  if (path.find('\n') != std::string::npos)
    return error(Errc::invalid, "A path with a line break can't be pinned: pin its directory.");
  if (const auto there = replica_.at_path(path); !there) return error(there.code(), "'/" + path + "' is not there.");
  if (Status added = now.add("pin /" + path); !added) return added;
  return save(now);
}

void KeepAnswers::drop(const std::string& path, bool force, const Answers::Reply& reply) {
  const Status begun = replica_.drop(without_slashes(path), force, [reply](const Evictions::Dropped& dropped) {
    reply(Result<std::string>(dropped_json(dropped)));
  });
  if (!begun) reply(begun.failure());
}

}  // namespace meshfs::fsd
