// One small network with fixed keys and a few fixed records: what schema/README.md explains byte by byte, what the golden
// bytes freeze, and what the size table measures.
#pragma once

#include "schema/codec/commit.h"
#include "schema/codec/network.h"
#include "schema/codec/wire.h"

namespace meshfs::testing {

template <class Fixed>
Fixed filled(std::uint8_t first) {  // first, first + 1, ...
  Fixed out;
  for (std::size_t i = 0; i < Fixed::kSize; ++i) out.data[i] = static_cast<std::uint8_t>(first + i);
  return out;
}

crypto::SigningKey example_key();  // of a device
NetworkId example_network();
codec::Header example_header();
codec::ObjectEntry example_file();  // report.txt in a sub-directory, 12 kB by root hash, 0644 root:root
codec::ObjectEntry example_inline(std::size_t bytes);
codec::ObjectEntry example_directory();
codec::ObjectEntry example_rename();  // of the file, keeping attributes and content
codec::ObjectEntry example_edit();    // of the file by another author
codec::ObjectEntry example_full();    // of the file: two authors known, two xattrs, one link, one removed
codec::BatchTombstone example_tombstones(std::size_t count);
codec::Commit example_commit(codec::Entry entry);
codec::HashList example_list();
codec::Beacon example_beacon();

}  // namespace meshfs::testing
