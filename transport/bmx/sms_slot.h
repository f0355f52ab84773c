// One file of the sms plugin: a page, or a part of one.
//
//   0xb5 0x01 | check: 4 | part: 4 bits, parts: 4 bits | bytes of the part
//
// The check is the beginning of a BLAKE2b of the whole page: files of another program, files that were read half-written, and
// parts of two changes do not agree with it. Values in, values out.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "schema/vocab/bytes.h"
#include "transport/bmx/sms_kind.h"

namespace meshfs::transport {

// Files for the slots of one page, in their order; none for an empty page. At most kind.page_bytes.
std::vector<Bytes> to_slots(const SmsKind& kind, ByteView page);

// Begins like a file of ours, whole or not.
bool is_slot(ByteView file);

// What lies in the slots of one page as a page, if they hold one whole change. Those behind it may hold anything.
std::optional<Bytes> from_slots(const std::vector<Bytes>& files);

// Tells contents of pages and files apart that nobody forges: who did would only hide what he himself says.
std::uint64_t mark_of(ByteView bytes);

}  // namespace meshfs::transport
