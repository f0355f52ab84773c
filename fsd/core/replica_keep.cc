// What this node keeps of the contents that show: rules, dropping, and fetching what somebody opens.
#include "fsd/core/replica_parts.h"

namespace meshfs::fsd {

void Replica::keep(const KeepRules& rules, std::uint64_t capacity) { parts_->keeping.set(rules, capacity); }

void Replica::set_capacity(std::uint64_t capacity) { parts_->keeping.set_capacity(capacity); }

Replica::Keep Replica::keep() const {
  const Parts& p = *parts_;
  Keep out;
  out.rules = p.keeping.rules();
  out.budget = p.keeping.budget();
  out.kept_files = p.keeping.kept().count();
  out.kept_bytes = p.keeping.kept().bytes();
  out.placeholders = p.counters.placeholders;
  out.placeholder_bytes = p.counters.placeholder_bytes;
  out.fetching_bytes = p.counters.fetching_bytes;
  out.waits_for_room = p.keeping.wishes();
  out.judging = p.keeping.judging();
  out.gone = p.evictions.figures();
  return out;
}

std::vector<Replica::TooLarge> Replica::too_large(std::size_t limit) const {
  constexpr std::size_t kLooked = 10'000;  // placeholders, ~20 ms
  Parts& p = *parts_;
  std::vector<TooLarge> out;
  if (p.counters.placeholders == 0) return out;
  Hash after;
  for (std::size_t looked = 0; looked < kLooked && out.size() < limit;) {
    const auto roots = p.needs.listed_roots(after, 256);
    if (roots.empty()) break;
    looked += roots.size();
    after = roots.back().root;
    for (const auto& content : roots) {
      const Status holds = p.keeping.can_hold(content.size);
      if (holds.ok() || !p.needs.rests(content.root) || out.size() >= limit) continue;
      const auto objects = p.needs.waiting_for(content.root);
      out.push_back({objects.empty() ? std::string() : p.files.path_to_be(objects.front()), content.size,
                     holds.failure().message});
    }
  }
  return out;
}

Result<NodeInfo> Replica::at_path(std::string_view path) {
  FileTree& tree = parts_->files;
  NodeKey at = tree.root();
  while (!path.empty()) {
    const std::string_view name = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(path.size(), name.size() + 1));
    if (name.empty()) continue;
    const auto next = tree.lookup(at, name);
    if (!next.ok()) return next.failure();
    at = *next;
  }
  return tree.info(at);
}

Status Replica::drop(std::string_view path, bool force, Evictions::Done done) {
  Parts& p = *parts_;
  const auto top = at_path(path);
  if (!top.ok()) return error(top.code(), "'/" + std::string(path) + "' is not there.");
  std::vector<ObjectId> files;
  std::vector<NodeKey> open{top->key};
  if (top->kind != codec::Kind::directory) {
    files.push_back(top->key.object);
    open.clear();
  }
  while (!open.empty()) {
    const NodeKey directory = open.back();
    open.pop_back();
    const Status listed = p.files.list(directory, {}, [&](const DirectoryItem& item) {
      if (item.kind == codec::Kind::directory) open.push_back(item.key);
      if (item.kind == codec::Kind::file) files.push_back(item.key.object);
      return files.size() <= kMaxDropped;
    });
    if (!listed.ok()) return listed;
    if (files.size() > kMaxDropped) {
      return error(Errc::too_large,
                   "More than 100000 files lie below '/" + std::string(path) + "': drop its directories one by one.");
    }
  }
  p.evictions.drop(files, force, std::move(done));
  return {};
}

std::uint64_t Replica::fetch(const codec::ChunkedContent& content, std::uint64_t offset, std::uint64_t length,
                             Demands::Ready ready) {
  const std::uint64_t number = parts_->demands.wait(content, offset, length, std::move(ready));
  parts_->settle(true);
  return number;
}

void Replica::cancel_fetch(std::uint64_t number) { parts_->demands.cancel(number); }

void Replica::used(const codec::ChunkedContent& content) { parts_->keeping.used(content.root); }

bool Replica::is_here(const codec::ChunkedContent& content) const { return parts_->needs.complete(content); }

}  // namespace meshfs::fsd
