#include "tools/messages/engine_outbox.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "schema/vocab/quoting.h"
#include "tools/messages/file_folder.h"
#include "tools/messages/name_lists.h"

namespace meshfs::messages {
namespace {

const transport::SmsKind& kind_of(const std::string& engine) {
  return engine == transport::kBmx6.engine ? transport::kBmx6 : transport::kBmx7;
}

bool concerns_messages(const std::string& name) { return !name.starts_with('.') && !is_of_meshfs(name); }

}  // namespace

EngineOutbox::EngineOutbox(os::Loop& loop, SaidOnce& said, const transport::EngineConfig& config,
                           std::function<void()> on_changed)
    : said_(said),
      kind_(kind_of(config.engine)),
      runtime_dir_(config.path.empty() ? kind_.runtime_dir : config.path),
      folder_(transport::send_folder(runtime_dir_)),
      client_program_(config.client.empty() ? kind_.engine : config.client),
      on_changed_(std::move(on_changed)),
      watch_(loop,
             [this](const Names& names, bool lost) {
               if (lost || std::ranges::any_of(names, concerns_messages)) on_changed_();
             }),
      client_(loop) {}

void EngineOutbox::look() {
  const transport::SmsInstance now = transport::sms_instance(runtime_dir_);
  const bool another = now != instance_;
  if (another) {
    instance_ = now;
    registered_.clear();
    unregister_.clear();
    retry_at_ = {};
    back_off_ = kBackOff;
  }
  said_.say(folder_, there() ? ""
                             : std::string(kind_.engine) + " does not run with its sms plugin in " + runtime_dir_ +
                                   ": waiting for it");
  if (!there()) return;
  if (another || !watch_.watching()) watch_.watch(folder_);
  if (another) on_changed_();
  call_client();
}

int EngineOutbox::read(EngineSide& out) const {
  out.kind = &kind_;
  FolderFiles found = read_folder(folder_);
  out.files = std::move(found.files);
  out.exported = exported_from(read_list(folder_, kExportedList));
  said_.say(folder_ + " read", found.failure == 0 ? "" : folder_ + " can't be read: " + std::strerror(found.failure));
  return found.failure;
}

Instant EngineOutbox::apply(const EngineSide& side, const EngineSteps& steps) {
  say_refused(steps);
  const bool changes = !steps.put.empty() || !steps.withdraw.empty();
  const Instant now = os::Loop::now();
  if (changes && now < next_change_) return next_change_;
  const int failure = change(side, steps);
  said_.say(folder_ + " write", failure == 0 ? "" : folder_ + " can't be written: " + std::strerror(failure));
  if (changes) next_change_ = now + kPace;
  published_ = steps.published;
  for (const std::string& name : steps.withdraw) {
    unregister_.insert(name);
    registered_.erase(name);
  }
  for (const std::string& name : published_) unregister_.erase(name);
  call_client();
  return kNever;
}

int EngineOutbox::change(const EngineSide& side, const EngineSteps& steps) {
  Exported before = steps.exported;
  for (const std::string& name : steps.withdraw) before[name] = side.exported.at(name);
  int failure = write_list(folder_, kExportedList, text_of(before));
  for (auto put = steps.put.begin(); put != steps.put.end() && failure == 0; ++put)
    failure = put_file(folder_, put->first, put->second, 0644);
  for (auto name = steps.withdraw.begin(); name != steps.withdraw.end() && failure == 0; ++name)
    failure = remove_file(folder_, *name);
  return failure != 0 ? failure : write_list(folder_, kExportedList, text_of(steps.exported));
}

void EngineOutbox::say_refused(const EngineSteps& steps) {
  for (const std::string& name : refused_) {
    if (!steps.refused.contains(name)) said_.say(folder_ + '/' + name, "");
  }
  refused_.clear();
  for (const auto& [name, sentence] : steps.refused) {
    refused_.insert(name);
    said_.say(folder_ + '/' + name, sentence);
  }
}

void EngineOutbox::call_client() {
  if (!there() || client_.busy() || os::Loop::now() < retry_at_) return;
  Names due;
  std::ranges::set_difference(published_, registered_, std::inserter(due, due.end()));
  const bool registering = !due.empty();
  if (!registering) due = unregister_;
  if (due.empty()) return;
  while (due.size() > kNamesPerCall) due.erase(std::prev(due.end()));
  std::vector<std::string> command{client_program_, "runtimeDir=" + runtime_dir_, "-c"};
  for (const std::string& name : due) command.push_back((registering ? "syncSms=" : "syncSms=-") + name);
  client_.start(std::move(command), [this, due, registering](const transport::ClientCall::Outcome& outcome) {
    called(due, registering, outcome);
  });
}

void EngineOutbox::called(const Names& names, bool registering, const transport::ClientCall::Outcome& outcome) {
  const std::string line = printable(outcome.output.substr(0, outcome.output.find('\n')));
  std::string trouble;
  if (outcome.not_started != 0) {
    trouble = "the program '" + client_program_ + "' can't be started: " + std::strerror(outcome.not_started);
  } else if (outcome.timed_out) {
    trouble = std::string(kind_.engine) + " does not answer its program '" + client_program_ + "'";
  } else if (registering && (outcome.code != 0 || outcome.output.find("ERROR") != std::string::npos)) {
    trouble = std::string(kind_.engine) +
              " refused to send messages (syncSms): " + (line.empty() ? "code " + std::to_string(outcome.code) : line);
  }
  said_.say(folder_ + " client", trouble);
  if (!trouble.empty()) {
    retry_at_ = os::Loop::now() + back_off_;
    back_off_ = std::min(back_off_ * 2, kMostBackOff);
    return;
  }
  back_off_ = kBackOff;
  for (const std::string& name : names) {
    // An engine that does not know a name to forget is as good as one that forgot it.
    if (!registering) unregister_.erase(name);
    if (registering && published_.contains(name)) registered_.insert(name);
  }
  call_client();
}

}  // namespace meshfs::messages
