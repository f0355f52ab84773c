#include "fsd/core/demands.h"

#include "fsd/core/index_keys.h"

namespace meshfs::fsd {

using keys::Space;

namespace {

// Stands for readers where objects are listed that show a content. No volume has this tag, no object exists.
constexpr ObjectId kReaders{{{0, 0, 0, 0, 0, 0, 0, 5}}, {}};

Packer held_key() { return std::move(keys::begin(Space::kept_total).byte(2)); }

}  // namespace

// What readers of an earlier life held is nobody's now.
Demands::Demands(const Parts& parts) : parts_(parts) {
  const Packer prefix = held_key();
  std::vector<std::pair<Bytes, codec::ChunkedContent>> left;
  parts_.index.scan(prefix.view(), [&](ByteView key, ByteView row) {
    const auto rest = keys::after(key, prefix.view());
    if (!rest) return false;
    if (const auto root = Hash::from(*rest))
      left.emplace_back(copy_of(key), codec::ChunkedContent{Unpacker(row).number(), *root});
    return true;
  });
  for (const auto& [key, content] : left) {
    parts_.needs.unwant(kReaders, content);
    parts_.index.erase(key);
  }
}

// A version that was replaced while somebody reads it: its needs live on.
void Demands::hold(const codec::ChunkedContent& content) {
  if (!parts_.needs.waiting_for(content.root).empty()) return;
  held_[content.root] = content;
  parts_.index.put(held_key().fixed(content.root).view(), Packer().number(content.size).view());
  parts_.needs.leave_out(kReaders, content);
}

void Demands::let_go() {
  for (auto at = held_.begin(); at != held_.end();) {
    if (sources_.contains(at->first)) {
      ++at;
      continue;
    }
    parts_.needs.unwant(kReaders, at->second);
    parts_.index.erase(held_key().fixed(at->first).view());
    at = held_.erase(at);
  }
}

std::uint64_t Demands::wait(const codec::ChunkedContent& content, std::uint64_t offset, std::uint64_t length,
                            Ready ready) {
  return wait(content, offset, length, false, std::move(ready));
}

void Demands::pass_on(const std::vector<Hash>& blobs) {
  for (const Hash& blob : blobs) {
    const auto content = parts_.needs.resting(blob);
    if (!content || sources_.contains(blob) || sources_.size() >= kMaxPassedOn) continue;
    if (parts_.keeping.can_pass_on(content->size)) wait(*content, 0, 1, true, [](const Status&) {});
  }
}

std::uint64_t Demands::wait(const codec::ChunkedContent& content, std::uint64_t offset, std::uint64_t length,
                            bool quiet, Ready ready) {
  const std::uint64_t number = next_++;
  Wait& wait = waits_[number];
  wait.content = content;
  wait.offset = offset;
  wait.length = length;
  wait.ready = std::move(ready);
  if (const Status possible = parts_.keeping.can_hold(content.size); !possible) {
    wait.outcome = possible;
  } else if (waits_.size() > kMaxWaits) {
    wait.outcome = error(Errc::busy, "too many reads wait for content of other nodes");
  } else {
    hold(content);
    Source& source = sources_.try_emplace(content.root, Source{content, parts_.now, false, {}, true}).first->second;
    source.quiet = source.quiet && quiet;
    for (const ObjectId& object : parts_.needs.start(content, true)) parts_.objects.refresh(object);
    look(wait);
  }
  return number;
}

void Demands::look(Wait& wait) {
  wait.missing = parts_.needs.missing_of(wait.content, wait.offset, wait.length, kMaxUrged);
  if (wait.missing.empty()) {
    wait.outcome = Status();
    return;
  }
  parts_.needs.urge(parts_.needs.missing_of(wait.content, wait.offset, wait.length + kReadAhead, kMaxUrged));
}

void Demands::arrived(const Hash& blob) {
  for (auto& [number, wait] : waits_) {
    if (wait.outcome || std::erase(wait.missing, blob) == 0) continue;
    wait.without_room = kNever;
    if (wait.missing.empty()) look(wait);
  }
}

void Demands::progress(const Hash& root) {
  const auto at = sources_.find(root);
  if (at == sources_.end()) return;
  at->second.heard = parts_.now;
  at->second.asked = false;
}

void Demands::no_room(const Hash& blob) {
  for (auto& [number, wait] : waits_) {
    const bool concerned = std::find(wait.missing.begin(), wait.missing.end(), blob) != wait.missing.end();
    if (wait.outcome || !concerned) continue;
    if (wait.without_room == kNever) wait.without_room = parts_.now;
    sources_.at(wait.content.root).heard = parts_.now;  // others have it
  }
}

std::string Demands::path_of(const Hash& root) {
  for (const ObjectId& object : parts_.needs.waiting_for(root)) {
    if (object.volume != kReaders.volume) return parts_.files.path_to_be(object);
  }
  return {};
}

void Demands::ask_who_has(Source& source) {
  source.asked = true;
  if (source.quiet) return;
  source.holders = "no node in reach says that it has it";
  Subject subject;
  for (const ObjectId& object : parts_.needs.waiting_for(source.content.root)) {
    const ObjectRecord record = parts_.objects.load(object);
    if (record.heads.empty()) continue;
    subject = {object, record.heads.back().entry, source.content};
    break;
  }
  const auto done = [this, root = source.content.root, alive = std::weak_ptr(alive_)](const FarOutcome& outcome) {
    const auto at = alive.expired() ? sources_.end() : sources_.find(root);
    if (alive.expired() || at == sources_.end()) return;
    std::string names;
    for (const FarReply& one : outcome.replies) {
      if (one.reply.state != codec::Holding::holds && one.reply.state != codec::Holding::hidden) continue;
      names += (names.empty() ? "" : ", ") + one.node;
    }
    if (!names.empty()) at->second.holders = "held by " + names;
  };
  (void)parts_.inquiries.ask(subject, std::nullopt, kAskFor, done).ok();
}

void Demands::give_up(const Source& source) {
  const std::string path = path_of(source.content.root);
  const std::string why = "nothing of it came for " + std::to_string(to_ms(kPatience) / 1000) + " s; " + source.holders;
  if (!source.quiet) parts_.note((path.empty() ? "A file that is open" : path) + " could not be fetched: " + why + ".");
  for (auto& [number, wait] : waits_) {
    if (wait.content.root == source.content.root && !wait.outcome) wait.outcome = error(Errc::unreachable, why);
  }
  parts_.needs.rest(source.content);
}

Instant Demands::tick() {
  Instant next = kNever;
  for (auto& [root, source] : sources_) {
    if (parts_.now - source.heard >= kPatience) {
      give_up(source);
    } else if (!source.asked && parts_.now - source.heard >= kPatience - kAskFor) {
      ask_who_has(source);
    }
    next = std::min(next, source.heard + (source.asked ? kPatience : kPatience - kAskFor));
  }
  for (auto& [number, wait] : waits_) {
    if (wait.outcome || wait.without_room == kNever) continue;
    const Instant end = wait.without_room + kRoomPatience;
    if (parts_.now >= end) wait.outcome = error(Errc::no_space, "this node's disk has no room for it");
    next = std::min(next, end);
  }
  std::vector<std::pair<Ready, Status>> ready;
  for (auto at = waits_.begin(); at != waits_.end();) {
    if (!at->second.outcome) {
      ++at;
      continue;
    }
    ready.emplace_back(std::move(at->second.ready), *at->second.outcome);
    at = waits_.erase(at);
  }
  for (auto& [then, outcome] : ready) then(outcome);
  std::erase_if(sources_, [&](const auto& source) {
    return std::none_of(waits_.begin(), waits_.end(),
                        [&](const auto& wait) { return wait.second.content.root == source.first; });
  });
  let_go();
  return sources_.empty() ? kNever : next;
}

}  // namespace meshfs::fsd
