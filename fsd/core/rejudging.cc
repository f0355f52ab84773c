#include "fsd/core/rejudging.h"

#include "fsd/core/index_keys.h"

namespace meshfs::fsd {

using keys::Space;

static constexpr std::uint8_t kAll = 1, kRestated = 2, kRunning = 4;  // flags of the row

Rejudging::Rejudging(const Parts& parts) : parts_(parts) {
  const auto row = parts_.index.get(keys::begin(Space::judging).view());
  if (!row) return;
  Unpacker in(*row);
  const std::uint8_t flags = in.byte();
  all_ = (flags & kAll) != 0;
  restated_ = (flags & kRestated) != 0;
  for (std::size_t left = in.count(AuthorTag::kSize); left > 0; --left) authors_.insert(in.fixed<AuthorTag>());
  cursor_ = in.blob();
  for (std::size_t left = in.count(AuthorTag::kSize); left > 0; --left) waiting_.insert(in.fixed<AuthorTag>());
  running_ = (flags & kRunning) != 0;
}

void Rejudging::save() {
  const Packer key = keys::begin(Space::judging);
  if (!running_ && waiting_.empty()) return parts_.index.erase(key.view());
  Packer row;
  const int flags = (all_ ? kAll : 0) | (restated_ ? kRestated : 0) | (running_ ? kRunning : 0);
  row.byte(static_cast<std::uint8_t>(flags)).number(authors_.size());
  for (const AuthorTag& author : authors_) row.fixed(author);
  row.blob(cursor_).number(waiting_.size());
  for (const AuthorTag& author : waiting_) row.fixed(author);
  parts_.index.put(key.view(), row.view());
}

void Rejudging::begin(const Epochs::Change& change) {
  if (!change.rival && change.authors.empty()) return;
  running_ = true;
  all_ = all_ || change.rival;
  authors_.insert(change.authors.begin(), change.authors.end());
  cursor_.clear();
  judge_headers();
  save();
}

void Rejudging::begin_later(const std::set<AuthorTag>& authors) {
  waiting_.insert(authors.begin(), authors.end());
  save();
}

void Rejudging::begin_waiting(Instant now) {
  if (running_ || waiting_.empty() || now < not_before_) return;
  not_before_ = now + kPause;
  begin({false, std::exchange(waiting_, {}), {}});
}

// The newest headers of who is revoked, or not let in any more, are no items of the set.
void Rejudging::judge_headers() {
  const auto judge = [this](const AuthorTag& tag) {
    const KnownMember* author = parts_.members.find(tag);
    parts_.sets.show_headers(tag, author != nullptr && author->let_in && !parts_.epochs.revoked(author->node));
  };
  if (all_) {
    for (const auto& record : parts_.members.all()) judge(codec::author_tag(record));
  }
  for (const AuthorTag& tag : authors_) judge(tag);
}

// A head may restate what such an author stamped; the row of his own entry may be gone by the rules of retention.
bool Rejudging::concerns(const ObjectId& object) {
  const ObjectRecord record = parts_.objects.load(object);
  const auto his = [&](const Stamp& stamp) { return authors_.contains(stamp.author); };
  return std::any_of(record.heads.begin(), record.heads.end(), [&](const Head& head) {
    const auto any_his = [&](const auto& list) {
      return std::any_of(list.begin(), list.end(), [&](const auto& one) { return his(one.stamp); });
    };
    return his(head.stamp) || (head.place && his(head.place->stamp)) ||
           (head.attributes && his(head.attributes->stamp)) || any_his(head.contents) || any_his(head.links);
  });
}

std::vector<ObjectId> Rejudging::step() {
  std::vector<ObjectId> changed;
  if (!running_) return changed;
  std::vector<std::pair<ObjectId, bool>> found;  // and whether a row of it is of such an author
  std::size_t rows = 0, sure = 0;
  const bool more = parts_.history.lines(cursor_, [&](const History::Line& line) {
    if (rows == kRows || sure == kFolds) return false;
    ++rows;
    if (found.empty() || found.back().first != line.object) found.emplace_back(line.object, false);
    const bool his = all_ || authors_.contains(line.stamp.author);
    sure += his && !found.back().second ? 1 : 0;
    found.back().second = found.back().second || his;
    return true;
  });
  for (const auto& [object, is_sure] : found) {
    if (!is_sure && !concerns(object)) continue;
    if (!parts_.applier.fold_anew(object, parts_.moment.network_time)) continue;
    restated_ = restated_ || object.volume == kNetworkVolume;
    changed.push_back(object);
  }
  if (!more) {
    running_ = all_ = false;
    authors_.clear();
    cursor_.clear();
  }
  save();
  return changed;
}

}  // namespace meshfs::fsd
