#include "fsd/core/outbox.h"

namespace meshfs::fsd {

void Outbox::gather() {
  for (auto& items : sets_.take_changes()) {
    if (connected_ && !owes_snapshot_) waiting_.push_back({sealed_, std::nullopt, std::move(items)});
  }
}

void Outbox::sealed(const codec::Commit& commit, const HeaderHash& header, Bytes encoded) {
  ++sealed_;
  if (!connected_ || owes_snapshot_) return;
  codec::local::Publish publish;
  publish.header = header;
  std::size_t bytes = encoded.size();
  publish.squeezed = squeezer_.squeeze(commit, bytes, squeezer_.all_held());
  publish.push.bundles.push_back({codec::ItemForm::commit, std::move(encoded)});
  for (const auto& entry : commit.entries) {
    const auto* state = std::get_if<codec::ObjectEntry>(&entry);
    if (state == nullptr) continue;
    for (const auto& content : state->contents) {
      if (content.stamp.age != 0 || !content.value) continue;
      const auto* chunked = std::get_if<codec::ChunkedContent>(&*content.value);
      if (chunked == nullptr || chunked->size > kMaxAttachedBlob || bytes + 128 >= kMaxPushBytes) continue;
      auto blob = blobs_.get(chunked->root);
      if (!blob.ok() || bytes + blob->data.size() + 128 > kMaxPushBytes) continue;
      bytes += blob->data.size() + 128;
      publish.push.blobs.push_back(std::move(*blob));
    }
  }
  waiting_.push_back({sealed_, std::move(publish), {}});
}

void Outbox::flush(std::function<void(Status)> flushed) {
  if (flushing_ || all_durable()) return;
  flushing_ = true;
  log_.when_durable(
      [this, alive = std::weak_ptr(alive_), generation = sealed_, flushed = std::move(flushed)](const Status& status) {
        if (alive.expired()) return;
        flushing_ = false;
        if (status.ok()) durable_ = generation;
        deliver();
        flushed(status);
      });
}

void Outbox::deliver() {
  if (owes_snapshot_ && all_durable() && connected_) {
    owes_snapshot_ = false;
    waiting_.clear();
    sets_.snapshot(kItemsPerMessage, [this](codec::local::Items items) { send_(std::move(items)); });
    return;
  }
  gather();
  while (!waiting_.empty() && waiting_.front().generation <= durable_) {
    Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    if (next.publish) send(std::move(*next.publish));
    send_items(next.items);
  }
}

void Outbox::send_items(const codec::local::Items& items) {
  codec::local::Items out;
  const auto room = [&] {
    if (out.added.size() + out.removed.size() >= kItemsPerMessage) send(std::exchange(out, {}));
  };
  // An item can be added and removed between two messages: its addition goes first.
  for (const auto& added : items.added) {
    out.added.push_back(added);
    room();
  }
  for (const auto& removed : items.removed) {
    out.removed.push_back(removed);
    room();
  }
  if (!out.added.empty() || !out.removed.empty()) send(std::move(out));
}

void Outbox::connected() {
  connected_ = true;
  owes_snapshot_ = true;
  waiting_.clear();
}

void Outbox::gone() {
  connected_ = false;
  owes_snapshot_ = false;
  waiting_.clear();
}

}  // namespace meshfs::fsd
