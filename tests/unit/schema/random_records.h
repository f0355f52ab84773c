// Random but valid records of every type the codec knows, the same for the same seed: for round trips, and as the
// seeds of the fuzzing corpus. Small sizes are likelier than large ones.
#pragma once

#include <algorithm>

#include "schema/codec/commit.h"
#include "schema/codec/local.h"
#include "schema/codec/network.h"
#include "schema/codec/page.h"
#include "schema/vocab/rng.h"

namespace meshfs::testing {

Bytes random_bytes(Rng& rng, std::size_t size);
std::string random_name(Rng& rng, std::size_t max_size);  // valid as a file name, any bytes

std::string random_text(Rng& rng, std::size_t max_size, std::string_view alphabet);
std::string node_name(Rng& rng);
WallMs random_wall(Rng& rng);

template <class Fixed>
Fixed random_fixed(Rng& rng) {
  return *Fixed::from(random_bytes(rng, Fixed::kSize));
}

// at_least to at_least + more of them.
template <class Fixed>
std::vector<Fixed> random_list(Rng& rng, std::size_t at_least, std::size_t more) {
  std::vector<Fixed> out(at_least + rng.below(more + 1));
  for (Fixed& one : out) one = random_fixed<Fixed>(rng);
  return out;
}

template <class T, class Key>
void sort_unique(std::vector<T>& values, Key key) {
  std::sort(values.begin(), values.end(), [&](const T& a, const T& b) { return key(a) < key(b); });
  const auto same = [&](const T& a, const T& b) { return key(a) == key(b); };
  values.erase(std::unique(values.begin(), values.end(), same), values.end());
}

codec::Attributes random_attributes(Rng& rng);
codec::ObjectEntry random_object(Rng& rng, const VolumeTag& volume);
codec::BatchTombstone random_batch(Rng& rng);
codec::Entry random_entry(Rng& rng, const VolumeTag& volume);
codec::Header random_header(Rng& rng);
crypto::SigningKey random_key(Rng& rng);
codec::Commit random_commit(Rng& rng, const NetworkId& network, const crypto::SigningKey& key);

codec::HashList random_hash_list(Rng& rng);
codec::Genesis random_genesis(Rng& rng, const crypto::SigningKey& admin);
codec::Identity random_identity(Rng& rng);  // of its network's first admin
codec::Invitation random_invitation(Rng& rng);
codec::Admission random_admission(Rng& rng);
codec::Token random_token(Rng& rng);

codec::Beacon random_beacon(Rng& rng);
codec::Hello random_hello(Rng& rng);
codec::Packet random_packet(Rng& rng);
codec::News random_news(Rng& rng);  // fits its frame
codec::BulletinPage random_page(Rng& rng);
// One of each kind as `which` counts up; which < number of alternatives.
codec::Message random_message(Rng& rng, std::size_t which);
codec::local::ToSyncd random_to_syncd(Rng& rng, std::size_t which);
codec::local::ToFsd random_to_fsd(Rng& rng, std::size_t which);

}  // namespace meshfs::testing
