// Uses a patch, in two passes, holding one run (kMaxRunBytes) and its base (kMaxBaseBytes) at a time.
//
// check_patch() rebuilds and hashes everything and hands nothing out: only a patch whose list has the wanted hash is
// true, as a whole. unpack_patch() then rebuilds the new chunks once more and hands each out, verified again. The work is
// bounded by `total`, which the parent of the list (or the entry) vouches for: at most that many bytes are rebuilt, and
// kBasePerPlain times as many read from the base.
//
// Errors: not_found says that the base is not here as the patch needs it (nobody's fault: ask without a base); bad_bytes
// and too_large that the patch is false (the sender's fault); no_space that memory is short.
#pragma once

#include "fsd/delta/patch_format.h"

namespace meshfs::fsd {

struct PatchedList {
  codec::HashList list;
  Bytes encoded;                   // its blob: codec::encode_list(list)
  std::vector<ItemRange> brought;  // items of the list whose bytes the patch brings, in order
  std::vector<ItemRange> named;    // items whose bytes must be had otherwise, in order
};

// `window`: the base's chunks that patch_window() asks for. `wanted`: the list's hash. `total`: file bytes below it.
Result<PatchedList> check_patch(ByteView patch, std::span<const BaseItem> window, const ReadBase& read,
                                const Hash& wanted, std::uint64_t total);

// A chunk and its plain bytes. A failure ends the unpacking and is handed on.
using ChunkSink = std::function<Status(const codec::ListItem& chunk, ByteView plain)>;
// `list` is what check_patch() gave for the very same patch, window and total.
Status unpack_patch(ByteView patch, std::span<const BaseItem> window, const ReadBase& read, const codec::HashList& list,
                    const ChunkSink& sink);

}  // namespace meshfs::fsd
