// Answers to syncd's questions: set items in the form that costs least, blobs as stored.
#pragma once

#include "fsd/core/log_view.h"
#include "fsd/core/squeezer.h"

namespace meshfs::fsd {

// Of one answer frame; longer answers go in several frames with the same request number.
inline constexpr std::size_t kMaxAnswerBytes = 512 * 1024;
// Of items one request gets so much; what is left is named and asked for again. So a request may be long enough to see most of
// a commit, and its answer stays small.
inline constexpr std::size_t kMaxItemsBytes = 256 * 1024;

using SendToSyncd = std::function<void(codec::local::ToSyncd)>;
void serve_items(Sets& sets, LogView& log, Squeezer& squeezer, const codec::local::GetItems& request,
                 const SendToSyncd& send);
void serve_blobs(BlobStore& blobs, const codec::local::GetBlobs& request, const SendToSyncd& send);

}  // namespace meshfs::fsd
