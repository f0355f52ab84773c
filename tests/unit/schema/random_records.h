// Random but valid records of every type the codec knows, the same for the same seed: for round trips, and as the
// seeds of the fuzzing corpus. Small sizes are likelier than large ones.
#pragma once

#include "schema/codec/commit.h"
#include "schema/codec/local.h"
#include "schema/codec/network.h"
#include "schema/vocab/rng.h"

namespace meshfs::testing {

Bytes random_bytes(Rng& rng, std::size_t size);
std::string random_name(Rng& rng, std::size_t max_size);  // valid as a file name, any bytes

template <class Fixed>
Fixed random_fixed(Rng& rng) {
  return *Fixed::from(random_bytes(rng, Fixed::kSize));
}

codec::Attributes random_attributes(Rng& rng);
codec::ObjectEntry random_object(Rng& rng, const VolumeTag& volume);
codec::BatchTombstone random_batch(Rng& rng);
codec::Entry random_entry(Rng& rng, const VolumeTag& volume);
codec::Header random_header(Rng& rng);
crypto::SigningKey random_key(Rng& rng);
codec::Commit random_commit(Rng& rng, const NetworkId& network, const crypto::SigningKey& key);

codec::HashList random_hash_list(Rng& rng);
codec::Genesis random_genesis(Rng& rng, const crypto::Seed& secret, const crypto::SigningKey& admin);
codec::Member random_member(Rng& rng, const NetworkId& network, const crypto::Seed& secret);
codec::Identity random_identity(Rng& rng);

codec::Beacon random_beacon(Rng& rng);
codec::Hello random_hello(Rng& rng);
codec::Packet random_packet(Rng& rng);
// One of each kind as `which` counts up; which < number of alternatives.
codec::Message random_message(Rng& rng, std::size_t which);
codec::local::ToSyncd random_to_syncd(Rng& rng, std::size_t which);
codec::local::ToFsd random_to_fsd(Rng& rng, std::size_t which);

}  // namespace meshfs::testing
