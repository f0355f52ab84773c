// librsync for a run of bytes whose sender holds no version that the receiver has: the receiver signs what it has near
// that place, the sender answers with what that lacks, the receiver puts both together. Costs a signature (some 3 % of
// the receiver's bytes) and a round trip, which fsd/delta's patches don't.
//
// Formats: librsync 2.3's signature of RabinKarp weak and whole 32-byte BLAKE2b sums; its delta, as one zstd frame. Both come from
// outside and are walked here, number by number, before librsync sees them: it allocates by what they say, casts copy
// lengths to int, writes as much as a delta commands (copies repeat: 60 kB can command 10 GB), and aborts when memory
// ends. Pure functions; librsync's own messages are off.
#pragma once

#include <optional>

#include "schema/vocab/bytes.h"
#include "schema/vocab/result.h"

namespace meshfs::fsd {

inline constexpr std::size_t kMaxSignedBytes = 512 * 1024;  // of one signature
inline constexpr std::size_t kMaxDeltaRun = 256 * 1024;     // plain bytes of one delta
inline constexpr std::size_t kMaxSignatureBytes = 20 * 1024;
inline constexpr std::size_t kMaxRunDeltaBytes = kMaxDeltaRun;  // a delta that is larger than the run is no use

// Of 1..kMaxSignedBytes bytes. too_large, or bad_bytes if there are none.
Result<Bytes> sign_run(ByteView base);
// What turns the signed bytes into `plain` (1..kMaxDeltaRun). Nothing if it isn't noticeably smaller than `plain`, or
// if the signature is so full of equal weak sums that using it would take seconds.
// bad_bytes, too_large: the signature is not one of ours.
Result<std::optional<Bytes>> delta_run(ByteView plain, ByteView signature);
// Exactly plain_size bytes; bad_bytes or too_large before more is produced. The caller verifies what comes out by hash.
Result<Bytes> patch_run(ByteView base, ByteView delta, std::size_t plain_size);

}  // namespace meshfs::fsd
