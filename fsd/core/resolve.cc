// From an entry as it travels to heads: ages become stamps, foreign registers get their values from their origins.
// Everything here comes from the network: failures are Results.
#include <algorithm>

#include "fsd/core/certified.h"
#include "fsd/core/head.h"

namespace meshfs::fsd {

namespace {

bool named_well(const codec::Place& place, const Head& head) {
  return head.object.is_root() || !place.name.text().empty();
}

Error contradiction(const char* what) { return error(Errc::bad_bytes, what); }

// Resolves the registers of one ObjectEntry. `find` null: foreign registers are left out.
class Resolver {
 public:
  Resolver(const codec::Header& header, const Hash& entry, const FindOrigin* find)
      : header_(header), entry_(entry), find_(find) {}

  Result<Head> state(const codec::ObjectEntry& e);
  Result<Head> tombstone(const codec::Tombstone& t) const;
  std::vector<Hash> missing;

 private:
  Result<Head> start(const LocalId& object, codec::Kind kind, const codec::Context& context) const;
  Result<Stamp> stamp_of(const codec::RegisterStamp& r) const;

  // One register. `own` is its value if this author stamped it; `in_origin` finds the same one in the origin.
  // nullopt: left out, or the origin is missing.
  template <class Value, class InOrigin>
  Result<std::optional<Stamped<Value>>> read(const Head& head, const codec::RegisterStamp& r, const Value* own,
                                             const InOrigin& in_origin) {
    const auto stamp = stamp_of(r);
    if (!stamp) return stamp.failure();
    if (!r.foreign) {
      if (own == nullptr) return contradiction("a register of the entry's author has no value");
      return std::optional(Stamped<Value>{*stamp, entry_, *own});
    }
    if (find_ == nullptr) return std::optional<Stamped<Value>>();
    const Head* origin = (*find_)(r.foreign->origin);
    if (origin == nullptr) {
      missing.push_back(r.foreign->origin);
      return std::optional<Stamped<Value>>();
    }
    if (origin->tombstone || origin->object != head.object || origin->kind != head.kind ||
        origin->stamp.author != stamp->author) {
      return contradiction("the named origin is no state entry of that author for this object");
    }
    if (!covers(head, origin->stamp)) return contradiction("an entry must cover the origins it names");
    const Stamped<Value>* found = in_origin(*origin, *stamp);
    if (found == nullptr || found->stamp != *stamp || found->origin != origin->entry) {
      return contradiction("the named origin does not carry that register with that stamp");
    }
    return std::optional(*found);
  }

  Status contents(Head& head, const codec::ObjectEntry& e);
  Status links(Head& head, const codec::ObjectEntry& e);

