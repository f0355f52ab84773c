#include "transport/alfred/alfred_records.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "schema/crypto/hash.h"

namespace meshfs::transport {
namespace {

constexpr Duration kAnswersAreThere = milliseconds(150);
constexpr std::uint32_t kPatientRounds = 3;  // a record that is not there by then was not taken

std::uint64_t mark_of(ByteView bytes) {
  std::uint64_t out = 0;
  std::memcpy(&out, crypto::hash_of(bytes).data.data(), sizeof out);
  return std::max<std::uint64_t>(out, 1);
}

BulletinAuthor author_of(const AlfredAddress& address) {
  std::string text = to_hex(address);
  for (std::size_t at = 10; at > 0; at -= 2) text.insert(at, 1, ':');
  return {std::string(address.begin(), address.end()), text};
}

}  // namespace

BulletinTraits AlfredRecords::traits_of_all() {
  BulletinTraits out;
  out.name = "alfred";
  out.pages = kAlfredPages;
  out.page_bytes = kAlfredPageBytes;
  out.total_bytes = kAlfredPages * kAlfredPageBytes;
  out.hop = seconds(10);
  out.rests = false;
  out.starves = false;
  out.pulls = true;
  return out;
}

AlfredRecords::AlfredRecords(os::Loop& loop, const os::Log& log, const std::string& socket, Times times)
    : loop_(loop),
      log_(log),
      times_(times),
      traits_(traits_of_all()),
      pages_(traits_),
      socket_(loop, socket.empty() ? kSocket : socket),
      relays_(times.settle),
      // Grows over restarts as long as the clock does; the daemon's memory of us corrects it where it does not.
      change_(static_cast<std::uint32_t>(os::Loop::wall().ms / 1000)),
      changed_(os::Loop::now()) {
  const std::uint64_t seed[2] = {static_cast<std::uint64_t>(os::Loop::now().ns),
                                 static_cast<std::uint64_t>(::getpid())};
  const Hash nonce = crypto::hash_of({reinterpret_cast<const std::uint8_t*>(seed), sizeof seed});
  heard_.assign(nonce.data.begin(), nonce.data.begin() + 4);
  want({{}, kAlfredHeardType}, heard_);
  soon();
}

AlfredRecords::~AlfredRecords() { loop_.cancel(timer_); }

Status AlfredRecords::publish(std::vector<Page> changed) {
  if (Status taken = pages_.take(traits_, std::move(changed)); !taken) return taken;
  published_ = true;
  for (std::size_t page = 0; page < pages_.count(); ++page)
    want({{}, static_cast<std::uint8_t>(kAlfredPageType + page)}, copy_of(pages_.page(page)));
  soon();
  return {};
}

void AlfredRecords::pull() {
  if (!own_known_ || unanswered_ > 0) return;  // while a round is under way nobody is known
  pull_.ask(table_, own_);
  changed_ = os::Loop::now();  // no slow polls while somebody waits
  loop_.cancel(timer_);
  timer_ = loop_.after(kAnswersAreThere, [this] { round(); });
}

void AlfredRecords::set_events(Events events) {
  events_ = std::move(events);
  authors_.clear();
  told_ = {};
  soon();
}

// A record of this node has these bytes from now on; none: withdrawn.
void AlfredRecords::want(const AlfredKey& key, Bytes bytes) {
  Written& there = written_[key];
  const auto now = read_alfred_record(there.bytes);
  if (now ? std::equal(now->bytes.begin(), now->bytes.end(), bytes.begin(), bytes.end()) : bytes.empty()) return;
  there = {};
  there.done = false;
  if (!bytes.empty()) there.bytes = alfred_record(++change_, bytes);
}

void AlfredRecords::soon() {
  if (unanswered_ > 0) {
    again_ = true;
    return;
  }
  loop_.cancel(timer_);
  timer_ = loop_.after({}, [this] { round(); });
}

// Writes what is to be written, then asks for everything.
void AlfredRecords::round() {
  again_ = false;
  table_.clear();
  unanswered_ = 1;  // holds the round open while questions are put
  write();
  for (std::uint8_t type = kAlfredPageType; type <= kAlfredRelayType; ++type) {
    ++unanswered_;
    socket_.ask(alfred_question(type), [this, type](const Result<Bytes>& answer) {
      if (!answer) return failed(answer.failure());
      read_alfred_answer(*answer, type, table_);
      if (--unanswered_ == 0) digest();
    });
  }
  --unanswered_;
}

void AlfredRecords::write() {
  const Instant now = os::Loop::now();
  for (auto& [key, record] : written_) {
    const bool due = now - record.when >= times_.refresh || record.missing > 0;
    if (record.bytes.empty() ? record.done : !due) continue;
    record.when = now;
    ++unanswered_;
    socket_.ask(alfred_set(key, record.bytes), [this](const Result<Bytes>& answer) {
      if (!answer) return failed(answer.failure());
      if (--unanswered_ == 0) digest();
    });
  }
}

// One that fails makes the round worthless; those behind it will fail alike, and their count ends it.
void AlfredRecords::failed(const Error& failure) {
  own_known_ = false;
  trouble_ = failure.message;
  if (--unanswered_ == 0) digest();
}

void AlfredRecords::digest() {
  const bool known = learn_own_address();
  if (known) trouble_.clear();
  check_written();
  if (known) {
    std::set<AlfredAddress> present;
    for (const auto& [key, bytes] : table_) {
      if (is_alfred_page(key) && key.source != own_) take(key, bytes, false, present);
    }
    for (const auto& [key, relay] : AlfredRelays::relayed_in(table_, own_)) take(key, relay.record, true, present);
    find_gone(present);
    Bytes heard(heard_.begin(), heard_.begin() + 4);
    const Bytes names = AlfredRelays::heard_in(table_, own_);
    heard.insert(heard.end(), names.begin(), names.end());
    heard_ = std::move(heard);
    want({{}, kAlfredHeardType}, heard_);
    choose_relays();
  }
  tell_health();
  const Instant now = os::Loop::now();
  const bool behind =
      std::any_of(written_.begin(), written_.end(), [](const auto& entry) { return entry.second.missing > 0; });
  const Duration pause = now - changed_ < times_.calm || behind || !known ? times_.poll : times_.slow_poll;
  timer_ = loop_.after(again_ ? Duration{} : pause, [this] { round(); });
}

// Nobody else has a record with our bytes: they begin with a number of our own.
bool AlfredRecords::learn_own_address() {
  const Bytes& mine = written_[{{}, kAlfredHeardType}].bytes;
  own_known_ = false;
  for (const auto& [key, bytes] : table_) {
    if (key.type != kAlfredHeardType || bytes != mine) continue;
    own_ = key.source;
    own_known_ = true;
    break;
  }
  // What the daemon kept of an earlier process: our numbers go on from there, and pages that nobody publishes any more go.
  for (const auto& [key, bytes] : table_) {
    if (!own_known_ || key.source != own_) continue;
    const auto record = read_alfred_record(bytes);
    if (!record) continue;
    if (static_cast<std::int32_t>(record->change - change_) > 0) change_ = record->change;
    if (is_alfred_page(key) && published_ && written_[{{}, key.type}].bytes.empty())
      written_[{{}, key.type}].done = false;
  }
  return own_known_;
}

void AlfredRecords::check_written() {
  for (auto entry = written_.begin(); entry != written_.end();) {
    Written& record = entry->second;
    AlfredKey key = entry->first;
    if (key.source == AlfredAddress{}) key.source = own_;
    const auto found = table_.find(key);
    const bool same = own_known_ && (found == table_.end() ? record.bytes.empty() : found->second == record.bytes);
    record.missing = same ? 0 : record.missing + 1;
    if (same && record.bytes.empty()) record.done = true;
    if (record.missing > kPatientRounds && trouble_.empty())
      trouble_ =
          "alfred does not keep what meshfs gives it at " + socket_.path() + ": restart it, or see whether it is full";
    const bool forget = record.bytes.empty() && record.done && entry->first.type == kAlfredRelayType;
    entry = forget ? written_.erase(entry) : std::next(entry);
  }
}

void AlfredRecords::take(const AlfredKey& key, ByteView bytes, bool relayed, std::set<AlfredAddress>& present) {
  const auto record = read_alfred_record(bytes);
  if (!record || record->bytes.empty()) return;  // withdrawn, or no record of ours
  if (!authors_.contains(key.source) && authors_.size() >= kMaxAuthors) return;
  present.insert(key.source);
  Author& author = authors_[key.source];
  author.absent_since = kNever;
  const std::size_t page = key.type - kAlfredPageType;
  if (relayed && author.told[page] != 0 && static_cast<std::int32_t>(record->change - author.changes[page]) <= 0)
    return;
  author.changes[page] = record->change;
  const std::uint64_t mark = mark_of(record->bytes);
  if (mark == std::exchange(author.told[page], mark)) return;
  changed_ = os::Loop::now();
  if (events_.on_page) events_.on_page(author_of(key.source), page, record->bytes);
}

void AlfredRecords::find_gone(const std::set<AlfredAddress>& present) {
  const Instant now = os::Loop::now();
  std::vector<AlfredAddress> gone;
  for (auto& [address, author] : authors_) {
    if (present.contains(address)) continue;
    if (author.absent_since == kNever) author.absent_since = now;
    if (now - author.absent_since >= times_.absence) gone.push_back(address);
  }
  for (const AlfredAddress& address : gone) {
    authors_.erase(address);
    changed_ = now;
    if (events_.on_gone) events_.on_gone(author_of(address));
  }
}

void AlfredRecords::choose_relays() {
  BulletinHealth used;
  pages_.tell(used);
  const std::size_t own = used.used_bytes + used.used_pages * kAlfredRecordHeader;
  const std::size_t room = std::max(kMostBytes - std::min(own, kMostBytes), kRelayShare);
  const AlfredTable wanted = relays_.wanted(table_, own_, os::Loop::now(), room);
  // With what the daemon kept of an earlier process.
  for (const auto& [key, bytes] : table_) {
    if (AlfredRelays::is_own(key, bytes, own_) && !written_.contains(key)) written_[key] = {bytes};
  }
  for (auto& [key, record] : written_) {
    if (key.type != kAlfredRelayType || wanted.contains(key) || record.bytes.empty()) continue;
    record = {};
    record.done = false;
  }
  for (const auto& [key, bytes] : wanted) {
    // Made with the author's change number, so that it stays the same as long as the author's record does.
    if (written_[key].bytes != bytes) written_[key] = {bytes};
  }
}

void AlfredRecords::tell_health() {
  BulletinHealth now;
  now.up = own_known_;
  now.engine = traits_.name;
  now.trouble = trouble_;
  pages_.tell(now);
  if (now == told_) return;
  if (now.trouble != told_.trouble && !now.trouble.empty()) log_.warning(now.trouble);
  told_ = now;
  if (events_.on_health) events_.on_health(now);
}

}  // namespace meshfs::transport
