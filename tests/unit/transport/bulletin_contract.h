// The contract of transport/port/bulletin.h as checks. Each runs against a world of three nodes and gives "" or one sentence
// about what is wrong, so that tests can demand success of every adapter and failure of broken ones.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "transport/port/bulletin.h"

namespace meshfs::transport::contract {

class BulletinWorld {
 public:
  static constexpr std::size_t kNodes = 3;
  virtual ~BulletinWorld() = default;
  virtual Bulletin& bulletin(std::size_t i) = 0;
  virtual void run_for(Duration time) = 0;
  [[nodiscard]] virtual Duration patience() const = 0;  // a change is everywhere by then, a withdrawal told
};

std::string health_says_up(BulletinWorld& world);
std::string last_value_wins(BulletinWorld& world);
std::string all_pages_arrive(BulletinWorld& world);  // as many and large as the limits allow
std::string pages_not_named_stay(BulletinWorld& world);
std::string unchanged_is_not_told(BulletinWorld& world);
std::string limits_refuse_and_change_nothing(BulletinWorld& world);
std::string withdrawal_is_told(BulletinWorld& world);

struct BulletinCheck {
  const char* name;
  std::string (*run)(BulletinWorld&);
};
const std::vector<BulletinCheck>& all_bulletin_checks();

// What one node hears, for checks and for tests of one adapter. Listens until it goes.
class BulletinEar {
 public:
  explicit BulletinEar(Bulletin& bulletin);
  ~BulletinEar() { bulletin_.set_events({}); }
  BulletinEar(const BulletinEar&) = delete;
  BulletinEar& operator=(const BulletinEar&) = delete;

  // As Bulletin's, and notes whether it called back.
  Status publish(std::vector<Page> changed);
  [[nodiscard]] bool has(std::size_t number, const Bytes& bytes) const;  // somebody's page
  [[nodiscard]] bool trouble_has(std::string_view part) const { return health.trouble.find(part) != std::string::npos; }

  std::map<std::string, std::map<std::size_t, Bytes>> pages;  // by author
  std::vector<std::string> gone;
  BulletinHealth health;
  std::size_t told = 0;
  bool called_back = false;

 private:
  Bulletin& bulletin_;
  bool inside_ = false;
};

Bytes page_bytes(std::size_t size, std::uint64_t seed);

}  // namespace meshfs::transport::contract
