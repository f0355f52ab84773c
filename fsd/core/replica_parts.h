// The replica's inside: its parts and how they are wired. For replica*.cc only.
#pragma once

#include "fsd/core/admitting.h"
#include "fsd/core/changes.h"
#include "fsd/core/collector.h"
#include "fsd/core/delta_intake.h"
#include "fsd/core/delta_server.h"
#include "fsd/core/files.h"
#include "fsd/core/index_keys.h"
#include "fsd/core/inquiries.h"
#include "fsd/core/intake.h"
#include "fsd/core/outbox.h"
#include "fsd/core/record_keeper.h"
#include "fsd/core/rejudging.h"
#include "fsd/core/replica.h"

namespace meshfs::fsd {

namespace local = codec::local;

// The log, with the index told of every record: the store commits both together.
class TrackedLog : public RecordLog {
 public:
  TrackedLog(RecordLog& log, Table& index) : log_(log), index_(index) {}
  Result<RecordPosition> append(RecordType type, ByteView payload) override {
    return placed(log_.append(type, payload));
  }
  Result<RecordPosition> append_vital(RecordType type, ByteView payload) override {
    return placed(log_.append_vital(type, payload));
  }
  Result<Bytes> read(RecordPosition position) override { return log_.read(position); }
  void when_durable(std::function<void(Status)> done) override { log_.when_durable(std::move(done)); }
  void reached(RecordPosition position) {
    index_.put(keys::begin(keys::Space::position).view(), Packer().ordered(position).view());
  }

 private:
  Result<RecordPosition> placed(Result<RecordPosition> position) {
    if (position.ok()) reached(*position);
    return position;
  }
  RecordLog& log_;
  Table& index_;
};

// Content that found no room: soon again, since room may be made meanwhile (Evictions, Collector); ever more rarely while
// none is found, since it travels here in vain.
inline constexpr Duration kFirstRoomPause = seconds(1), kLongestRoomPause = seconds(30);

struct Replica::Parts {
  Parts(codec::Identity who, Ports given, Options chosen);

  codec::Identity identity;
  Ports ports;
  Options options;
  NetworkId network;
  AuthorTag me;
  crypto::SigningKey device_key;
  TrackedLog log;
  BlobGuard guard;
  Counters counters;
  Instant now;
  Moment moment;
  NetworkTime time;
  Sets sets;
  Namespace names;
  Needs needs;
  Objects objects;
  Authors authors;
  Members members;
  Epochs epochs;
  LogView view;
  Dictionaries dictionaries;
  Squeezer squeezer;
  History history;
  Applier applier;
  Intake intake;
  Outbox outbox;
  Authoring authoring;
  Files files;
  std::vector<Visible> untold;  // of foreign commits, until listeners hear of it at the end of this call
  Changes changes;
  std::function<void(const std::vector<TreeChange>&)> on_change;
  Transfers transfers;
  Holdings holdings;
  Inquiries inquiries;
  NetworkFiles network_files;
  Admitting admitting;
  bool look_at_members = true;
  std::optional<codec::Roster> told_roster;
  // Whom an epoch just revoked: it and those behind it hear of that first.
  static constexpr Duration kSpare = seconds(10);
  std::set<NodeId> spared;
  Instant spared_until;
  std::optional<codec::Proof> told_proof;
  FlatVersions versions;
  Signing signing;
  DeltaServer delta_server;
  DeltaIntake delta_intake;
  Collector collector;
  RecordKeeper records;
  Rejudging rejudging;
  Retention retention;
  DiskRoom room;
  struct Collecting {  // when what is next
    Instant slice_at, cycle_at, pressed_at;
    bool wanted = true;    // rules changed, or nobody looked since the start
    bool pressed = false;  // the cycle under way, or the last one, was begun because the disk was short
    Duration pause{};      // before the next one for that reason
  } collecting;
  Keeping keeping;
  Evictions evictions;
  Demands demands;
  bool started = false;
  bool wants_seal = false;
  bool merges_anew = false;
  bool full = false;         // no room for some content, last time some came
  Instant room_at = kNever;  // what found no room is asked for again then
  Duration room_pause = kFirstRoomPause;
  Instant told_time{INT64_MIN / 2};
  Instant retry_at = kNever;
  std::string peers_json = "[]";
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // a flush may end after we are gone

  void drop_provisional();
  // After anything changed: seal if no flush is under way, keep totals, tell syncd and the listeners.
  void settle(bool tell_listeners);
  void collect_visible();
  void tell_changes();
  void seal_and_flush();
  // Everything changed so far gets its version.
  Status seal_now();
  Result<Hash> newest_entry(const ObjectId& object);
  void advance(Instant to, WallMs wall);
  void persist_time(WallMs bound);
  void tell_time();
  void tell_needs(bool all);
  void no_room_for(const Hash& blob);
  void stored(const Hash& blob);
  // Looks at dictionaries that came or went, and tells syncd which are held; `always` after it connected.
  void tell_dictionaries(bool always);
  local::Judged::One judge(const codec::Bundle& bundle);
  // Policy epochs that can come in force do; what waits for them is judged. `replaying`: nothing is sealed or woken.
  void follow_policy(bool replaying);
  Status make_policy_file(std::string_view name, const Bytes& bytes);
  Proposal proposal(const Hash& hash) const;
  Result<Proposal> sign_epoch(std::uint32_t number, const Hash& hash);
  void note_policy(const std::vector<Visible>& visible);
  // Some entries are judged anew, if an epoch asks for it. True if there are more.
  bool judge_anew();
  void restate_membership();
  [[nodiscard]] std::string refusal(const codec::Header& header, const codec::Entry& entry, const Hash& hash) const;
  // replica_membership.cc
  Status first_commits();
  void let_in();
  void tell_roster(bool always);
  [[nodiscard]] std::string standing() const;
  Result<Proposal> publish_signature(const codec::PolicySignature& signature);
  static Error root_is_elsewhere();
  [[nodiscard]] Result<const Epochs::Epoch*> to_be_signed(std::string_view hash) const;
  [[nodiscard]] std::vector<codec::PolicyFence> fences_for(const codec::Policy& wanted, WallMs since);
  [[nodiscard]] Result<codec::DelegationId> parent_of(codec::Delegation wanted) const;
  // A slice of collecting garbage, if one is due. When the next may be.
  Instant collect();
  void begin_cycle();
  [[nodiscard]] std::uint64_t history_limit() const;

  void on(const local::Hello&) {}
  void on(const local::Offer& offer);
  void on(const local::PutBlobs& put);
  void delta_done(const DeltaIntake::Arrived& what, DeltaIntake::Outcome outcome);
  void on(const local::GetBlobs& get);
  void on(const local::GetItems& get);
  void on(const local::PeersReport& report) { peers_json = report.json; }
  void on(const local::ClockVotes& votes);
  void on(const local::Ask& ask);
  void on(const local::QuestionCame& came) { outbox.send(inquiries.judge(came)); }
  void on(const local::RepliesCame& replies) { inquiries.on_replies(replies); }
  // One version as others are asked about it; "": the one that shows.
  Result<Asked> version_of(const PastPath& path, std::string_view version);
};

}  // namespace meshfs::fsd
