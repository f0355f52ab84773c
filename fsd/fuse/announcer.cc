#include "fsd/fuse/announcer.h"

#include <algorithm>
#include <cstring>

namespace meshfs::fsd::fuse {

using What = Visible::What;

namespace {

template <std::size_t N>
bool put(char (&field)[N], const std::string& text) {
  if (text.size() >= N) return false;
  std::memcpy(field, text.c_str(), text.size() + 1);
  return true;
}

}  // namespace

Announcer::Announcer(HeldTree& tree, InodeTable& inodes, OpenFiles& files, ContentIo& content, Clock& clock,
                     Ports ports)
    : tree_(tree), inodes_(inodes), files_(files), content_(content), clock_(clock), ports_(std::move(ports)) {}

Announcer::Known Announcer::known(const Visible& change) const {
  Known out{inodes_.bound(change.directory).value_or(0), 0, inodes_.bound(change.node).value_or(0)};
  if (change.what == What::moved) out.from = inodes_.bound(change.from_directory).value_or(0);
  return out;
}

void Announcer::take(const Visible& change, const Known& known) {
  if (!on_) return ports_.forget(change);
  if (merge(change)) return;
  if (!known.any()) return ports_.forget(change);
  if (waiting_.size() >= kMaxWaiting) {
    if (!std::exchange(flooded_, true)) {
      ports_.note(
          "More changes arrive than programs that watch can be told of: some get no event, .mesh/events has all.");
    }
    return ports_.forget(change);
  }
  add(change, known, false);
  pump();
}

// What concerns a thing that is itself still on its way goes with it: it is seen once, as it is then.
bool Announcer::merge(const Visible& change) {
  const bool moved = change.what == What::moved;
  const NodeKey& directory = moved ? change.from_directory : change.directory;
  std::uint64_t owner = tree_.hider(directory, moved ? change.from_name : change.name);
  const bool changed = change.what == What::content || change.what == What::attributes;
  if (owner == 0 && changed) owner = tree_.keeper(change.node);
  const auto earlier = owner == 0 ? waiting_.end() : waiting_.find(owner);
  if (earlier == waiting_.end() || earlier->second.change.node != change.node) return false;
  if (changed) return true;
  if (change.what == What::removed) return merge_removal(change, earlier->second);
  return moved && merge_move(change, earlier->second);
}

bool Announcer::merge_removal(const Visible&, Waiting& earlier) {
  release(earlier);
  if (earlier.stage == Stage::sent) return true;  // the herald will find nothing to show
  if (earlier.change.what == What::moved) {       // it left its old name, and that is all there is to tell
    earlier.change = Visible{What::removed, earlier.change.from_directory, earlier.change.from_name,
                             earlier.change.node, earlier.change.kind};
    earlier.known.directory = std::exchange(earlier.known.from, 0);
    return true;
  }
  waiting_.erase(earlier.number);
  return true;
}

bool Announcer::merge_move(const Visible& change, Waiting& earlier) {
  if (earlier.stage == Stage::sent) {
    Visible came = change;
    came.what = What::added;
    release(earlier);
    take(came, known(came));
    return true;
  }
  release(earlier);
  earlier.change.directory = change.directory;
  earlier.change.name = change.name;
  earlier.known.directory = inodes_.bound(change.directory).value_or(0);
  hold(earlier);
  return true;
}

void Announcer::add(const Visible& change, const Known& known, bool late) {
  Waiting waiting;
  waiting.number = next_++;
  waiting.change = change;
  waiting.known = known;
  waiting.late = late;
  const bool trusted = late || (clock_.now() - watched_at_ <= kTrust && is_watched(known));
  waiting.stage = trusted ? Stage::ready : Stage::asked;
  waiting.needs_scan = scan_ + 1;
  if (!late) hold(waiting);
  waiting_.emplace(waiting.number, std::move(waiting));
}

void Announcer::hold(Waiting& waiting) {
  const Visible& change = waiting.change;
  if (change.what == What::added || change.what == What::moved) {
    tree_.hide(change.directory, change.name, waiting.number);
  } else if (change.what == What::content && change.before != nullptr && tree_.keeper(change.node) == 0) {
    tree_.keep_version(change.node, change.before, waiting.number);
  }
}

void Announcer::release(const Waiting& waiting) {
  const Visible& change = waiting.change;
  if (change.what == What::added || change.what == What::moved) {
    tree_.unhide(change.directory, change.name, waiting.number);
  } else if (change.what == What::content) {
    tree_.show_version(change.node, waiting.number);
  }
}

void Announcer::commit(Waiting& waiting) {
  release(waiting);
  waiting.performed = true;
}

// --- the queue ---

void Announcer::pump() {
  for (auto it = waiting_.upper_bound(sent_to_); it != waiting_.end();) {
    Waiting& one = it->second;
    if (one.stage == Stage::asked) break;
    if (one.stage == Stage::ready && sent_ >= kMaxSent) return;
    const bool unwatched = one.stage == Stage::unwatched;
    const auto form = unwatched ? std::nullopt : form_of(one);
    if (form) {
      one.form = *form;
      if (!send(one)) return;  // after the next answer
      sent_to_ = it->first;
      ++it;
      continue;
    }
    let_go(one);
    it = waiting_.erase(it);
  }
  const bool asks = waiting_.upper_bound(sent_to_) != waiting_.end();
  if (asks || !let_go_.empty()) ask_for_scan();
  if (waiting_.empty()) flooded_ = false;
  if (sent_ > 0 || scanning_) ports_.wake(answered_ + kPatience);
}

void Announcer::let_go(const Waiting& waiting) {
  release(waiting);
  ports_.forget(waiting.change);
  ++figures_.let_go;
  if (waiting.stage == Stage::unwatched && let_go_.size() < kMaxLetGo) {
    let_go_.emplace_back(waiting.change, waiting.known);
  }
}

bool Announcer::send(Waiting& waiting) {
  HeraldOrder order;
  order.number = waiting.number;
  order.form = waiting.form;
  order.directory = waiting.known.directory;
  order.from_directory = waiting.known.from;
  if (waiting.form == Form::grow) {
    if (const auto info = tree_.real().info(waiting.change.node)) order.size = codec::size_of(info->content);
  }
  put(order.name, waiting.change.name);
  put(order.from_name, waiting.change.from_name);
  if (!ports_.send(order)) return false;
  if (sent_ == 0 && !scanning_) answered_ = clock_.now();
  waiting.stage = Stage::sent;
  ++sent_;
  return true;
}

// Which operation makes the event of this change. None: there is nothing to tell (any more).
std::optional<Announcer::Form> Announcer::form_of(Waiting& waiting) {
  const Visible& change = waiting.change;
  switch (change.what) {
    case What::added:
      return form_of_addition(waiting);
    case What::removed:
      if (waiting.known.directory == 0) return std::nullopt;
      return change.kind == codec::Kind::directory ? Form::remove_directory : Form::remove_file;
    case What::moved:
      if (waiting.known.directory == 0) return Form::move_out;
      return waiting.known.from == 0 ? Form::replace : Form::move;
    case What::content:
      return form_of_content(waiting);
    case What::attributes:
      if (waiting.known.directory == 0) return std::nullopt;
      return Form::touch;
  }
  return std::nullopt;
}

std::optional<Announcer::Form> Announcer::form_of_addition(const Waiting& waiting) {
  const Visible& change = waiting.change;
  if (waiting.known.directory == 0) return std::nullopt;
  const bool shows = tree_.hider(change.directory, change.name) != waiting.number;
  if (shows && change.kind == codec::Kind::directory) {
    // Who is in it already must not lose the ground under his feet.
    return inodes_.bound(change.node) ? Form::touch : Form::replace;
  }
  // Nor who has a file open the one that he reads.
  const auto ino = inodes_.bound(change.node);
  if (shows && ino && files_.find(*ino) != nullptr) return Form::touch;
  if (shows) return Form::replace;
  switch (change.kind) {
    case codec::Kind::file:
      return Form::make_file;
    case codec::Kind::directory:
      return Form::make_directory;
    case codec::Kind::symlink:
      return Form::make_symlink;
  }
  return Form::replace;
}

std::optional<Announcer::Form> Announcer::form_of_content(Waiting& waiting) {
  const Visible& change = waiting.change;
  if (waiting.known.directory == 0) return std::nullopt;
  const auto ino = inodes_.bound(change.node);
  const OpenFile* file = ino ? files_.find(*ino) : nullptr;
  if (file != nullptr && waiting.late && waiting.tries == 0) return Form::touch;  // he shall go on reading it
  if (file != nullptr && file->dirty()) return std::nullopt;  // this node shows what is being written here
  const auto now = tree_.real().info(change.node);
  if (!now) return std::nullopt;
  waiting.version = now->content_stamp;
  const bool in_place = file == nullptr || !file->staging;
  const bool grows = in_place && !waiting.late && change.before != nullptr && waiting.tries == 0 &&
                     seal_mark(now->attributes).empty() && content_.grew(change.before->content, now->content);
  return grows ? Form::grow : Form::replace;
}

void Announcer::stop() {
  if (!std::exchange(on_, false)) return;
  for (auto& [number, waiting] : std::exchange(waiting_, {})) {
    release(waiting);
    if (!waiting.performed) ports_.forget(waiting.change);
  }
  let_go_.clear();
  sent_ = 0;
  scanning_ = false;
}

void Announcer::tick() {
  if (!on_) return;
  if ((sent_ > 0 || scanning_) && clock_.now() - answered_ >= kPatience) return ports_.give_up();
  pump();
}

// --- answers ---

void Announcer::answered(const HeraldAnswer& answer, std::span<const std::uint64_t> watched) {
  answered_ = clock_.now();
  if (answer.number >= kScanNumber) return scanned(answer, watched);
  const auto at = waiting_.find(answer.number);
  if (at != waiting_.end() && at->second.stage == Stage::sent) {
    --sent_;
    Waiting& waiting = at->second;
    if (waiting.performed && answer.error == 0) {
      ++figures_.events;
      waiting_.erase(at);
    } else if (!again(waiting)) {
      release(waiting);
      ports_.forget(waiting.change);
      ++figures_.let_go;
      waiting_.erase(at);
    }
  }
  pump();
}

// A local program was quicker: it looked the name up, or made the kernel take old and new for one. What shows is right;
// one rename more makes the event.
bool Announcer::again(Waiting& waiting) {
  const What what = waiting.change.what;
  if ((what != What::added && what != What::content) || ++waiting.tries > 2) return false;
  const auto node = tree_.real().lookup(waiting.change.directory, waiting.change.name);
  if (!node || *node != waiting.change.node) return false;
  release(waiting);
  waiting.performed = false;
  waiting.late = true;
  const auto form = form_of(waiting);
  if (!form) return false;
  waiting.form = *form;
  return send(waiting);
}

// --- requests ---

Announcer::Waiting* Announcer::under_way(Form form, Ino directory, std::string_view name) {
  for (auto it = waiting_.begin(); it != waiting_.end() && it->first <= sent_to_; ++it) {
    Waiting& one = it->second;
    if (one.stage != Stage::sent || one.performed || one.form != form) continue;
    if (one.known.directory == directory && one.change.name == name) return &one;
  }
  return nullptr;
}

Announcer::Waiting* Announcer::under_way(Form form, Ino node) {
  for (auto it = waiting_.begin(); it != waiting_.end() && it->first <= sent_to_; ++it) {
    Waiting& one = it->second;
    if (one.stage != Stage::sent || one.performed || one.form != form) continue;
    if (inodes_.bound(one.change.node) == node) return &one;
  }
  return nullptr;
}

Announcer::Waiting* Announcer::leaving(Form form, Ino directory, std::string_view name) {
  if (form == Form::remove_file || form == Form::remove_directory) return under_way(form, directory, name);
  for (auto it = waiting_.begin(); it != waiting_.end() && it->first <= sent_to_; ++it) {
    Waiting& one = it->second;
    if (one.stage != Stage::sent || one.performed || one.form != form) continue;
    if (one.known.from == directory && one.change.from_name == name) return &one;
  }
  return nullptr;
}

Announcer::Waiting* Announcer::under_way(std::uint64_t number) {
  const auto at = waiting_.find(number);
  return at == waiting_.end() || at->second.stage != Stage::sent ? nullptr : &at->second;
}

bool Announcer::departs(Ino directory, std::string_view name) const {
  return std::any_of(waiting_.begin(), waiting_.end(), [&](const auto& one) {
    const Waiting& w = one.second;
    if (w.change.what == What::removed) return w.known.directory == directory && w.change.name == name;
    return w.change.what == What::moved && w.known.from == directory && w.change.from_name == name;
  });
}

Announcer::Figures Announcer::figures() const {
  Figures out = figures_;
  out.waiting = waiting_.size();
  return out;
}

}  // namespace meshfs::fsd::fuse
