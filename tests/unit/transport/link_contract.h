// The contract of transport/port/packet_link.h as checks. Each runs against a World of three links that reach each
// other and gives "" or one sentence about what is wrong, so that tests can demand success of every adapter and
// failure of broken ones.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "transport/port/packet_link.h"

namespace meshfs::transport::contract {

class World {
 public:
  static constexpr std::size_t kLinks = 3;
  virtual ~World() = default;
  virtual PacketLink& link(std::size_t i) = 0;
  // How link `from` names link `to`.
  virtual LinkAddress address(std::size_t from, std::size_t to) = 0;
  virtual void run_for(Duration time) = 0;
  virtual void vanish(std::size_t i) = 0;            // link i is gone, without a word of its core
  virtual LinkAddress nobody() = 0;                  // well-formed, leads nowhere
  virtual void throw_garbage_at(std::size_t i) = 0;  // below the link: what strangers can do
  [[nodiscard]] virtual bool can_fill() const = 0;   // its send queue can be made to overflow
};

std::string delivers_unchanged(World& world);
std::string names_its_peers(World& world);
std::string refuses_too_large(World& world);
std::string says_no_space_then_room(World& world);
std::string keeps_order(World& world);       // reliable links; "" elsewhere
std::string tells_of_the_end(World& world);  // reliable links; "" elsewhere
std::string broadcasts_without_echo(World& world);
std::string survives_garbage(World& world);

struct Check {
  const char* name;
  std::string (*run)(World&);
};
const std::vector<Check>& all_checks();

}  // namespace meshfs::transport::contract
