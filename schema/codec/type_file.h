// Record types as the bytes of /mesh/network/types/NAME.type (types.capnp). Pure; any thread.
#pragma once

#include "schema/typed/type_description.h"
#include "schema/vocab/bytes.h"
#include "schema/vocab/result.h"

namespace meshfs::codec {

// Of what check_shape() accepts.
Bytes encode_type(const typed::RecordType& type);
// Nothing that check_shape() refuses; too_large beyond kMaxTypeFileBytes.
Result<typed::RecordType> decode_type(ByteView bytes);

}  // namespace meshfs::codec
