// A light stand-in for fsd where the mesh is too large for whole replicas or only syncd is measured: keeps records by hash
// and believes each that comes and is a commit by its form. It knows nothing of trees, blobs, clocks or signatures, so whatever it shows holds for
// syncd's core alone. Owned by LightMesh or a test.
#pragma once

#include <map>

#include "tests/sim/sim_host.h"

namespace meshfs::sim {

// An encoded commit of one file with so many bytes inline, shared by all who hold it. Its signature is random: light
// nodes do not look at it.
using Record = std::shared_ptr<const Bytes>;
Record light_record(std::uint64_t number, std::size_t content_bytes);

class LightFsd {
 public:
  LightFsd(SimHost& host, std::uint64_t number);
  LightFsd(const LightFsd&) = delete;
  LightFsd& operator=(const LightFsd&) = delete;

  // It holds this from the start: before greet().
  void give(const Record& record) { (void)take(record); }
  void greet();
  // Its own new commit.
  void publish(const Record& record);
  // As if it had come by another way: syncd hears of it, but does not push it.
  void learn(const Record& record);

  [[nodiscard]] bool holds(const Hash& item) const { return number_of_.contains(item); }
  [[nodiscard]] std::size_t size() const { return records_.size(); }
  [[nodiscard]] const std::map<Hash, std::uint64_t>& items() const { return number_of_; }

  std::function<void(const Hash& item)> on_new;              // one came from a neighbour
  std::function<void(const codec::local::ToFsd&)> on_other;  // all that is no Offer and no GetItems
  std::uint64_t offered = 0;                                 // records, known ones too

 private:
  void hear(const codec::local::ToFsd& message);
  void on(const codec::local::Offer& offer);
  void on(const codec::local::GetItems& get);
  std::optional<codec::local::ItemAdded> take(const Record& record);

  SimHost& host_;
  std::uint64_t self_;
  std::vector<Record> records_;  // item n is records_[n - 1]
  std::map<Hash, std::uint64_t> number_of_;
};

}  // namespace meshfs::sim
