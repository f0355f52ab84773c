#include "schema/records/built_in.h"

#include "schema/codec/type_file.h"

namespace meshfs::records {

std::vector<typed::RecordType> built_in_types() {
  std::vector<typed::RecordType> out;
  for (const ByteView bytes : built_in_type_files()) {
    auto type = codec::decode_type(bytes);
    CHECK(type.ok());  // the build made it
    out.push_back(std::move(*type));
  }
  return out;
}

}  // namespace meshfs::records
