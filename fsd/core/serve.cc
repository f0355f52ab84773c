#include "fsd/core/serve.h"

#include <map>

namespace meshfs::fsd {

namespace {

// Gathers an answer and sends it in frames of bounded size.
template <class Found>
class Answer {
 public:
  Answer(std::uint64_t request, const SendToSyncd& send) : send_(send) { found_.request = request; }
  Found& with(std::size_t bytes) {
    if ((bytes_ + bytes > kMaxAnswerBytes || count_ == codec::kMaxWants) && bytes_ > 0) {
      Found full;
      full.request = found_.request;
      std::swap(full, found_);
      send_(std::move(full));
      bytes_ = count_ = 0;
    }
    bytes_ += bytes;
    ++count_;
    return found_;
  }
  Found& last() { return found_; }
  void finish() { send_(std::move(found_)); }

 private:
  const SendToSyncd& send_;
  Found found_;
  std::size_t bytes_ = 0, count_ = 0;
};

}  // namespace

void serve_items(Sets& sets, LogView& log, Squeezer& squeezer, const codec::local::GetItems& request,
                 const SendToSyncd& send) {
  Answer<codec::local::ItemsFound> answer(request.request, send);
  std::size_t spent = 0;
  const auto put = [&](codec::ItemForm form, Bytes bytes) {
    const std::size_t size = bytes.size() + 64;
    answer.with(size).bundles.push_back({form, std::move(bytes)});
    spent += size;
  };
  // Squeezed if the asker can read that and it pays.
  const auto put_record = [&](codec::ItemForm form, Bytes bytes, const auto& record) {
    auto squeezed = squeezer.squeeze(record, bytes.size(), request.dictionaries);
    if (squeezed)
      put(squeezed->form, std::move(squeezed->bytes));
    else
      put(form, std::move(bytes));
  };
  struct Wanted {
    std::vector<EntryInfo> entries;
    std::vector<std::uint64_t> numbers;
  };
  std::map<RecordPosition, Wanted> by_record;
  for (const std::uint64_t number : request.items) {
    const auto item = sets.item(number);
    if (!item) continue;
    if (item->header_of) {
      if (const auto header = sets.newest_header(item->set, *item->header_of)) {
        put(codec::ItemForm::header, codec::encode_signed_header(*header));
      }
    } else if (const auto info = sets.find(item->hash)) {
      Wanted& wanted = by_record[info->position];
      wanted.entries.push_back(*info);
      wanted.numbers.push_back(number);
    }
  }
  // What a full request has of its last record may not be all that is wanted of it.
  const bool cut = request.items.size() == codec::local::kMaxGetItems;
  std::vector<std::uint64_t> left;
  for (const auto& [position, of_record] : by_record) {
    if (spent >= kMaxItemsBytes || (spent > 0 && cut && position == by_record.rbegin()->first)) {
      left.insert(left.end(), of_record.numbers.begin(), of_record.numbers.end());
      continue;
    }
    const std::vector<EntryInfo>& wanted = of_record.entries;
    const auto* record = log.load(wanted.front());
    if (record == nullptr) continue;
    // Proofs cost some 400 bytes an entry: with half of a commit wanted, the whole of it is shorter.
    const bool whole = record->form == codec::ItemForm::proven || wanted.size() * 2 >= record->hashes.size();
    if (whole && record->commit) {
      put_record(record->form, record->bytes, *record->commit);
      continue;
    }
    if (whole) {
      put_record(record->form, record->bytes, *record->proven);
      continue;
    }
    for (const EntryInfo& info : wanted) {
      const codec::ProvenEntry proven = codec::prove(*record->commit, info.index);
      put_record(codec::ItemForm::proven, codec::encode_proven(proven), proven);
    }
  }
  answer.last().left = std::move(left);
  answer.finish();
}

void serve_blobs(BlobStore& blobs, const codec::local::GetBlobs& request, const SendToSyncd& send) {
  Answer<codec::local::BlobsFound> answer(request.request, send);
  for (const Hash& hash : request.hashes) {
    auto blob = blobs.get(hash);
    if (blob.ok()) {
      const std::size_t size = blob->data.size() + 64;
      answer.with(size).blobs.push_back(std::move(*blob));
    } else {
      answer.with(32).missing.push_back(hash);
    }
  }
  answer.finish();
}

}  // namespace meshfs::fsd
