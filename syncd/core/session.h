// One session with one neighbour over one path: keys, frame counters, replay window, channel. Owned by Neighbours.
// Transitions: made when the handshake is complete -> active or retiring (a better path took over) -> ended.
#pragma once

#include <memory>
#include <string>

#include "syncd/core/channel.h"
#include "syncd/core/link_budget.h"
#include "syncd/core/path.h"
#include "syncd/core/replay_window.h"
#include "syncd/core/session_keys.h"

namespace meshfs::syncd {

class Session {
 public:
  struct Keys {
    codec::Hello mine, theirs;  // with the credential that was shown, in this or an earlier handshake
    NodeId node;                // whose that is
    DeviceKey device;
    std::string name;          // of that node
    bool brief = false;        // of a handshake that showed no credentials (IK)
    SessionKeys::Start start;  // wiped once the session is made
    codec::Fingerprint id;     // of the handshake, the same on both sides
  };
  // `budget`: the link's, outlives the session.
  Session(Links& links, const transport::LinkTraits& traits, LinkBudget& budget, Path path, Keys keys, Instant now);

  // Opens a frame addressed to this session; complete messages are appended. False: forged, replayed or senseless.
  bool on_frame(const codec::FrameHeader& header, ByteView frame, Instant now, std::vector<SharedView>& delivered);
  void on_room() { room_ = true; }
  // Sends what the channel has, as long as the link's budget lasts; of packets with content `most`. Gives how many of those.
  std::size_t flush(Instant now, std::size_t most = SIZE_MAX);
  [[nodiscard]] Instant wake() const;

  [[nodiscard]] Channel& channel() { return *channel_; }
  [[nodiscard]] const Channel& channel() const { return *channel_; }
  [[nodiscard]] const Path& path() const { return path_; }
  void move_to(const transport::LinkAddress& address) { path_.address = address; }  // a datagram peer changed address
  [[nodiscard]] const Keys& keys() const { return keys_; }
  [[nodiscard]] SessionKeys& sealing() { return sealing_; }
  [[nodiscard]] const SessionKeys& sealing() const { return sealing_; }
  // A renewal of its keys came. False: it makes no sense.
  bool on_rekey(const codec::Rekey& said, Instant now);
  [[nodiscard]] bool reliable() const { return reliable_; }
  [[nodiscard]] const std::string& link_name() const { return link_name_; }
  [[nodiscard]] Instant established() const { return established_; }
  [[nodiscard]] Instant heard() const { return heard_; }
  [[nodiscard]] bool unreachable() const { return unreachable_; }

  Instant retire_at = kNever;     // another session took over; listens until then
  std::uint64_t last_served = 0;  // its turn among those of a thin link
  Instant last_nudge{-1};         // when it last told an unsure peer that it is up

  struct Counts {
    std::uint64_t frames_in = 0, frames_out = 0, bytes_in = 0, bytes_out = 0;
  };
  [[nodiscard]] const Counts& counts() const { return counts_; }

 private:
  // A frame the link had no room for is tried again on on_room(), and after this in case that got lost.
  static constexpr Duration kRetryParked = milliseconds(20);
  Result<std::uint64_t> send_packet(const codec::Packet& packet, Instant now);
  bool hand_over(Bytes& frame, Instant now);
  void say(const codec::Rekey& rekey);

  Links& links_;
  LinkBudget& budget_;
  Path path_;
  Keys keys_;
  SessionKeys sealing_;
  bool reliable_;
  std::string link_name_;
  Instant established_, heard_;
  std::unique_ptr<Channel> channel_;
  ReplayWindow window_;
  std::uint64_t next_counter_ = 1;
  Bytes parked_;  // sealed, waits for room
  Instant parked_until_ = kNever;
  bool room_ = false;
  std::size_t may_send_ = 0, sent_ = 0;  // packets with content, in this flush
  bool over_budget_ = false;             // something waits for it
  bool unreachable_ = false;
  Counts counts_;
};

}  // namespace meshfs::syncd
