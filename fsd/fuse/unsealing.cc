#include "fsd/fuse/unsealing.h"

namespace meshfs::fsd::fuse {
namespace {

Result<std::shared_ptr<const crypto::Seal>> seal_of(ContentIo& io, const codec::Content& content,
                                                    const Unsealing& unsealing) {
  if (unsealing.seal != nullptr) return unsealing.seal;
  auto opened = io.seals()->open(content);
  if (opened && *opened == nullptr) return error(Errc::io, "a sealed file is none");
  return opened;
}

}  // namespace

Unsealing Unsealing::of(const codec::Attributes& attributes, const codec::Content& content, ContentIo& io) {
  Unsealing out;
  Seals* seals = io.seals();
  if (seals == nullptr) return out;
  out.readers = seal_mark(attributes);
  if (out.readers.empty()) return out;
  const bool marked_ours = seals->own_among(out.readers);
  const std::uint64_t size = codec::size_of(content);
  const auto opened = seals->open(content);
  if (opened && *opened != nullptr) {
    out.seal = *opened;
    out.readers = out.seal->readers;
    out.plain_bytes = out.seal->plain_bytes;
    out.header_bytes = out.seal->header.size();
    out.ours = true;
  } else if (const auto plain = crypto::unsealed_bytes(size, out.readers.size()); !opened && marked_ours && plain) {
    out.plain_bytes = *plain;  // it is on other nodes: as far as can be told from here
    out.header_bytes = crypto::seal_header_bytes(out.readers.size());
    out.ours = true;
  }
  out.forbidden = !out.ours && !marked_ours;
  return out;
}

Result<Bytes> read_shown(ContentIo& io, const codec::Content& content, const Unsealing& unsealing, std::uint64_t offset,
                         std::size_t length) {
  if (!unsealing.ours) return io.read(content, offset, length);
  const auto seal = seal_of(io, content, unsealing);
  if (!seal) return seal.failure();
  return read_sealed(**seal, codec::size_of(content), offset, length,
                     [&](std::uint64_t from, std::size_t bytes) { return io.read(content, from, bytes); });
}

ContentRange range_of_shown(ContentIo& io, const codec::Content& content, const Unsealing& unsealing,
                            std::uint64_t offset, std::size_t length) {
  if (!unsealing.ours) return {offset, length};
  const auto seal = seal_of(io, content, unsealing);
  if (!seal) return {0, unsealing.header_bytes};  // first of all
  return sealed_range(**seal, codec::size_of(content), offset, length);
}

}  // namespace meshfs::fsd::fuse
