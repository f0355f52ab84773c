// Drops the content of files here: for room (least recently used first), or because somebody says so. Owned by the replica;
// state thread only. Must never drop what is pinned, open, or the last copy in reach, unless it is told to by force.
//
// A content's way out: candidate -> asked about (a signed far question) -> another node says that it has it whole
// -> placeholder here -> its blobs, but for those that other contents use, are erased (the sweep, some lists a turn).
// Two nodes must not drop the last two copies trusting each other's word: who says it has a content keeps it for kPromise, longer than
// the answer counts; who has promised does not drop.
#pragma once

#include <deque>
#include <map>

#include "fsd/core/blob_guard.h"
#include "fsd/core/inquiries.h"
#include "fsd/core/keeping.h"

namespace meshfs::fsd {

class Evictions {
 public:
  static constexpr Duration kAskFor = seconds(2);  // and then act at once
  static constexpr Duration kPromise =
      seconds(10);  // also how long after a start nothing is dropped: promises are in memory
  // So many are asked about at once, and then for so long nobody: syncds on the way let two questions a second pass.
  static constexpr std::size_t kAtOnce = 4;
  static constexpr Duration kEvery = seconds(2);
  static constexpr Duration kRetry = seconds(60);      // of what nobody else had
  static constexpr std::size_t kMaxPromises = 4096;    // ~300 kB; full: nothing is dropped until they are over
  static constexpr std::size_t kMaxSpared = 4096;      // contents that wait for kRetry
  static constexpr std::size_t kMaxDying = 32 * 1024;  // blobs of one sweep: ~3 MB
  static constexpr std::size_t kSweepSlice = 8;        // contents with lists a turn
  static constexpr std::size_t kMaxListed = 20;        // paths in an answer and in what is shown

  struct Parts {
    Objects& objects;
    Needs& needs;
    Files& files;
    Keeping& keeping;
    Inquiries& inquiries;
    BlobGuard& blobs;
    const Instant& now;
    std::function<void(const std::string&)> note;
    // Contents that open files show or are about to publish.
    std::function<std::vector<codec::ChunkedContent>()> open;
  };
  explicit Evictions(const Parts& parts) : parts_(parts) {}
  void begin() { blocked_until_ = parts_.now + kPromise; }

  // This node is about to tell another that it has this content.
  void promise(const Hash& root);

  struct Dropped {
    std::uint64_t files = 0, bytes = 0;  // contents; their sizes
    struct Stayed {
      std::string path, why;
    };
    std::uint64_t stayed = 0;
    std::vector<Stayed> why_stayed;       // at most kMaxListed
    std::uint64_t lost = 0;               // by force: no other node in reach said that it has it
    std::vector<std::string> lost_paths;  // at most kMaxListed
  };
  using Done = std::function<void(const Dropped&)>;
  // Drops what these objects show. `done` runs later, once nobody has to be asked any more.
  void drop(const std::vector<ObjectId>& objects, bool force, Done done);

  Instant tick();

  struct Figures {
    std::uint64_t dropped = 0, dropped_bytes = 0;  // since the start, for room or by order
    std::uint64_t last_copies = 0;  // contents that would have to go and stay: nobody else in reach has them
    bool over_budget = false;       // and cannot help it
    std::vector<std::string> last;  // paths, latest first
  };
  [[nodiscard]] const Figures& figures() const { return figures_; }

 private:
  struct Order {  // by a person
    std::deque<ObjectId> left;
    bool force = false;
    std::size_t under_way = 0;
    Dropped outcome;
    Done done;
  };
  struct Victim {
    codec::ChunkedContent content;
    ObjectId object;
    std::shared_ptr<Order> order;  // none: for room
  };
  void gather();
  void gather_ordered(std::vector<Victim>& victims);
  void gather_for_room(std::vector<Victim>& victims);
  void ask(const Victim& victim);
  void answered(const Victim& victim, Instant asked, const FarOutcome& outcome);
  // Why it must stay, whoever else has it; "": it may go.
  std::string why_not(const Victim& victim);
  void let_go(const Victim& victim, bool alone);
  void stays(const Victim& victim, const std::string& why);
  void sweep();
  void finish_orders();
  [[nodiscard]] bool is_open(const Hash& root);

  Parts parts_;
  std::map<Hash, Instant> promises_;  // until
  std::map<Hash, Instant> spared_;    // nobody else had it: not asked about until then
  std::deque<std::shared_ptr<Order>> orders_;
  Instant blocked_until_{0}, next_question_{0};
  std::size_t asking_ = 0;
  std::optional<Hash> sweeping_;  // behind this root
  Figures figures_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace meshfs::fsd
