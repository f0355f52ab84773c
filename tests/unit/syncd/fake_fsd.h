// A stand-in for fsd in tests of syncd's core: believes every bundle, keeps items and blobs by hash in memory, and asks
// for the blobs that a bundle names. A bundle's bytes are: 8 bytes of text, then hashes of its blobs.
#pragma once

#include <map>
#include <set>

#include "tests/sim/sim_host.h"

namespace meshfs::sim {

class FakeFsd {
 public:
  FakeFsd(SimHost& host, std::string name);

  // A new process connects: Welcome and snapshot.
  void greet();
  // Our own new commit naming these blobs; `along`: they ride with the push.
  Hash publish(std::uint64_t text, const std::vector<Bytes>& blobs, bool along);
  void forget(const Hash& item);  // as if it had been superseded

  std::map<Hash, Bytes> items;  // by hash of their bytes
  std::map<Hash, codec::Blob> blobs;
  std::map<Hash, Instant> arrived;  // when an item or blob came; our own too
  std::set<Hash> needs;
  std::uint64_t offers = 0, refused_blobs = 0, blobs_given = 0, bundles_offered = 0;
  std::function<Instant()> clock;
  std::function<bool(const codec::Bundle&)> believe;  // unset: everything
  std::string peers;
  std::vector<WallMs> votes;

 private:
  void hear(const codec::local::ToFsd& message);
  void on(const codec::local::Offer& offer);
  void on(const codec::local::PutBlobs& put);
  void on(const codec::local::GetBlobs& get);
  void on(const codec::local::GetItems& get);
  bool take(const Bytes& bytes);
  void ask_for(const Bytes& bytes);

  SimHost& host_;
  std::string name_;
  std::map<std::uint64_t, Hash> numbers_;
  std::map<Hash, std::uint64_t> number_of_;
  std::uint64_t next_ = 1;
};

}  // namespace meshfs::sim
