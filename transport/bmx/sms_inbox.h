// The folder rcvdSms: what other nodes say, one file "ID:NAME" per message. bmx rewrites all files of a node in place whenever
// that node changes anything, so a file that is half there or gone is no news: it is read again when it was closed.
// Owned by SmsFolder; one thread.
#pragma once

#include <map>
#include <set>
#include <string>

#include "transport/bmx/sms_outbox.h"
#include "transport/port/bulletin.h"

namespace meshfs::transport {

class SmsInbox {
 public:
  static constexpr std::size_t kMaxAuthors = 1024;  // 130 bytes each; more nodes are not heard

  // `outbox` tells which files are our own: bmx puts those there, too.
  SmsInbox(const SmsKind& kind, std::string folder, const SmsOutbox& outbox)
      : kind_(kind), folder_(std::move(folder)), outbox_(outbox) {}

  void read(const std::set<std::string>& names, const Bulletin::Events& events);  // that may have changed
  void read_all(const Bulletin::Events& events);
  // Tells who was away for longer than `absence`.
  void expire(Instant now, Duration absence, const Bulletin::Events& events);
  void forget() { authors_.clear(); }  // tells everything again

  [[nodiscard]] const std::string& folder() const { return folder_; }
  // This node's id; empty: none of our files was there yet.
  [[nodiscard]] const std::string& own_id() const { return own_id_; }
  void forget_own_id() { own_id_.clear(); }
  // This file of ours is what bmx sends as ours.
  [[nodiscard]] bool shows(std::size_t slot, ByteView file) const;

 private:
  struct Author {
    std::vector<std::uint64_t> told;  // by page: its mark; 0: nothing yet
    std::uint32_t present = 0;        // bit per slot
    Instant absent_since = kNever;
  };
  void read_page(const std::string& id, std::size_t page, const Bulletin::Events& events);
  [[nodiscard]] bool is_own(const std::string& id, const std::vector<Bytes>& files, const Bulletin::Events& events);
  void gone(const std::string& id, const Bulletin::Events& events);

  const SmsKind& kind_;
  const std::string folder_;
  const SmsOutbox& outbox_;
  std::string own_id_;
  std::map<std::string, Author> authors_;
};

}  // namespace meshfs::transport
