#include "tools/exec/ledger.h"

#include <algorithm>
#include <array>

#include "tools/exec/journal_line.h"

namespace meshfs::exec {
namespace {

using records::State;
using Words = std::vector<std::string_view>;

std::string ms(WallMs at) { return std::to_string(at.ms); }

std::optional<WallMs> time_of(std::string_view word) {
  const auto number = number_of_word(word);
  if (!number) return std::nullopt;
  return WallMs{*number};
}

std::optional<State> state_of(std::string_view word) {
  for (std::size_t i = 0; i < records::kStates; ++i)
    if (records::state_name(static_cast<State>(i)) == word) return static_cast<State>(i);
  return std::nullopt;
}

// Words of each kind of line, its letter included.
std::size_t words_of_kind(char kind) {
  switch (kind) {
    case 'A':
      return 9;
    case 'G':
      return 7;
    case 'E':
      return 5;
    case 'K':
      return 4;
    case 'B':
    case 'U':
    case 'V':
    case 'H':
      return 3;
    case 'S':
    case 'T':
    case 'F':
      return 2;
    default:
      return 0;
  }
}

}  // namespace

std::string accepted_line(const std::string& id, const Known& known) {
  return journal_line({"A", id, known.key, ms(known.when), ms(known.until), word_of(known.text_hash),
                       word_of(known.verb), word_of(known.issuer), ms(known.accepted)});
}
std::string undo_line(const std::string& id, const Undo& undo) {
  std::string words;
  for (const std::string& word : undo.argv) words += word + '\0';
  return journal_line({"G", id, word_of(undo.user), std::to_string(undo.timeout.ns), std::to_string(undo.wait.ns),
                       undo.only_issuer ? "1" : "0", word_of(words)});
}
std::string began_line(const std::string& id, WallMs at) { return journal_line({"B", id, ms(at)}); }
std::string ended_line(const std::string& id, State state, WallMs at, std::int32_t exit_code) {
  return journal_line({"E", id, std::string(records::state_name(state)), ms(at), std::to_string(exit_code)});
}
std::string unconfirmed_line(const std::string& id, WallMs deadline) { return journal_line({"U", id, ms(deadline)}); }
std::string undoing_line(const std::string& id, WallMs at) { return journal_line({"V", id, ms(at)}); }
std::string shown_line(const std::string& id) { return journal_line({"S", id}); }
std::string taken_back_line(const std::string& id, const std::string& key, WallMs until) {
  return journal_line({"K", id, key, ms(until)});
}
std::string newest_line(const std::string& key, WallMs when) { return journal_line({"H", key, ms(when)}); }
std::string time_line(WallMs at) { return journal_line({"T", ms(at)}); }
std::string floor_line(WallMs at) { return journal_line({"F", ms(at)}); }

Ledger::Read Ledger::read(std::string_view journal) {
  Read out;
  std::size_t at = 0;
  for (std::size_t end; (end = journal.find('\n', at)) != std::string_view::npos; at = end + 1, ++out.lines)
    out.damaged = !out.ledger.apply(journal.substr(at, end + 1 - at)) || out.damaged;
  out.good_bytes = at;
  return out;
}

const Known* Ledger::find(const std::string& id) const {
  const auto found = known_.find(id);
  return found == known_.end() ? nullptr : &found->second;
}

const Known* Ledger::same_text(const std::string& id, const std::string& text_hash) const {
  const Known* out = nullptr;
  const auto [first, last] = by_text_.equal_range(text_hash);
  for (auto one = first; one != last; ++one) {
    const Known& known = known_.at(one->second);
    if (one->second == id) continue;
    if (known.began_once) return &known;
    if (known.state == State::accepted) out = &known;
  }
  return out;
}

std::optional<WallMs> Ledger::newest_of(const std::string& key) const {
  const auto found = newest_.find(key);
  if (found == newest_.end()) return std::nullopt;
  return found->second;
}

bool Ledger::taken_back(const std::string& id, const std::string& key) const {
  const auto found = taken_back_.find(id);
  return found != taken_back_.end() && found->second.key == key;
}

bool Ledger::has_room(const std::string& key) const {
  return known_.size() < kMaxKnown && (newest_.size() < kMaxIssuers || newest_.contains(key));
}

bool Ledger::apply(std::string_view line) {
  if (!line.ends_with('\n')) return false;
  line.remove_suffix(1);
  const auto words = words_of_line(line);
  if (!words || words->front().size() != 1) return false;
  const std::size_t expected = words_of_kind(words->front().front());
  return expected != 0 && words->size() == expected && apply_words(*words);
}

void Ledger::see_time(WallMs at) { latest_ = std::max(latest_, at); }

bool Ledger::apply_words(const Words& words) {
  const char kind = words[0].front();
  const auto last = time_of(words.back());
  if (kind == 'T' || kind == 'F') {
    if (!last) return false;
    see_time(*last);
    if (kind == 'F') floor_ = std::max(floor_, *last);
    return true;
  }
  const std::string name(words[1]);
  if (kind == 'H') {
    if (!last) return false;
    WallMs& newest = newest_[name];
    newest = std::max(newest, *last);
    return true;
  }
  if (kind == 'K') {
    if (!last) return false;
    if (taken_back_.size() < kMaxTakenBack) taken_back_.insert_or_assign(name, TakenBack{std::string(words[2]), *last});
    return true;
  }
  if (kind == 'A') return accept(words);
  const auto found = known_.find(name);
  return found != known_.end() && apply_to(found->second, words);
}

bool Ledger::accept(const Words& words) {
  const auto when = time_of(words[3]), until = time_of(words[4]), at = time_of(words[8]);
  const auto text_hash = text_of_word(words[5]), verb = text_of_word(words[6]), issuer = text_of_word(words[7]);
  if (!when || !until || !at || !text_hash || !verb || !issuer) return false;
  const std::string id(words[1]);
  Known known;
  known.key = words[2];
  known.when = *when;
  known.until = *until;
  known.text_hash = *text_hash;
  known.verb = *verb;
  known.issuer = *issuer;
  known.accepted = *at;
  if (!known_.emplace(id, known).second) return false;  // written once, ever: what began stays begun
  if (!text_hash->empty()) by_text_.emplace(*text_hash, id);
  see_time(*at);
  return true;
}

void Ledger::forget_texts() {
  std::erase_if(by_text_, [&](const auto& one) { return !known_.contains(one.second); });
}

bool Ledger::fill_undo(Known& known, const Words& words) {
  const auto user = text_of_word(words[2]), argv = text_of_word(words[6]);
  const auto timeout = number_of_word(words[3]), wait = number_of_word(words[4]);
  if (!user || !argv || !timeout || !wait || !argv->ends_with('\0')) return false;
  Undo undo{{}, *user, Duration{*timeout}, Duration{*wait}, words[5] == "1"};
  for (std::size_t at = 0; at < argv->size();) {
    const std::size_t end = argv->find('\0', at);
    undo.argv.push_back(argv->substr(at, end - at));
    at = end + 1;
  }
  known.undo = std::move(undo);
  return true;
}

bool Ledger::apply_to(Known& known, const Words& words) {
  const char kind = words[0].front();
  if (kind == 'S') return known.shown = true;
  if (kind == 'G') return fill_undo(known, words);
  const auto at = time_of(kind == 'E' ? words[3] : words[2]);
  if (!at) return false;
  if (kind != 'U') see_time(*at);
  known.shown = false;
  if (kind == 'B') {
    known.state = State::running;
    known.began = *at;
    known.began_once = true;
    WallMs& newest = newest_[known.key];
    newest = std::max(newest, known.when);
  } else if (kind == 'V') {
    known.state = State::running;
    known.undoing = true;
  } else if (kind == 'U') {
    known.state = State::unconfirmed;
    known.exit_code = 0;
    known.deadline = *at;
  } else {
    const auto state = state_of(words[2]);
    const auto exit_code = number_of_word(words[4]);
    if (!state || !exit_code) return false;
    known.state = *state;
    known.undoing = false;
    known.ended = *at;
    known.exit_code = static_cast<std::int32_t>(*exit_code);
  }
  return true;
}

void Ledger::forget(WallMs now) {
  see_time(now);
  std::erase_if(known_, [&](const auto& one) {
    const Known& known = one.second;
    return records::is_final(known.state) && known.shown && known.until < now;
  });
  forget_texts();
  std::erase_if(taken_back_, [&](const auto& one) { return one.second.until < now; });
}

void Ledger::forget_refused() {
  std::erase_if(
      known_, [](const auto& one) { return one.second.state == State::refused || one.second.state == State::expired; });
  forget_texts();
}

std::string Ledger::snapshot() const {
  std::string out = time_line(latest_);
  if (floor_.ms > 0) out += floor_line(floor_);
  for (const auto& [key, when] : newest_) out += newest_line(key, when);
  for (const auto& [id, back] : taken_back_) out += taken_back_line(id, back.key, back.until);
  for (const auto& [id, known] : known_) {
    out += accepted_line(id, known);
    if (known.undo) out += undo_line(id, *known.undo);
    if (known.began_once) out += began_line(id, known.began);
    if (known.state == State::unconfirmed || known.undoing) out += unconfirmed_line(id, known.deadline);
    if (known.undoing) out += undoing_line(id, known.began);
    if (records::is_final(known.state)) out += ended_line(id, known.state, known.ended, known.exit_code);
    if (known.shown) out += shown_line(id);
  }
  return out;
}

std::size_t Ledger::lines_needed() const { return newest_.size() + taken_back_.size() + 4 * known_.size() + 2; }

}  // namespace meshfs::exec
