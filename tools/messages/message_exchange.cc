#include "tools/messages/message_exchange.h"

#include <algorithm>
#include <cstring>

#include "schema/vocab/quoting.h"
#include "tools/messages/file_folder.h"
#include "tools/messages/name_lists.h"
#include "tools/messages/own_folder.h"

namespace meshfs::messages {
namespace {

std::string folder_trouble(const std::string& folder, int failure) {
  return failure == 0 ? "" : printable(folder) + " can't be read or written: " + std::strerror(failure);
}

}  // namespace

MessageExchange::MessageExchange(os::Loop& loop, const os::Log& log, const Options& options)
    : loop_(loop), options_(options), said_(log), watch_(loop, [this](const Names& names, bool lost) {
        if (lost || std::ranges::any_of(names, [](const std::string& name) { return !name.starts_with('.'); }))
          soon(os::Loop::now());
      }) {
  for (const transport::EngineConfig& engine : options_.engines) {
    if (engine.engine == "alfred") {
      alfred_ = std::make_unique<AlfredRound>(loop, said_, engine.path,
                                              [this](const Contents& records) { show_records(records); });
    } else {
      engines_.push_back(std::make_unique<EngineOutbox>(loop, said_, engine, [this] { soon(os::Loop::now()); }));
    }
  }
  timer_ = loop_.after({}, [this] { look(); });
}

MessageExchange::~MessageExchange() { loop_.cancel(timer_); }

void MessageExchange::soon(Instant when) {
  next_compare_ = std::min(next_compare_, when);
  loop_.cancel(timer_);
  timer_ = loop_.at(std::min(when, os::Loop::now() + kLook), [this] { look(); });
}

void MessageExchange::look() {
  for (const auto& engine : engines_) engine->look();
  const Instant now = os::Loop::now();
  if (now >= next_compare_ || now >= next_round_) compare();
  loop_.cancel(timer_);
  timer_ = loop_.at(std::max(std::min(next_compare_, now + kLook), now), [this] { look(); });
}

void MessageExchange::compare() {
  const Instant now = os::Loop::now();
  const auto own = own_folder(options_.mount, options_.node);
  said_.say("mount", own ? "" : own.failure().message + " Waiting for it.");
  next_compare_ = now + (own ? kWhole : kLook);
  if (!own) return;
  if (!engines_.empty()) compare_messages(*own);
  if (alfred_ && now >= next_round_) alfred_->start();
  if (now >= next_round_) next_round_ = now + kWhole;
}

void MessageExchange::compare_messages(const std::string& own) {
  const auto folder = folder_in(own, "sms");
  said_.say("sms made", folder ? "" : folder.failure().message);
  if (!folder) return;
  // Watched before it is read: what changes in between is told.
  if (!watch_.watching() || watched_ != *folder) watch_.watch(watched_ = *folder);
  NodeSide node;
  if (!read_node(*folder, node)) return;
  std::vector<EngineOutbox*> present;
  std::vector<EngineSide> sides;
  for (const auto& engine : engines_) {
    EngineSide side;
    if (!engine->there() || engine->read(side) != 0) continue;
    present.push_back(engine.get());
    sides.push_back(std::move(side));
  }
  const Steps steps = plan_messages(node, sides, present.size() == engines_.size());
  if (steps.unfinished) next_compare_ = std::min(next_compare_, os::Loop::now() + kLook);
  show_messages(*folder, node, steps.node);
  for (std::size_t i = 0; i < present.size(); ++i)
    next_compare_ = std::min(next_compare_, present[i]->apply(sides[i], steps.engines[i]));
}

bool MessageExchange::read_node(const std::string& folder, NodeSide& out) {
  FolderFiles found = read_folder(folder);
  said_.say("sms read", folder_trouble(folder, found.failure));
  out.files = std::move(found.files);
  out.imported = names_from(read_list(folder, kImportedList));
  return found.failure == 0;
}

void MessageExchange::show_messages(const std::string& folder, const NodeSide& before, const NodeSteps& steps) {
  Names names = steps.imported;
  names.insert(steps.hide.begin(), steps.hide.end());
  int failure = before.imported == names ? 0 : write_list(folder, kImportedList, text_of(names));
  if (failure == 0) failure = show(folder, steps);
  if (failure == 0 && !steps.hide.empty()) failure = write_list(folder, kImportedList, text_of(steps.imported));
  said_.say("sms written", folder_trouble(folder, failure));
}

void MessageExchange::show_records(const Contents& records) {
  const auto own = own_folder(options_.mount, options_.node);
  if (!own) return;
  const auto folder = folder_in(*own, "alfred");
  said_.say("alfred made", folder ? "" : folder.failure().message);
  if (!folder) return;
  const FolderFiles found = read_folder(*folder);
  const int failure = found.failure != 0 ? found.failure : show(*folder, plan_records(found.files, records));
  said_.say("alfred written", folder_trouble(*folder, failure));
}

}  // namespace meshfs::messages
