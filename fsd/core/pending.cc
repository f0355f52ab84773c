#include "fsd/core/pending.h"

#include <algorithm>

namespace meshfs::fsd {

void PendingBundles::add(Waiting waiting) {
  waiting.key = crypto::hash_of(waiting.bundle.bytes);
  if (const auto known = by_bundle_.find(waiting.key); known != by_bundle_.end()) erase(known->second);
  const std::uint64_t number = next_++;
  by_bundle_[waiting.key] = number;
  bytes_ += waiting.bundle.bytes.size();
  for (const Hash& origin : waiting.origins) by_origin_.emplace(origin, number);
  for (const ObjectId& object : waiting.objects) by_object_.emplace(object, number);
  for (const Hash& entry : waiting.holds) holders_[entry] = number;
  for (const Hash& entry : waiting.unproven) unproven_[entry] = number;
  if (waiting.author) by_author_.emplace(*waiting.author, number);
  if (waiting.epoch > 0) by_epoch_.emplace(waiting.epoch, number);
  waiting_.emplace(number, std::move(waiting));
  while (waiting_.size() > kMaxPendingBundles || (bytes_ > kMaxPendingBytes && waiting_.size() > 1)) {
    erase(waiting_.begin()->first);
  }
}

void PendingBundles::erase(std::uint64_t number) {
  const auto at = waiting_.find(number);
  const Waiting& gone = at->second;
  by_bundle_.erase(gone.key);
  bytes_ -= gone.bundle.bytes.size();
  for (const Hash& origin : gone.origins) by_origin_.erase({origin, number});
  for (const ObjectId& object : gone.objects) by_object_.erase({object, number});
  if (gone.author) by_author_.erase({*gone.author, number});
  if (gone.epoch > 0) by_epoch_.erase({gone.epoch, number});
  const auto forget = [number](std::map<Hash, std::uint64_t>& rows, const std::vector<Hash>& entries) {
    for (const Hash& entry : entries) {
      if (const auto row = rows.find(entry); row != rows.end() && row->second == number) rows.erase(row);
    }
  };
  forget(holders_, gone.holds);
  forget(unproven_, gone.unproven);
  waiting_.erase(at);
}

std::vector<PendingBundles::Waiting> PendingBundles::take(const std::vector<Hash>& entries,
                                                          const std::vector<AuthorTag>& authors,
                                                          const std::vector<ObjectId>& objects) {
  std::set<std::uint64_t> found;
  const auto find = [&found](const auto& index, const auto& keys) {
    for (const auto& key : keys) {
      for (auto at = index.lower_bound({key, 0}); at != index.end() && at->first == key; ++at) found.insert(at->second);
    }
  };
  find(by_origin_, entries);
  find(by_author_, authors);
  find(by_object_, objects);
  return take_numbers(found);
}

std::vector<PendingBundles::Waiting> PendingBundles::take_epochs(std::uint32_t highest) {
  std::set<std::uint64_t> found;
  for (const auto& [epoch, number] : by_epoch_) {
    if (epoch > highest) break;
    found.insert(number);
  }
  return take_numbers(found);
}

std::vector<PendingBundles::Waiting> PendingBundles::take_numbers(const std::set<std::uint64_t>& numbers) {
  std::vector<Waiting> out;
  for (const std::uint64_t number : numbers) {
    out.push_back(waiting_.at(number));
    erase(number);
  }
  return out;
}

void PendingBundles::relocate(RecordPosition from, RecordPosition to) {
  for (auto& [number, waiting] : waiting_) {
    if (waiting.position == from) waiting.position = to;
  }
}

bool PendingBundles::names(RecordPosition position) const {
  return std::any_of(waiting_.begin(), waiting_.end(),
                     [&](const auto& one) { return one.second.position == position; });
}

const PendingBundles::Waiting* PendingBundles::holder_of(const Hash& entry) const {
  const auto at = holders_.find(entry);
  return at == holders_.end() ? nullptr : &waiting_.at(at->second);
}

const PendingBundles::Waiting* PendingBundles::waits_in(const Hash& entry) const {
  if (const Waiting* holder = holder_of(entry)) return holder;
  const auto at = unproven_.find(entry);
  return at == unproven_.end() ? nullptr : &waiting_.at(at->second);
}

}  // namespace meshfs::fsd
