// Reads that wait for bytes which are not here: asks for them before all else, says when they came, or that they do not come.
// Owned by the replica; state thread only; nothing blocks: each wait is a continuation.
// A wait: missing blobs are urged -> some come, the next ones are urged -> ready; or nothing comes for kPatience -> unreachable,
// and the log says who has it.
#pragma once

#include <map>

#include "fsd/core/inquiries.h"
#include "fsd/core/keeping.h"

namespace meshfs::fsd {

class Demands {
 public:
  static constexpr Duration kPatience = seconds(30);  // without a byte of that file
  static constexpr Duration kAskFor = seconds(2);     // of it, who has it is asked
  static constexpr std::size_t kMaxWaits = 1024;      // ~300 bytes each; one more is told busy
  static constexpr std::uint64_t kReadAhead = 512 * 1024;
  static constexpr std::size_t kMaxUrged = 64;  // blobs at a time: ~1 MB

  struct Parts {
    Table& index;
    Objects& objects;
    Needs& needs;
    Files& files;
    Keeping& keeping;
    Inquiries& inquiries;
    const Instant& now;
    std::function<void(const std::string&)> note;
  };
  explicit Demands(const Parts& parts);

  using Ready = std::function<void(Status)>;
  // Once the bytes [offset, offset + length) are here, or it is clear that they do not come: unreachable, too_large (above the
  // budget), no_space, busy. Runs later, in tick(). Gives a number for cancel().
  std::uint64_t wait(const codec::ChunkedContent& content, std::uint64_t offset, std::uint64_t length, Ready ready);
  // So long a read waits while the disk is full: what others need no more makes room within seconds.
  static constexpr Duration kRoomPatience = seconds(10);
  // A neighbour asks for these blobs. What is a placeholder here is fetched for it, so that content passes through nodes that
  // leave it out; as long as it fits into the budget beside what is on its way.
  static constexpr std::size_t kMaxPassedOn = 64;  // contents at a time
  void pass_on(const std::vector<Hash>& blobs);
  void cancel(std::uint64_t wait) { waits_.erase(wait); }

  void arrived(const Hash& blob);   // it is stored
  void progress(const Hash& root);  // something of that content came
  void no_room(const Hash& blob);   // it came, and the disk is full
  Instant tick();
  [[nodiscard]] std::size_t size() const { return waits_.size(); }

 private:
  struct Wait {
    codec::ChunkedContent content;
    std::uint64_t offset = 0, length = 0;
    std::vector<Hash> missing;
    Instant without_room = kNever;  // since something of it came and the disk was full
    std::optional<Status> outcome;
    Ready ready;
  };
  struct Source {  // of a content that somebody waits for
    codec::ChunkedContent content;
    Instant heard;
    bool asked = false;
    std::string holders;
    bool quiet = false;  // nobody here waits for it
  };
  std::uint64_t wait(const codec::ChunkedContent& content, std::uint64_t offset, std::uint64_t length, bool quiet,
                     Ready ready);
  void look(Wait& wait);
  void hold(const codec::ChunkedContent& content);
  void let_go();
  void ask_who_has(Source& source);
  void give_up(const Source& source);
  [[nodiscard]] std::string path_of(const Hash& root);

  Parts parts_;
  std::map<std::uint64_t, Wait> waits_;
  std::map<Hash, Source> sources_;
  std::map<Hash, codec::ChunkedContent> held_;  // shown by nobody any more, but read
  std::uint64_t next_ = 1;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace meshfs::fsd
