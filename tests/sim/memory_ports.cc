#include "tests/sim/memory_ports.h"

#include <zstd.h>

namespace meshfs::sim {

std::optional<ByteView> MemoryTable::get(ByteView key) {
  CHECK(!key.empty() && key.size() <= 511);
  const auto at = rows_.find(as_text(key));
  return at == rows_.end() ? std::nullopt : std::optional(as_bytes(at->second));
}

void MemoryTable::put(ByteView key, ByteView value) {
  CHECK(!scanning_ && !key.empty() && key.size() <= 511);
  rows_.insert_or_assign(std::string(as_text(key)), std::string(as_text(value)));
}

void MemoryTable::erase(ByteView key) {
  CHECK(!scanning_);
  if (const auto at = rows_.find(as_text(key)); at != rows_.end()) rows_.erase(at);
}

void MemoryTable::scan(ByteView from, const std::function<bool(ByteView, ByteView)>& visit) {
  const bool outer = scanning_;
  scanning_ = true;
  for (auto at = rows_.lower_bound(as_text(from)); at != rows_.end(); ++at) {
    if (!visit(as_bytes(at->first), as_bytes(at->second))) break;
  }
  scanning_ = outer;
}

Result<fsd::RecordPosition> MemoryLog::append(fsd::RecordType type, ByteView payload) {
  if (full_) return error(Errc::no_space, "the disk is full");
  records_.push_back({type, std::string(as_text(payload))});
  return fsd::RecordPosition{records_.size()};
}

Result<Bytes> MemoryLog::read(fsd::RecordPosition position) {
  if (position == 0 || position > records_.size() || records_[position - 1].type == kGone)
    return error(Errc::not_found, "no such record");
  return copy_of(as_bytes(records_[position - 1].payload));
}

Status MemoryLog::replay(fsd::RecordPosition after, const Visit& visit) const {
  for (std::size_t i = records_.size(); i > after; --i) {
    const Record& record = records_[i - 1];
    if (record.type != fsd::RecordType::time_bound) continue;
    if (Status done = visit(record.type, 0, as_bytes(record.payload)); !done.ok()) return done;
    break;
  }
  for (auto i = static_cast<std::size_t>(after); i < records_.size(); ++i) {
    if (records_[i].type == kGone) continue;
    if (Status done = visit(records_[i].type, i + 1, as_bytes(records_[i].payload)); !done.ok()) return done;
  }
  return {};
}

void MemoryLog::compact(std::size_t first, std::size_t last, fsd::RecordOwner& owner) {
  using Need = fsd::RecordOwner::Need;
  const auto need_of = [&](std::size_t i) {
    return owner.needs(i + 1, records_[i].type, as_bytes(records_[i].payload));
  };
  for (std::size_t i = first; i < last; ++i) {
    if (records_[i].type != kGone && need_of(i) == Need::in_place) return;
  }
  CHECK(owner.before_compaction().ok());
  for (std::size_t i = first; i < last; ++i) {
    const Record record = records_[i];
    if (record.type == kGone) continue;
    if (need_of(i) == Need::yes) {
      records_.push_back(record);
      owner.moved(i + 1, records_.size(), record.type, as_bytes(record.payload));
    } else {
      owner.dropped(i + 1, record.type, as_bytes(record.payload));
    }
  }
  for (std::size_t i = first; i < last; ++i) records_[i] = {kGone, {}};
}

bool MemoryLog::flush() {
  durable_ = records_.size();
  const auto waiting = std::exchange(waiting_, {});
  for (const auto& done : waiting) done({});
  return !waiting.empty();
}

Status MemoryBlobs::put(const codec::Blob& blob) {
  if (full_) return error(Errc::no_space, "the disk is full");
  if (blobs_.emplace(blob.hash, blob).second) fresh_.push_back(blob.hash);
  return {};
}

Result<codec::Blob> MemoryBlobs::get(const Hash& hash) {
  const auto at = blobs_.find(hash);
  if (at == blobs_.end()) return Errc::not_found;
  return at->second;
}

Result<Bytes> MemoryBlobs::plain(const Hash& hash) {
  const auto at = blobs_.find(hash);
  if (at == blobs_.end()) return Errc::not_found;
  const codec::Blob& blob = at->second;
  if (blob.encoding == codec::BlobEncoding::plain) return copy_of(blob.data);
  Bytes out(blob.plain_size);
  const std::size_t got = ZSTD_decompress(out.data(), out.size(), blob.data.data(), blob.data.size());
  if (got != out.size()) return error(Errc::io, "a stored blob is damaged");
  return out;
}

void MemoryBlobs::each(const Hash& from, const std::function<bool(const Hash&, std::uint64_t)>& visit) {
  for (auto at = blobs_.lower_bound(from); at != blobs_.end(); ++at) {
    if (!visit(at->first, at->second.data.size())) return;
  }
}

bool MemoryStore::flush() {
  blobs.fresh_.clear();
  return log.flush();
}

void MemoryStore::crash() {
  log.records_.resize(log.durable_);
  log.waiting_.clear();
  for (const Hash& hash : blobs.fresh_) blobs.blobs_.erase(hash);
  blobs.fresh_.clear();
  index.rows_.clear();
}

}  // namespace meshfs::sim
