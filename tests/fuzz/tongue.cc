#include "tests/fuzz/tongue.h"

#include "schema/codec/squeezed.h"
#include "tests/unit/schema/random_records.h"
#include "tests/unit/syncd/fake_members.h"

namespace meshfs::fuzz {

using testing::random_fixed;

Rng Step::rng() const {
  std::uint64_t seed = what;
  for (const std::uint8_t byte : how) seed = seed << 8 | byte;
  return Rng(seed);
}

const std::vector<sim::Record>& all_records() {
  static const std::vector<sim::Record> all = [] {
    std::vector<sim::Record> out;
    for (std::uint64_t i = 0; i < Tongue::kRecords; ++i) out.push_back(sim::light_record(i, 20));
    return out;
  }();
  return all;
}

const std::vector<SomeBlob>& all_blobs() {
  static const std::vector<SomeBlob> all = [] {
    std::vector<SomeBlob> out;
    for (std::uint64_t i = 0; i < Tongue::kBlobs; ++i) {
      Rng rng(i);
      Bytes bytes = testing::random_bytes(rng, std::size_t{40} << i / 2);
      out.push_back({crypto::hash_of(bytes), std::move(bytes)});
    }
    return out;
  }();
  return all;
}

namespace {

constexpr std::uint8_t kTruths = 6;  // see sum()
constexpr std::uint64_t kManyMore = 100'000, kFew = 1000;

codec::ItemId slot(std::uint8_t byte) { return std::uint64_t{byte} << 56; }

std::uint32_t cells_from(std::uint8_t byte) {
  static constexpr std::uint32_t kFirsts[]{0, 20, 64, 256, 704, 1280, codec::kMaxCells - 1, codec::kMaxCells};
  return kFirsts[byte % 8];
}
std::uint32_t cells_number(std::uint8_t byte) {
  static constexpr std::uint32_t kNumbers[]{0, 1, 20, 64, 256, 704, 1280, codec::kMaxCells};
  return kNumbers[byte % 8];
}

const std::map<codec::ItemId, std::size_t>& ids_of_records() {
  static const auto all = [] {
    const syncd::Salt salt = syncd::salt_of(codec::network_id(sim::fake_genesis()), 0);
    std::map<codec::ItemId, std::size_t> out;
    for (std::size_t i = 0; i < Tongue::kRecords; ++i) {
      out[syncd::item_id(salt, crypto::hash_of(*all_records()[i]))] = i;
    }
    return out;
  }();
  return all;
}

template <class T>
const T& pick(const std::vector<T>& all, std::uint64_t which) {
  return all[which % all.size()];
}

}  // namespace

Tongue::Tongue() : record_of_(ids_of_records()) {
  for (const auto& [id, number] : record_of_) {
    if (number < kCommon) own_.add(id, number + 1);
  }
}

void Tongue::hold(const Step& step) {
  const bool take = step.how[0] % 2 == 0;
  if (step.how[0] % 4 < 2) {
    const std::size_t first = (step.how[1] * 2u) % kRecords;
    for (const auto& [id, number] : record_of_) {
      if (number < first || number >= first + step.how[2]) continue;
      take ? own_.add(id, number + 1) : own_.remove(id);
    }
    return;
  }
  Rng rng(step.how[1] % 4);  // so that they can be let go again
  for (std::size_t i = step.how[2] * 16u; i > 0; --i) {
    const codec::ItemId id = rng.next();
    take ? own_.add(id, kRecords + i) : own_.remove(id);
  }
}

void Tongue::asked(const codec::Message& question) {
  if (asked_.size() == kMostAsked) asked_.pop_front();
  asked_.push_back(question);
}

// --- of sets

// 0: what it holds; 1: what the victim holds, so that nothing differs; 2: made up; 3: so much more; 4: nothing;
// 5: what it holds, of which it says to be fewer: only cells tell how much differs.
Tongue::Sum Tongue::sum(std::uint8_t truth, SetId set, const Where& where, Rng& rng) const {
  const bool whole = where.lower == 0 && where.upper == 0;
  Sum out = set == SetId::shared ? own_.sum(where.lower, where.upper) : Sum{};
  switch (truth % kTruths) {
    case 1:
      for (const auto& theirs : victim_) {
        if (whole && theirs.set == set) out = {theirs.count, theirs.fingerprint};
      }
      break;
    case 2:
      out = {out.count + rng.below(20), random_fixed<codec::Fingerprint>(rng)};
      break;
    case 3:
      out = {out.count + kManyMore * (1 + rng.below(40)), random_fixed<codec::Fingerprint>(rng)};
      break;
    case 4:
      out = {};
      break;
    case 5:
      if (whole) out.count %= kFew;
      break;
    default:
      break;
  }
  return out;
}

codec::Cells Tongue::cells(std::uint8_t truth, const codec::WantCells& want, Rng& rng) const {
  const Where where{want.lower, want.upper};
  const Sum of = sum(truth, want.set, where, rng);
  codec::Cells out{want.set, 0, of.count, of.fingerprint, want.first, {}, want.lower, want.upper};
  const std::uint32_t most = want.first < codec::kMaxCells ? codec::kMaxCells - want.first : 0;
  out.cells.resize(std::min(want.number, most));
  if (truth % kTruths == 3) {
    for (auto& cell : out.cells) cell = {rng.next(), static_cast<std::uint32_t>(rng.below(1 << 24))};
  } else if (want.set == SetId::shared) {
    own_.for_each(where.lower, where.upper,
                  [&](const syncd::ItemSet::Item& item) { syncd::add_to(out.cells, want.first, item.id); });
    // Decodes, to what nobody has.
    if (truth % kTruths == 2) syncd::add_to(out.cells, want.first, rng.next());
  }
  return out;
}

codec::Reconcile Tongue::ranges(std::uint8_t truth, SetId set, const std::vector<Where>& where, bool ids, bool reply,
                                Rng& rng) const {
  codec::Reconcile out{set, 0, reply, {}};
  std::size_t room = codec::kMaxRangeItems;
  for (const Where& one : where) {
    const Sum of = sum(truth, set, one, rng);
    codec::Range range{one.lower, one.upper, of.count, of.fingerprint, false, {}};
    if (ids && set == SetId::shared) {
      range = {one.lower, one.upper, 0, {}, true, {}};
      for (const auto& item : own_.range(one.lower, one.upper, room)) range.ids.push_back(item.id);
      if (truth % kTruths == 2 && !range.ids.empty()) range.ids.pop_back();
      room -= range.ids.size();
    }
    out.ranges.push_back(std::move(range));
  }
  return out;
}

codec::WantCells Tongue::want_cells(const Step& step, Rng& rng) const {
  const SetId set = step.how[2] < 192 ? SetId::shared : kAllSets[step.how[2] % kAllSets.size()];
  const Where where{slot(step.how[4]), slot(step.how[5])};
  const Sum of = sum(step.how[1], set, where, rng);
  return {set,
          0,
          of.count,
          of.fingerprint,
          cells_from(static_cast<std::uint8_t>(step.how[3] >> 4)),
          cells_number(step.how[3]),
          where.lower,
          where.upper};
}

codec::WantItems Tongue::want_items(const Step& step, Rng& rng) const {
  codec::WantItems out{SetId::shared, 0, {}};
  const std::size_t number = 1 + step.how[2] * 2u;
  auto known = record_of_.begin();
  std::advance(known, step.how[3]);
  for (std::size_t i = 0; i < number && i < codec::kMaxWants; ++i) {
    const bool made_up = step.how[1] % kTruths > 1 || known == record_of_.end();
    out.ids.push_back(static_cast<std::uint32_t>((made_up ? rng.next() : known->first) >> 32));
    if (!made_up && step.how[1] % kTruths == 0) ++known;  // 1: the same again and again
  }
  return out;
}

// --- of items and contents

codec::Blob Tongue::blob(std::uint8_t which, std::uint8_t truth) const {
  const SomeBlob& of = all_blobs()[which % kBlobs];
  codec::Blob out{of.hash, codec::BlobKind::chunk, codec::BlobEncoding::plain,
                  static_cast<std::uint32_t>(of.bytes.size()), of.bytes};
  if (truth % kTruths == 2) out.data = Bytes(of.bytes.size(), which);
  if (truth % kTruths == 3) out.base = all_blobs().front().hash, out.encoding = codec::BlobEncoding::delta;
  return out;
}

codec::Push Tongue::push(std::uint8_t truth, std::uint8_t number, std::uint8_t first, Rng& rng) const {
  codec::Push out;
  for (std::size_t i = 0; i < 1 + number % 8u; ++i) {
    const auto form = truth % kTruths == 3 ? static_cast<codec::ItemForm>(rng.below(4)) : codec::ItemForm::commit;
    const Bytes& record = *all_records()[(first * 2u + i) % kRecords];
    out.bundles.push_back({form, truth % kTruths == 2 ? testing::random_bytes(rng, 1 + rng.below(300)) : record});
  }
  if (number >= 128) out.blobs.push_back(blob(first, truth));
  out.repair = number % 16 >= 8;
  return out;
}

codec::Push Tongue::bring(const codec::WantItems& want) const {
  codec::Push out;
  for (const std::uint32_t upper : want.ids) {
    const auto at = record_of_.lower_bound(std::uint64_t{upper} << 32);
    if (at == record_of_.end() || at->first >> 32 != upper || out.bundles.size() == 64) continue;
    out.bundles.push_back({codec::ItemForm::commit, *all_records()[at->second]});
  }
  out.repair = true;
  return out;
}

// --- all of it

codec::Message Tongue::message(const Step& step) const {
  Rng rng = step.rng();
  const auto& [kind, truth, number, first, lower, upper, rest] = step.how;
  const SetId set = number < 192 ? SetId::shared : kAllSets[number % kAllSets.size()];
  switch (kind % 16) {
    case 0:
    case 1:
      return want_cells(step, rng);
    case 2:
    case 3:
      return cells(truth, want_cells(step, rng), rng);
    case 4: {
      std::vector<Where> where{{slot(lower), slot(upper)}};
      if (kind >= 128) {  // many, in order
        where.clear();
        const std::size_t ranges = 1 + rest % codec::kMaxRanges;
        const codec::ItemId width = UINT64_MAX / ranges;
        for (std::size_t i = 0; i < ranges; ++i) where.push_back({width * i, i + 1 == ranges ? 0 : width * (i + 1)});
      }
      return ranges(truth, set, where, first % 2 == 0, first % 4 < 2, rng);
    }
    case 5:
      return want_items(step, rng);
    case 6:
    case 7:
      return push(truth, number, first, rng);
    case 8: {
      codec::WantBlobs out;
      for (std::size_t i = 0; i < number % 32u; ++i) {
        out.wants.push_back({truth % kTruths == 2 ? random_fixed<Hash>(rng) : pick(all_blobs(), first + i).hash});
        if (truth % kTruths == 3) out.wants.back().bases.push_back(all_blobs().front().hash);
      }
      if (rest % 2 == 1) out.cancel.push_back(pick(all_blobs(), rest / 2u).hash);
      return out;
    }
    case 9:
      return codec::Blobs{{blob(first, truth), blob(number, truth)}};
    case 10:
      return codec::Missing{{pick(all_blobs(), first).hash, pick(all_blobs(), number).hash}};
    case 11:
      return beacon(step, {});
    case 15:
      return keys(step, rng);
    default:
      return testing::random_message(rng, number % std::variant_size_v<codec::Message>);
  }
}

std::optional<codec::Message> Tongue::answer(const Step& step) {
  if (asked_.empty()) return std::nullopt;
  const auto at = asked_.begin() + static_cast<std::ptrdiff_t>(step.how[0] % asked_.size());
  const codec::Message question = std::move(*at);
  asked_.erase(at);
  return answer(question, step);
}

std::optional<codec::Message> Tongue::answer(const codec::Message& question, const Step& step) const {
  Rng rng = step.rng();
  const std::uint8_t truth = step.how[1];
  if (const auto* want = std::get_if<codec::WantCells>(&question)) return cells(truth, *want, rng);
  if (const auto* items = std::get_if<codec::WantItems>(&question)) return bring(*items);
  if (const auto* wanted = std::get_if<codec::WantBroadcastKeys>(&question)) return keys(wanted->ids, truth, rng);
  if (const auto* theirs = std::get_if<codec::Reconcile>(&question)) {
    if (!theirs->want_reply) return std::nullopt;
    std::vector<Where> where;
    for (const codec::Range& range : theirs->ranges) where.push_back({range.lower, range.upper});
    return ranges(truth, theirs->set, where, step.how[2] % 2 == 0, step.how[3] % 2 == 0, rng);
  }
  if (const auto* blobs = std::get_if<codec::WantBlobs>(&question)) {
    codec::Blobs out;
    for (const auto& want : blobs->wants) {
      for (std::uint8_t i = 0; i < kBlobs; ++i) {
        if (all_blobs()[i].hash == want.hash) out.blobs.push_back(blob(i, truth));
      }
    }
    if (!out.blobs.empty()) return out;
  }
  return std::nullopt;
}

codec::Beacon Tongue::beacon(const Step& step, const sim::Speaker& self) const {
  Rng rng = step.rng();
  const auto& [unused, truth, number, first, lower, upper, rest] = step.how;
  codec::Beacon out;
  out.node = rest == Tongue::kSomebody ? somebody().node : self.node;
  out.boot = rest == 255 ? random_fixed<codec::Nonce>(rng) : rest == Tongue::kSomebody ? somebody().boot : self.boot;
  out.has_clock = rest % 2 == 0;
  out.network_time.ms = static_cast<std::int64_t>(rng.below(std::uint64_t{1} << 42));
  for (const SetId set : kAllSets) {
    const Sum of = sum(set == SetId::shared ? truth : std::uint8_t{1}, set, {}, rng);
    out.sets.push_back({set, of.count, of.fingerprint, {}});
  }
  out.all = fingerprint_of(out.sets);
  if (number % 4 == 0) {  // a quiet one
    out.sets.clear();
    if (truth % kTruths == 2) out.all = random_fixed<codec::Fingerprint>(rng);
    return out;
  }
  if (number % 4 == 1) std::erase_if(out.sets, [](const auto& one) { return one.set != SetId::shared; });
  for (codec::SetSummary& one : out.sets) {
    if (one.set == SetId::shared) one.cells = cells(truth, {one.set, 0, 0, {}, 0, first % 41u, 0, 0}, rng).cells;
  }
  return out;
}

codec::News Tongue::news(const Step& step) const {
  Rng rng = step.rng();
  const auto& [truth, number, first, have, lack, ask, rest] = step.how;
  codec::News out;
  if (number > 0) out.push = push(truth, number % 2, first, rng);
  const auto names = [&, begin = first * 2u](std::uint8_t from, std::vector<codec::NewsKey>& to) {
    for (std::size_t i = 0; i < from % 16u; ++i) {
      const codec::Bundle bundle{codec::ItemForm::commit, *all_records()[(begin + i) % kRecords]};
      to.push_back(*codec::NewsKey::from(codec::identity_of(bundle).view().first(codec::NewsKey::kSize)));
      if (from >= 128) to.back() = random_fixed<codec::NewsKey>(rng);
    }
  };
  names(have, out.have);
  names(lack, out.lack);
  out.ask = ask % 2 == 1;
  return out;
}

// Beside the channel: acknowledgements of what it never got, pieces of messages that are never whole.
codec::Packet Tongue::packet(const Step& step) const {
  Rng rng = step.rng();
  const auto& [kind, number, message, offset, total, ack, rest] = step.how;
  codec::Packet out;
  for (std::size_t i = 0; i < ack % 8u; ++i) {
    const std::uint64_t first = rest % 2 == 0 ? rng.below(200) : rng.next() >> 1;
    out.acks.push_back({first, first + rng.below(1 << ack % 16)});
  }
  for (std::size_t i = 0; i < number % 16u; ++i) {
    codec::Piece piece{message + i * (kind % 4u) * (kind % 4u == 3 ? 1'000u : 1u), offset * 256u, 0,
                       testing::random_bytes(rng, 1 + rng.below(60))};
    piece.total = total % 4 == 0 ? static_cast<std::uint32_t>(codec::kMaxFrameAfterAuth) : total * 1024u;
    out.pieces.push_back(std::move(piece));
  }
  return out;
}

}  // namespace meshfs::fuzz
