// A network of the tests: keys by number. A second device of its first admin's node, the registrar, lets in whoever has a test
// identity; the key test_seed(1, 100) is an admin's, too.
#pragma once

#include <vector>

#include "schema/codec/network.h"
#include "schema/codec/wire.h"

namespace meshfs::sim {

codec::Identity test_identity(const codec::Genesis& genesis, const crypto::Seed& secret, std::uint64_t number,
                              const std::string& name);
// That it was let in: for its credential, and as every replica of it is told at its first start.
codec::Proof test_proof(const codec::Identity& identity);
std::vector<codec::Bundle> test_admission(const codec::Identity& identity);
codec::Genesis test_genesis(const crypto::Seed& secret, std::uint64_t admin);
crypto::Seed test_seed(std::uint64_t number, std::uint8_t kind);

}  // namespace meshfs::sim
