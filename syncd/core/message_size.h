// How much goes into one message, so that its frame stays under the limit after authentication.
#pragma once

#include "schema/codec/wire.h"

namespace meshfs::syncd {

// Several blobs or bundles share a message up to here; a commit of the largest size still fits beside its frame.
inline constexpr std::size_t kBatchBytes = 192 * 1024;
inline constexpr std::size_t kLargestMessage = 248 * 1024;

inline std::size_t size_in_message(const codec::Blob& blob) { return blob.data.size() + 64; }
inline std::size_t size_in_message(const codec::Bundle& bundle) { return bundle.bytes.size() + 32; }

}  // namespace meshfs::syncd
