// Fetcher, as far as neighbours may be wrong: in which form a blob is wanted and may come, and who brought what was no good.
#include <algorithm>

#include "schema/crypto/hash.h"
#include "syncd/core/fetcher.h"

namespace meshfs::syncd {

Fetcher::Record& Fetcher::record(const NodeId& who) {
  if (!records_.contains(who) && records_.size() >= kMaxFaulty) {
    std::erase_if(records_, [this](const auto& one) { return !peers_.contains(one.first); });
  }
  return records_[who];
}

Fetcher::Faults Fetcher::faults_of(const NodeId& who) const {
  const auto it = records_.find(who);
  return it == records_.end() ? Faults{} : it->second.faults;
}

// From now on it is asked for as it is.
void Fetcher::forget_bases(Need& need) {
  need.bases.clear();
  need.signature.clear();
}

// A delta against what was not named is no answer to any want of ours. But it may answer one that was said before its bases
// turned out to be no good.
bool Fetcher::may_bring(const NodeId& from, Need& need, const codec::Blob& blob) {
  const bool signed_for = blob.encoding == codec::BlobEncoding::rsync && !need.signature.empty() &&
                          crypto::hash_of(need.signature) == blob.base;
  const bool named = std::find(need.bases.begin(), need.bases.end(), blob.base) != need.bases.end();
  if (need.kind == blob.kind && (blob.base.is_zero() || named || signed_for)) return true;
  if (need.kind == blob.kind && need.bases.empty() && need.signature.empty()) {
    std::erase(need.tried, from);
    return false;
  }
  ++record(from).faults.refused;
  mail_.blame(from, "content in a form that nobody asked it for");
  return false;
}

codec::WantBlobs::Want Fetcher::want_of(const NodeId& who, const Hash& hash, const Need& need) const {
  if ((mail_.features(who) & codec::kFeatureDeltas) == 0) return {hash, need.kind};
  return {hash, need.kind, need.bases, need.offset, need.signature};
}

}  // namespace meshfs::syncd
