// Bulletin over ALFRED, by its local socket: a page is this node's record of one type, refreshed before ALFRED forgets it, read back
// to see that it was taken. Owned by who runs the loop; the loop's thread only. It starts no daemon and outlives any restart
// of one. It never writes a record of another author's address: the daemon would hold on to that and refuse the author's own.
#pragma once

#include <memory>
#include <set>

#include "schema/os/log.h"
#include "transport/alfred/alfred_pull.h"
#include "transport/alfred/alfred_relays.h"
#include "transport/alfred/alfred_socket.h"
#include "transport/port/published_pages.h"

namespace meshfs::transport {

class AlfredRecords final : public Bulletin {
 public:
  struct Times {                       // as they are; tests have shorter ones
    Duration poll = seconds(2);        // the daemon is asked what it has
    Duration slow_poll = seconds(10);  // when nothing changed for `calm`
    Duration calm = seconds(60);
    Duration refresh = seconds(300);  // ALFRED forgets after 600
    Duration absence = seconds(90);   // until an author is gone: a restarted daemon has everything again after 20
    Duration settle = AlfredRelays::kSettle;
  };
  static constexpr std::size_t kMaxAuthors = 1024;
  // All records of this node that hold pages, its own and others'. Every peer gets all of it every 10 s for ever.
  static constexpr std::size_t kMostBytes = 7'100;
  static constexpr std::size_t kRelayShare = 1'200;  // of one record at least, however much is published
  static constexpr const char* kSocket = "/var/run/alfred.sock";

  // `socket` empty: where the daemon has it.
  AlfredRecords(os::Loop& loop, const os::Log& log, const std::string& socket, Times times);
  AlfredRecords(os::Loop& loop, const os::Log& log, const std::string& socket)
      : AlfredRecords(loop, log, socket, Times()) {}
  static BulletinTraits traits_of_all();
  ~AlfredRecords() override;

  [[nodiscard]] const BulletinTraits& traits() const override { return traits_; }
  Status publish(std::vector<Page> changed) override;
  void set_events(Events events) override;
  // Asks others' daemons at once instead of waiting for their rounds; every second while something is under way, no oftener.
  void pull() override;

 private:
  struct Author {
    std::array<std::uint64_t, kAlfredPages> told{};     // marks; 0: nothing yet
    std::array<std::uint32_t, kAlfredPages> changes{};  // of what was told
    Instant absent_since = kNever;
  };
  struct Written {
    Bytes bytes;  // none: withdrawn
    Instant when = Instant{INT64_MIN / 2};
    std::uint32_t missing = 0;  // rounds in a row in which the daemon had something else
    bool done = true;           // if withdrawn: the daemon knows
  };
  void soon();
  void round();
  void write();
  void digest();
  bool learn_own_address();
  void check_written();
  void take(const AlfredKey& key, ByteView bytes, bool relayed, std::set<AlfredAddress>& present);
  void find_gone(const std::set<AlfredAddress>& present);
  void choose_relays();
  void want(const AlfredKey& key, Bytes bytes);
  void failed(const Error& failure);
  void tell_health();

  os::Loop& loop_;
  const os::Log& log_;
  const Times times_;
  BulletinTraits traits_;
  PublishedPages pages_;
  AlfredSocket socket_;
  AlfredRelays relays_;
  AlfredPull pull_;
  Events events_;

  std::uint32_t change_ = 0;
  bool published_ = false;
  Bytes heard_;          // the nonce, and whom this node hears
  AlfredAddress own_{};  // valid in a round in which our own record was found
  bool own_known_ = false;
  std::map<AlfredKey, Written> written_;  // with no source: this node's own
  std::map<AlfredAddress, Author> authors_;
  AlfredTable table_;  // of this round
  std::size_t unanswered_ = 0;
  bool again_ = false;  // something was published while a round is under way
  std::string trouble_;
  BulletinHealth told_;
  Instant changed_;
  os::Loop::TimerId timer_;
};

}  // namespace meshfs::transport
