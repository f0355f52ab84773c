// Members of a network of the tests, by name: the same name is the same member, with keys that anybody can compute. Their
// credentials are real, so nothing in syncd is told from a network of people.
#pragma once

#include "schema/codec/local.h"

namespace meshfs::sim {

const codec::Genesis& fake_genesis();
codec::Identity fake_member(const std::string& name);
// That the fake network's admin let it in.
codec::Proof fake_proof(const codec::Member& member);
// What fsd tells its syncd.
codec::local::Welcome fake_welcome(const std::string& name);
crypto::LinkKey fake_network_key();

}  // namespace meshfs::sim
