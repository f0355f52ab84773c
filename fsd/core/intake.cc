#include "fsd/core/intake.h"

namespace meshfs::fsd {

using codec::ItemForm;
using codec::local::Verdict;

static RecordType record_type(ItemForm form) {
  if (form == ItemForm::commit) return RecordType::commit;
  return form == ItemForm::proven ? RecordType::proven : RecordType::header;
}

Intake::Intake(const Parts& parts, const NetworkId& network) : parts_(parts), network_(network) {
  parts_.applier.find_waiting_with(
      [this](const Hash& entry, const ObjectId& object) { return waiting_head(entry, object); });
}

Result<Intake::Opened> Intake::open(const codec::Bundle& bundle) {
  CHECK(bundle.form != ItemForm::squeezed);  // who hands it in has unsqueezed it
  Opened out;
  out.form = bundle.form;
  if (bundle.form == ItemForm::commit) {
    auto commit = codec::decode_commit(bundle.bytes);
    if (!commit.ok()) return commit.failure();
    out.hashes = codec::entry_hashes(commit->header, commit->entries);
    out.header = {commit->header, commit->signature, codec::merkle_root(out.hashes)};
    out.entries = std::move(commit->entries);
  } else if (bundle.form == ItemForm::proven) {
    auto proven = codec::decode_proven(bundle.bytes);
    if (!proven.ok()) return proven.failure();
    const Hash hash = codec::entry_hash(proven->header.header, proven->index, proven->entry);
    if (codec::merkle_root_from(hash, proven->index, proven->count, proven->path) != proven->header.root) {
      return error(Errc::bad_bytes, "an entry's path does not lead to its header");
    }
    out.header = proven->header;
    out.hashes = {hash};
    out.index = proven->index;
    out.entries.push_back(std::move(proven->entry));
  } else {
    auto header = codec::decode_signed_header(bundle.bytes);
    if (!header.ok()) return header.failure();
    out.header = *header;
  }
  return out;
}

// At most so many entries of a huge commit are told of as waiting: more would only cost memory.
static std::vector<Hash> first_of(const std::vector<Hash>& hashes) {
  constexpr std::size_t kTold = 64;
  return {hashes.begin(), hashes.begin() + static_cast<std::ptrdiff_t>(std::min(kTold, hashes.size()))};
}

Intake::One Intake::wait(const codec::Bundle& bundle, const Opened& opened, const std::string& reason,
                         std::vector<ObjectId> objects) {
  pending_.add({bundle, 0, opened.header.header.author, 0, {}, std::move(objects), {}, first_of(opened.hashes)});
  return {Verdict::pending, reason};
}

std::variant<KnownMember, Intake::One> Intake::verify(const codec::Bundle& bundle, const Opened& opened) {
  using What = Members::Judgement::What;
  const codec::Header& header = opened.header.header;
  const KnownMember* author = parts_.members.find(header.author);
  const auto record = author != nullptr ? std::nullopt : parts_.members.record_of(header, opened.entries);
  if (author == nullptr && !record) return wait(bundle, opened, "its author's member record has not come yet", {});
  if (!codec::verify_header(network_, opened.header, author != nullptr ? author->device : record->device))
    return One{Verdict::refused, "its signature does not verify"};

  const auto role = record ? parts_.members.role_of(record->node) : std::nullopt;
  KnownMember introduced;
  if (record)
    introduced = {record->node,    record->device, record->epoch, record->name, role.value_or(Role::guest),
                  role.has_value()};
  if (role) author = &introduced;
  bool all_stated = header.volume == kNetworkVolume;
  for (const auto& entry : opened.entries) {
    auto judged = parts_.members.judge(header.author, author, statement_of(header.volume, entry));
    if (judged.what == What::refused) return One{Verdict::refused, judged.reason};
    if (judged.what == What::waits) return wait(bundle, opened, judged.reason, std::move(judged.objects));
    all_stated = all_stated && judged.what == What::right;
  }
  // A candidate's own member record is kept, so that the issuer hears of it. The rest waits.
  if (author == nullptr && (!all_stated || opened.entries.empty()))
    return wait(bundle, opened, "its author has not been let in yet", {});
  return author != nullptr ? *author : introduced;
}

bool Intake::Ruling::leaves_nothing() const {
  return std::none_of(entries.begin(), entries.end(), [](const std::string& why) { return why.empty(); }) &&
         (!entries.empty() || !header.empty());
}

Intake::Ruling Intake::rule(const Opened& opened, const KnownMember& author) const {
  const codec::Header& header = opened.header.header;
  Ruling out;
  out.entries.reserve(opened.entries.size());
  for (std::size_t i = 0; i < opened.entries.size(); ++i) {
    out.entries.push_back(parts_.epochs.refusal(author, header, opened.entries[i], opened.hashes[i]));
  }
  out.header = author.let_in ? parts_.epochs.header_refusal(author) : "its author has not been let in yet";
  return out;
}

Intake::One Intake::judge_one(const codec::Bundle& bundle, RecordPosition position, bool verify_it) {
  const auto opened = open(bundle);
  if (!opened.ok()) return {Verdict::refused, opened.failure().message};
  One verdict = judge_opened(bundle, *opened, position, verify_it);
  if (verdict.verdict == Verdict::refused) remember_refused(opened->hashes, verdict.reason);
  return verdict;
}

void Intake::remember_refused(const std::vector<Hash>& entries, const std::string& reason) {
  for (const Hash& entry : entries) {
    if (!refused_.insert_or_assign(entry, reason).second) continue;
    refused_order_.push_back(entry);
    if (refused_order_.size() <= kMaxRefused) continue;
    refused_.erase(refused_order_.front());
    refused_order_.pop_front();
  }
}

std::optional<std::string> Intake::why_refused(const Hash& entry) const {
  const auto at = refused_.find(entry);
  return at == refused_.end() ? std::nullopt : std::optional(at->second);
}

Intake::One Intake::judge_opened(const codec::Bundle& bundle, const Opened& opened, RecordPosition position,
                                 bool verify_it) {
  // Own commits come back through every neighbour: known ones cost no signature check.
  const bool entries_known = std::all_of(opened.hashes.begin(), opened.hashes.end(),
                                         [&](const Hash& hash) { return parts_.sets.find(hash).has_value(); });
  if (entries_known && !opened.hashes.empty()) {
    const auto newest = parts_.sets.newest_header(set_of(opened.header.header.volume), opened.header.header.author);
    if (newest && newest->header.sequence >= opened.header.header.sequence) return {Verdict::known, {}};
  }
  KnownMember author;
  if (verify_it) {
    auto verified = verify(bundle, opened);
    if (const auto* verdict = std::get_if<One>(&verified)) return *verdict;
    author = std::get<KnownMember>(std::move(verified));
  } else if (const auto* known = parts_.members.find(opened.header.header.author)) {
    author = *known;
  } else {
    judge_all_ = true;  // compaction put its member record behind it
    return apply(bundle, opened, position,
                 {std::vector<std::string>(opened.entries.size()), "its author has not been let in yet"}, false);
  }
  const codec::Header& header = opened.header.header;
  const bool waits = std::any_of(opened.entries.begin(), opened.entries.end(),
                                 [&](const codec::Entry& entry) { return parts_.epochs.waits(header, entry); });
  if (waits && verify_it) {
    pending_.add({bundle, position, std::nullopt, header.policy_epoch, {}, {}, {}, first_of(opened.hashes)});
    return {Verdict::pending,
            "it names policy epoch " + std::to_string(header.policy_epoch) + ", which is not in force here yet"};
  }
  judge_all_ = judge_all_ || waits;
  const Ruling ruling = rule(opened, author);
  if (!verify_it && !opened.entries.empty() && ruling.leaves_nothing())
    judge_all_ = true;  // compaction may have put a delegation behind it
  if (verify_it && ruling.leaves_nothing()) {
    for (std::size_t i = 0; i < opened.entries.size(); ++i) {
      if (!parts_.epochs.lendable(author, header, opened.entries[i], opened.hashes[i])) continue;
      remember_refused(opened.hashes, ruling.entries[i]);
      return wait(bundle, opened, ruling.entries[i], {});
    }
    One out{Verdict::refused, ruling.entries.empty() ? ruling.header : ruling.entries.back()};
    // Who passed it on may not have heard of the epoch that forbids it: no reason to end the session.
    if (parts_.epochs.highest() > 0) {
      remember_refused(opened.hashes, out.reason);
      out.verdict = Verdict::pending;
    }
    return out;
  }
  return apply(bundle, opened, position, ruling, verify_it);
}

Intake::One Intake::apply(const codec::Bundle& bundle, const Opened& opened, RecordPosition position,
                          const Ruling& ruling, bool verified) {
  const codec::Header& header = opened.header.header;
  const WallMs time = parts_.moment.network_time;
  std::vector<Applier::Prepared> prepared;
  PendingBundles::Waiting waiting{bundle, position, std::nullopt, 0, {}, {}, {}, {}};
  bool useful = false;
  std::string bad;
  for (std::size_t i = 0; i < opened.entries.size(); ++i) {
    if (const std::string& why = ruling.entries[i]; !why.empty()) {
      // Of the log, what policy refuses now stays known: it may be judged otherwise once more epochs come.
      const bool keep = !verified && !parts_.sets.find(opened.hashes[i]);
      prepared.push_back({keep ? Applier::Prepared::What::apply : Applier::Prepared::What::bad, {}, {}, why, true});
      if (verified) bad = why;
      useful = useful || keep;
      continue;
    }
    prepared.push_back(parts_.applier.prepare(header, opened.entries[i], opened.hashes[i], time));
    auto& one = prepared.back();
    if (!verified && one.by_policy) one.what = Applier::Prepared::What::apply;
    useful = useful || one.what == Applier::Prepared::What::apply;
    if (one.what == Applier::Prepared::What::bad) bad = one.reason;
    if (one.what != Applier::Prepared::What::waits) continue;
    waiting.origins.insert(waiting.origins.end(), one.missing.begin(), one.missing.end());
    waiting.holds.push_back(opened.hashes[i]);
    waiting.objects.push_back({header.volume, std::get<codec::ObjectEntry>(opened.entries[i]).object});
  }
  const auto newest = parts_.sets.newest_header(set_of(header.volume), header.author);
  const bool newer_header =
      (ruling.header.empty() || !verified) && (!newest || newest->header.sequence < header.sequence);
  // A commit none of whose entries makes sense brings nothing, not even its header.
  if (!useful && !bad.empty() && waiting.holds.empty()) return {Verdict::refused, bad};
  if (useful || newer_header) {
    if (position == 0) {
      const auto type = record_type(opened.form);
      const auto appended = is_vital(header.volume, opened.entries) ? parts_.log.append_vital(type, bundle.bytes)
                                                                    : parts_.log.append(type, bundle.bytes);
      if (!appended.ok()) return {Verdict::pending, appended.failure().message};
      position = *appended;
    }
    waiting.position = position;
    parts_.time.saw(header.hlc, parts_.now);
    const auto made = opened.form == ItemForm::commit ? Authors::made_by(opened.entries) : Authors::Made{};
    (void)parts_.authors.note(opened.header, made);
    for (std::size_t i = 0; i < prepared.size(); ++i) {
      if (prepared[i].what != Applier::Prepared::What::apply) continue;
      const auto index = opened.form == ItemForm::proven ? opened.index : static_cast<std::uint32_t>(i);
      parts_.applier.take(header, opened.entries[i], opened.hashes[i], std::move(prepared[i]),
                          {position, opened.form, index}, false, time);
    }
    // Looked up after its entries: an admin's first commit states its own member record.
    const KnownMember* author = parts_.members.find(header.author);
    if (author != nullptr && parts_.epochs.is_admin(author->node)) parts_.time.admin_commit(header.hlc, parts_.now);
  }
  const bool header_taken = parts_.sets.offer_header(opened.header, ruling.header.empty()) && ruling.header.empty();
  if (!waiting.holds.empty()) {
    auto news = parts_.applier.take_news();
    news.entries.insert(news.entries.end(), waiting.holds.begin(), waiting.holds.end());
    pending_.add(std::move(waiting));
    unsettled_.entries.insert(unsettled_.entries.end(), news.entries.begin(), news.entries.end());
    unsettled_.authors.insert(unsettled_.authors.end(), news.authors.begin(), news.authors.end());
    unsettled_.objects.insert(unsettled_.objects.end(), news.objects.begin(), news.objects.end());
    if (!useful && !header_taken) return {Verdict::pending, "an entry names another that has not come yet"};
  }
  return {useful || header_taken ? Verdict::accepted : Verdict::known, {}};
}

std::optional<Head> Intake::waiting_head(const Hash& entry, const ObjectId& object) const {
  const auto* holder = pending_.holder_of(entry);
  if (holder == nullptr) return std::nullopt;
  const auto opened = open(holder->bundle);
  if (!opened.ok()) return std::nullopt;
  for (std::size_t i = 0; i < opened->hashes.size(); ++i) {
    if (opened->hashes[i] == entry) return own_head_of(opened->header.header, opened->entries[i], entry, object);
  }
  return std::nullopt;
}

void Intake::retry_waiting(bool verify_it) {
  for (;;) {
    auto news = parts_.applier.take_news();
    news.entries.insert(news.entries.end(), unsettled_.entries.begin(), unsettled_.entries.end());
    news.authors.insert(news.authors.end(), unsettled_.authors.begin(), unsettled_.authors.end());
    news.objects.insert(news.objects.end(), unsettled_.objects.begin(), unsettled_.objects.end());
    touched_.insert(touched_.end(), news.objects.begin(), news.objects.end());
    unsettled_ = {};
    if (news.entries.empty() && news.authors.empty() && news.objects.empty()) return;
    for (const auto& waiting : pending_.take(news.entries, news.authors, news.objects)) {
      // Verified before it waited for origins; an author's introduction lets it be verified now.
      (void)judge_one(waiting.bundle, waiting.position, verify_it && waiting.author.has_value());
    }
  }
}

void Intake::wake_epochs() {
  // Those that wait for later ones stay; the others were verified before they waited, and are judged now.
  for (const auto& waiting : pending_.take_epochs(parts_.epochs.highest())) {
    (void)judge_one(waiting.bundle, waiting.position, true);
  }
  retry_waiting(true);
}

void Intake::wake(const std::vector<ObjectId>& objects) {
  unsettled_.objects.insert(unsettled_.objects.end(), objects.begin(), objects.end());
  retry_waiting(true);
}

codec::local::Judged::One Intake::judge(const codec::Bundle& bundle) {
  auto verdict = judge_one(bundle, 0, true);
  retry_waiting(true);
  return verdict;
}

Status Intake::replay(RecordType type, RecordPosition position, ByteView payload) {
  codec::Bundle bundle;
  bundle.form = type == RecordType::commit   ? ItemForm::commit
                : type == RecordType::proven ? ItemForm::proven
                                             : ItemForm::header;
  bundle.bytes = copy_of(payload);
  const auto verdict = judge_one(bundle, position, false);
  retry_waiting(false);
  if (verdict.verdict == Verdict::refused) {
    return error(Errc::io, "a record of the log does not apply: " + verdict.reason);
  }
  return {};
}

}  // namespace meshfs::fsd
