// What goes to syncd, in order: our own commits and their items only once they are durable, everything else at once; a
// snapshot first whenever syncd connects. Generations count sealed commits; a flush makes all up to one of them durable.
#pragma once

#include <deque>
#include <memory>

#include "fsd/core/squeezer.h"

namespace meshfs::fsd {

// Items per message: ~100 kB of a local frame's 1 MiB.
inline constexpr std::size_t kItemsPerMessage = 2000;
// A Push stays small enough to travel at once: small content rides along up to this. What is larger is asked for, one round trip
// later: who has it already (a copied tree) or something alike (an edited file) then takes next to nothing.
inline constexpr std::size_t kMaxPushBytes = 64 * 1024;
inline constexpr std::size_t kMaxAttachedBlob = 2 * 1024;

class Outbox {
 public:
  using Send = std::function<void(codec::local::ToSyncd)>;
  Outbox(Sets& sets, RecordLog& log, BlobStore& blobs, Squeezer& squeezer, Send send)
      : sets_(sets), log_(log), blobs_(blobs), squeezer_(squeezer), send_(std::move(send)) {}

  // Call before a seal, so that the changes so far don't wait for its flush.
  void before_seal() { gather(); }
  void sealed(const codec::Commit& commit, const HeaderHash& header, Bytes encoded);
  // Starts a flush if commits wait for one; `flushed` runs after each. One flush at a time.
  void flush(std::function<void(Status)> flushed);
  [[nodiscard]] bool flushing() const { return flushing_; }
  [[nodiscard]] bool all_durable() const { return durable_ == sealed_; }

  void connected();
  void gone();
  [[nodiscard]] bool is_connected() const { return connected_; }
  // Sends what may go.
  void deliver();
  void send(codec::local::ToSyncd message) {
    if (connected_) send_(std::move(message));
  }

 private:
  void gather();
  void send_items(const codec::local::Items& items);

  Sets& sets_;
  RecordLog& log_;
  BlobStore& blobs_;
  Squeezer& squeezer_;
  Send send_;
  std::uint64_t sealed_ = 0, durable_ = 0;
  bool flushing_ = false;
  bool connected_ = false;
  bool owes_snapshot_ = false;
  struct Waiting {
    std::uint64_t generation = 0;
    std::optional<codec::local::Publish> publish;
    codec::local::Items items;
  };
  std::deque<Waiting> waiting_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // a flush may end after we are gone
};

}  // namespace meshfs::fsd
