#include "fsd/core/signing.h"

#include <algorithm>

#include "fsd/delta/run_delta.h"
#include "schema/crypto/hash.h"

namespace meshfs::fsd {

std::optional<codec::local::NeedBlobs> Signing::pass(std::optional<codec::local::NeedBlobs> news, Instant now) {
  codec::local::NeedBlobs out;
  if (news) {
    for (const Hash& hash : news->no_longer) drop(hash);
    out.no_longer = std::move(news->no_longer);
    for (Need& need : news->needs) {
      const bool of_a_list =
          need.kind == codec::BlobKind::chunk && !need.bases.empty() && !needs_.is_content(need.hash);
      if (of_a_list)
        contents_[need.bases.front()].held.push_back(std::move(need));
      else
        out.needs.push_back(std::move(need));
    }
  }
  std::size_t left = kPerPass;
  for (auto& [base, content] : contents_) {
    while (!content.held.empty()) {
      Need& need = content.held.front();
      const bool pays = content.pays(now);
      const std::size_t at_once = content.gained > 0 ? kMaxSigned : kProbes;
      if (pays && (left == 0 || content.under_way >= at_once || signed_.size() >= kMaxSigned)) break;
      if (pays && sign(need)) {
        if (content.under_way++ == 0) content.since = now;
        --left;
      }
      need.bases.clear();
      need.offset = 0;
      out.needs.push_back(std::move(need));
      content.held.pop_front();
    }
  }
  if (contents_.size() > kMaxContents) {
    std::erase_if(contents_, [](const auto& one) { return one.second.held.empty() && one.second.under_way == 0; });
  }
  if (out.needs.empty() && out.no_longer.empty()) return std::nullopt;
  return out;
}

bool Signing::sign(Need& need) {
  const Hash base = need.bases.front();
  const std::uint64_t begin = need.offset - std::min(need.offset, kSlack);
  const auto version = versions_.get(base, begin);
  if (version == nullptr) return false;
  const std::uint64_t from = std::max(begin, version->items().front().offset);
  const std::uint64_t to = std::min(need.offset + need.size_hint + kSlack, version->items().back().end());
  if (from >= to || to - from > kMaxSignedBytes) return false;
  const auto length = static_cast<std::size_t>(to - from);
  const auto bytes = versions_.read(*version, from, length);
  if (!bytes.ok()) return false;
  auto signature = sign_run(*bytes);
  if (!signature.ok() || signature->size() > codec::kMaxWantSignature) return false;
  signed_[need.hash] = {base, from, length, crypto::hash_of(*signature)};
  need.signature = std::move(*signature);
  return true;
}

void Signing::came(const Hash& blob, bool gained) {
  const auto at = signed_.find(blob);
  if (at == signed_.end()) return;
  if (const auto content = contents_.find(at->second.base); content != contents_.end()) {
    --content->second.under_way;
    ++(gained ? content->second.gained : content->second.failed);
  }
  signed_.erase(at);
}

void Signing::drop(const Hash& chunk) {
  if (const auto at = signed_.find(chunk); at != signed_.end()) {
    if (const auto content = contents_.find(at->second.base); content != contents_.end()) --content->second.under_way;
    signed_.erase(at);
  }
  for (auto& [base, content] : contents_) {
    std::erase_if(content.held, [&](const Need& need) { return need.hash == chunk; });
  }
}

void Signing::forget() {
  contents_.clear();
  signed_.clear();
}

const Signing::Signed* Signing::find(const Hash& chunk) const {
  const auto at = signed_.find(chunk);
  return at == signed_.end() ? nullptr : &at->second;
}

}  // namespace meshfs::fsd