  const codec::Header& header_;
  const Hash entry_;
  const FindOrigin* find_;
};

Result<Head> Resolver::start(const LocalId& object, codec::Kind kind, const codec::Context& context) const {
  Head head;
  head.entry = entry_;
  head.stamp = {header_.hlc, header_.author};
  head.object = {header_.volume, object};
  head.kind = kind;
  for (const auto& slot : context) {
    if (slot.age == 0 || slot.age > header_.hlc.value) {
      return contradiction("a context slot is not earlier than its entry");
    }
    if (!head.context.empty() && !(head.context.back().author < slot.author)) {
      return contradiction("context slots are not sorted by author");
    }
    head.context.push_back({slot.author, Hlc{header_.hlc.value - slot.age}});
  }
  return head;
}

Result<Stamp> Resolver::stamp_of(const codec::RegisterStamp& r) const {
  if (r.age > header_.hlc.value) return contradiction("a register's age exceeds its entry's time");
  if (r.foreign && r.age == 0) return contradiction("a foreign register is not earlier than its entry");
  if (r.foreign && r.foreign->author == header_.author) return contradiction("an own register is named as foreign");
  return Stamp{Hlc{header_.hlc.value - r.age}, r.foreign ? r.foreign->author : header_.author};
}

Status Resolver::contents(Head& head, const codec::ObjectEntry& e) {
  if (head.kind == codec::Kind::directory ? !e.contents.empty() : e.contents.empty()) {
    return contradiction("files and symlinks have contents, directories none");
  }
  for (const auto& listed : e.contents) {
    const auto stamp = stamp_of(listed.stamp);
    if (!stamp) return stamp.failure();
    const bool again =
        std::any_of(head.contents.begin(), head.contents.end(), [&](const auto& c) { return c.stamp == *stamp; });
    if (again) return contradiction("one content is listed twice");
    auto read_one = read<codec::Content>(head, listed.stamp, listed.value ? &*listed.value : nullptr,
                                         [](const Head& origin, const Stamp& s) -> const Stamped<codec::Content>* {
                                           for (const auto& c : origin.contents) {
                                             if (c.stamp == s) return &c;
                                           }
                                           return nullptr;
                                         });
    if (!read_one) return read_one.failure();
    if (*read_one) head.contents.push_back(std::move(**read_one));
  }
  return {};
}

Status Resolver::links(Head& head, const codec::ObjectEntry& e) {
  if (head.kind == codec::Kind::directory && !e.links.empty()) return contradiction("a directory has one name only");
  for (const auto& listed : e.links) {
    if (!head.links.empty() && !(head.links.back().value.link < listed.link)) {
      return contradiction("links are not sorted by their ids");
    }
    const LinkValue own{listed.link, listed.value};
    auto read_one =
        read<LinkValue>(head, listed.stamp, &own, [&](const Head& origin, const Stamp&) -> const Stamped<LinkValue>* {
          for (const auto& l : origin.links) {
            if (l.value.link == listed.link) return &l;
          }
          return nullptr;
        });
    if (!read_one) return read_one.failure();
    if (*read_one) head.links.push_back(std::move(**read_one));
  }
  return {};
}

Result<Head> Resolver::state(const codec::ObjectEntry& e) {
  auto started = start(e.object, e.kind, e.context);
  if (!started) return started;
  Head& head = *started;
  if (e.latest_expiry_ms > static_cast<std::uint64_t>(INT64_MAX)) return contradiction("an expiry is out of range");
  head.latest_expiry = {static_cast<std::int64_t>(e.latest_expiry_ms)};

  auto place =
      read<codec::PlaceValue>(head, e.place.stamp, e.place.value ? &*e.place.value : nullptr,
                              [](const Head& origin, const Stamp&) { return origin.place ? &*origin.place : nullptr; });
  if (!place) return place.failure();
  head.place = std::move(*place);
  if (head.place && !named_well(head.place->value.now, head)) return contradiction("only a root has no name");
  auto attributes = read<codec::Attributes>(
      head, e.attributes.stamp, e.attributes.value ? &*e.attributes.value : nullptr,
      [](const Head& origin, const Stamp&) { return origin.attributes ? &*origin.attributes : nullptr; });
  if (!attributes) return attributes.failure();
  head.attributes = std::move(*attributes);
  if (auto done = contents(head, e); !done) return done.failure();
  if (auto done = links(head, e); !done) return done.failure();
  return started;
}

Result<Head> Resolver::tombstone(const codec::Tombstone& t) const {
  auto started = start(t.object, t.kind, t.context);
  if (!started) return started;
  Head& head = *started;
  head.tombstone = true;
  if (head.context.empty()) return contradiction("a delete covers nothing");
  if (t.kind != codec::Kind::directory && (t.place || t.attributes)) {
    return contradiction("only the delete of a directory tells a place");
  }
  if (t.place && !named_well(*t.place, head)) return contradiction("only a root has no name");
  if (t.place) head.place = {head.stamp, entry_, {*t.place, std::nullopt}};
  if (t.attributes) head.attributes = {head.stamp, entry_, *t.attributes};
  return started;
}

Result<Resolved> resolve_with(const codec::Header& header, const codec::Entry& entry, const Hash& entry_hash,
                              const FindOrigin* find) {
  Resolver resolver(header, entry_hash, find);
  Resolved out;
  if (const auto* state = std::get_if<codec::ObjectEntry>(&entry)) {
    auto head = resolver.state(*state);
    if (!head) return head.failure();
    head->certified = certified(header.volume, entry);
    if (resolver.missing.empty()) out.heads.push_back(std::move(*head));
    out.missing = std::move(resolver.missing);
    std::sort(out.missing.begin(), out.missing.end());
    out.missing.erase(std::unique(out.missing.begin(), out.missing.end()), out.missing.end());
    return out;
  }
  for (const auto& item : std::get<codec::BatchTombstone>(entry).items) {
    auto head = resolver.tombstone(item);
    if (!head) return head.failure();
    out.heads.push_back(std::move(*head));
  }
  return out;
}

}  // namespace

Result<Resolved> resolve(const codec::Header& header, const codec::Entry& entry, const Hash& entry_hash,
                         const FindOrigin& find) {
  return resolve_with(header, entry, entry_hash, &find);
}

Result<std::vector<Head>> own_registers(const codec::Header& header, const codec::Entry& entry,
                                        const Hash& entry_hash) {
  auto resolved = resolve_with(header, entry, entry_hash, nullptr);
  if (!resolved) return resolved.failure();
  return std::move(resolved->heads);
}

}  // namespace meshfs::fsd
