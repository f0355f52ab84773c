#include "fsd/core/holdings.h"

namespace meshfs::fsd {

using codec::Holding;

namespace {

std::uint32_t capped(std::uint64_t value) {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(value, UINT32_MAX));
}

}  // namespace

codec::Reply Holdings::without_entry(const Hash& entry) {
  codec::Reply out;
  const auto refused = parts_.intake.why_refused(entry);
  const auto* waiting = parts_.intake.pending().waits_in(entry);
  // Refused for want of a right waits too, for who lends it.
  if (waiting != nullptr && !(waiting->author && refused)) {
    out.state = Holding::waiting;
    out.reason = waiting->author      ? "It came, and waits for the member record of its author."
                 : waiting->epoch > 0 ? "It came, and waits for policy epoch " + std::to_string(waiting->epoch) + "."
                                      : "It came, and waits for " + std::to_string(waiting->origins.size()) +
                                            " older entries that it names.";
  } else if (refused) {
    out.state = Holding::refused;
    out.reason = "It came and was refused: " + *refused + ".";
  } else {
    out.reason = "This version has not come here.";
  }
  return out;
}

void Holdings::tell_fetching(const codec::ChunkedContent& content, codec::Reply& out) {
  out.state = Holding::fetching;
  std::uint64_t rate = 0;
  for (const auto& source : parts_.transfers.rates(content.root, parts_.now)) {
    rate += source.bytes_per_s;
    if (out.sources.size() < codec::kMaxSources && !source.from.empty()) {
      out.sources.push_back({source.from.substr(0, codec::kMaxSourceName), capped(source.bytes_per_s)});
    }
  }
  const std::uint64_t left = out.of == 0 ? 0 : content.size / out.of * (out.of - out.have);
  if (rate > 0) out.seconds_left = capped(left / rate + 1);
  out.reason = rate > 0 ? "Its content is on its way." : "Its content is wanted, but nobody in reach brings it now.";
}

codec::Reply Holdings::look(const ObjectId& object, const Hash& entry, const codec::ChunkedContent& content) {
  if (!parts_.sets.find(entry)) return without_entry(entry);
  codec::Reply out;
  const ObjectRecord record = parts_.objects.load(object);
  const auto head =
      std::find_if(record.heads.begin(), record.heads.end(), [&](const Head& one) { return one.entry == entry; });
  const bool is_head = head != record.heads.end();
  if (is_head && !is_due(*head, parts_.moment.network_time)) {
    const std::int64_t ahead_ms = head->stamp.hlc.wall().ms - kFutureMs - parts_.moment.network_time.ms;
    out.state = Holding::waiting;
    out.reason = "Its time is ahead of the network's: it counts in " + std::to_string(ahead_ms / 1000 + 1) + " s.";
    return out;
  }
  const bool chunked = !content.root.is_zero();
  if (chunked) {
    const auto progress = parts_.needs.progress(content);
    out.have = capped(progress.have);
    out.of = capped(progress.of);
  }
  if (chunked && !parts_.needs.complete(content) && !parts_.needs.here(content)) {
    const bool wanted = std::find(record.wanted.begin(), record.wanted.end(), content) != record.wanted.end();
    if (wanted && !parts_.needs.rests(content.root)) {
      tell_fetching(content, out);
    } else {
      out.state = is_head ? Holding::metadata : Holding::superseded;
      out.reason = is_head ? "It has the entry, and does not keep the content: its rules or its room say no."
                           : "A later version took its place before all of its content came.";
    }
    return out;
  }
  out.have = out.of;  // whole, whatever the lists were
  out.state = Holding::holds;
  if (!is_head) {
    out.reason = "It is here; a later version took its place.";
  } else if (!head->tombstone && parts_.files.path_of(object).empty()) {
    out.state = Holding::hidden;
    out.reason = "It is here, but shows nowhere: the directory it is in has not come, or was removed.";
  }
  return out;
}

}  // namespace meshfs::fsd
