// A world that nodes join by invitation. For the tests of membership.
#pragma once

#include <gtest/gtest.h>

#include "tests/unit/core/world.h"

namespace meshfs::sim {

using codec::Invitation;

inline crypto::SigningKey key_of(std::uint64_t number) { return crypto::SigningKey::from_seed(test_seed(number, 60)); }

// A network of an admin, a, and whoever is invited.
struct Network {
  explicit Network(std::uint64_t seed, std::size_t nodes = 1)
      : world(seed, nodes), secret(test_seed(seed, 9)), genesis(test_genesis(secret, seed * 100 + 1)) {}

  Status invite(std::uint64_t key, const Invitation& how = {}, std::size_t by = 0) {
    Invitation made = how;
    made.key = key_of(key).public_key();
    return world[by].replica->invite(made);
  }
  codec::Identity candidate(std::uint64_t number, const std::string& name, std::uint64_t key) const {
    codec::Identity out = test_identity(genesis, secret, 1000 + number, name);
    const crypto::SigningKey invite = key_of(key);
    codec::sign_member(out.member, codec::network_id(genesis), crypto::SigningKey::from_seed(*out.node_seed), &invite);
    out.invited_by = "a";
    return out;
  }
  // Of the genesis, beside node 0.
  codec::Identity second_admin() const {
    codec::Identity out = test_identity(genesis, secret, 77, "other");
    out.node_seed = test_seed(1, 100);
    const auto root = crypto::SigningKey::from_seed(*out.node_seed);
    out.member.node.data = root.public_key().data;
    codec::sign_member(out.member, codec::network_id(genesis), root, nullptr);
    return out;
  }
  std::string role(std::size_t at, const std::string& name) {
    for (const auto& line : world[at].replica->nodes()) {
      if (line.name == name) return line.role;
    }
    return "unknown";
  }
  std::string standing(std::size_t of) { return world[of].replica->status().standing; }
  void expect_equal_sets(std::size_t but = SIZE_MAX) {
    for (std::size_t i = 1; i < world.size(); ++i) {
      if (i == but) continue;
      const auto one = world[0].replica->status().sets, other = world[i].replica->status().sets;
      for (std::size_t set = 0; set < one.size(); ++set)
        EXPECT_EQ(one[set].fingerprint, other[set].fingerprint) << "node " << i << ", " << set_name(one[set].set);
    }
  }

  World world;
  crypto::Seed secret;
  codec::Genesis genesis;
};

// All but the last `but` nodes are sound, can be made again from their logs, and show and hold the same.
inline void expect_same_everywhere(World& world, std::size_t but = 0) {
  for (std::size_t i = 0; i + but < world.size(); ++i) {
    world[i].settle(world.now, world.wall);
    EXPECT_EQ(check_tree(world[i]), "") << i;
    EXPECT_EQ(check_totals(world[i]), "") << i;
    EXPECT_EQ(check_replay(world[i], world.now, world.wall, true), "") << i;
    EXPECT_TRUE(world[i].dump() == world[0].dump()) << i;
    EXPECT_TRUE(world[i].replica->status().sets == world[0].replica->status().sets) << i;
  }
}

inline bool shows(TestNode& node, const std::string& name) {
  return node.files().lookup(node.files().root(), name).ok();
}
inline void write(TestNode& node, const std::string& name) {
  ASSERT_TRUE(put_file(node, node.files().root(), name, "text of " + name).ok());
}

}  // namespace meshfs::sim
