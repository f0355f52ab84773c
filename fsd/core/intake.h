// Judges what syncd offers and what the log holds: decodes, verifies author, signature and policy, applies what can be
// applied, keeps the rest waiting.
#pragma once

#include <deque>
#include <map>

#include "fsd/core/apply.h"
#include "fsd/core/epochs.h"
#include "fsd/core/pending.h"

namespace meshfs::fsd {

class Intake {
 public:
  struct Parts {
    RecordLog& log;
    Sets& sets;
    Authors& authors;
    Members& members;
    const Epochs& epochs;
    Applier& applier;
    NetworkTime& time;
    const Moment& moment;
    const Instant& now;
  };
  Intake(const Parts& parts, const NetworkId& network);

  // A bundle of any form, decoded; not verified.
  struct Opened {
    codec::ItemForm form = codec::ItemForm::commit;
    codec::SignedHeader header;
    std::vector<codec::Entry> entries;  // none for a bare header
    std::vector<Hash> hashes;
    std::uint32_t index = 0;  // of the only entry of a proven one
  };
  static Result<Opened> open(const codec::Bundle& bundle);

  // One bundle from syncd, and all that waited for what it brought.
  codec::local::Judged::One judge(const codec::Bundle& bundle);
  // One record of the log at replay: what is there was verified before it was appended. Policy judges it as far as it is known
  // by then; judge_all() says whether all has to be judged anew afterwards.
  Status replay(RecordType type, RecordPosition position, ByteView payload);

  // Policy epochs came in force: what waits for them is judged.
  void wake_epochs();
  // These objects changed by themselves (heads became due): what waits about them is judged again.
  void wake(const std::vector<ObjectId>& objects);

  [[nodiscard]] bool judge_all() const { return judge_all_; }
  [[nodiscard]] const PendingBundles& pending() const { return pending_; }
  // A record lies elsewhere now.
  void relocate(RecordPosition from, RecordPosition to) { pending_.relocate(from, to); }
  // Why this entry was refused lately; nothing if it was not, or longer ago than kMaxRefused others.
  static constexpr std::size_t kMaxRefused = 256;
  [[nodiscard]] std::optional<std::string> why_refused(const Hash& entry) const;
  // Objects that foreign entries touched since the last call.
  std::vector<ObjectId> take_touched() { return std::exchange(touched_, {}); }

 private:
  using One = codec::local::Judged::One;
  One judge_one(const codec::Bundle& bundle, RecordPosition position, bool verify);
  One judge_opened(const codec::Bundle& bundle, const Opened& opened, RecordPosition position, bool verify);
  void remember_refused(const std::vector<Hash>& entries, const std::string& reason);
  // What policy says of a bundle.
  struct Ruling {
    std::vector<std::string> entries;  // why it refuses each; "": it does not
    std::string header;                // the same for the header as an item
    [[nodiscard]] bool leaves_nothing() const;
  };
  One apply(const codec::Bundle& bundle, const Opened& opened, RecordPosition position, const Ruling& ruling,
            bool verified);
  // Its author; a verdict if the bundle goes no further.
  std::variant<KnownMember, One> verify(const codec::Bundle& bundle, const Opened& opened);
  // Keeps it until its author is let in, or one of these objects changes.
  One wait(const codec::Bundle& bundle, const Opened& opened, const std::string& reason, std::vector<ObjectId> objects);
  [[nodiscard]] Ruling rule(const Opened& opened, const KnownMember& author) const;
  void retry_waiting(bool verify);
  std::optional<Head> waiting_head(const Hash& entry, const ObjectId& object) const;

  Parts parts_;
  NetworkId network_;
  PendingBundles pending_;
  Applier::News unsettled_;  // waiting entries are news too: they can be origins
  std::vector<ObjectId> touched_;
  bool judge_all_ = false;
  std::map<Hash, std::string> refused_;
  std::deque<Hash> refused_order_;  // oldest first
};

}  // namespace meshfs::fsd
