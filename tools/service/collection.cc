#include "tools/service/collection.h"

#include <algorithm>

namespace meshfs::service {
namespace {

// "nodes/roof" of "nodes/roof/stats/x": one writer's files. Empty elsewhere, where many write.
std::string owner_of(std::string_view path) {
  constexpr std::string_view kNodes = "nodes/";
  if (!path.starts_with(kNodes)) return {};
  const std::size_t end = path.find('/', kNodes.size());
  return end == std::string_view::npos ? std::string() : std::string(path.substr(0, end));
}

}  // namespace

const File* Collection::find(const std::string& path) const {
  const auto at = view_.files.find(path);
  return at == view_.files.end() ? nullptr : &at->second;
}

bool Collection::share_fits(const std::string& owner, std::size_t bytes) const {
  if (owner.empty()) return true;
  const auto used = owners_.find(owner);
  const Usage usage = used == owners_.end() ? Usage{} : used->second;
  return usage.files < std::max<std::size_t>(limits_.files / limits_.share, 1) &&
         usage.bytes + bytes <= limits_.bytes / limits_.share;
}

bool Collection::fits(const std::string& path, std::size_t bytes) const {
  return view_.files.size() < limits_.files && bytes_ + bytes <= limits_.bytes && share_fits(owner_of(path), bytes);
}

void Collection::take(const std::map<std::string, File>::iterator& at) {
  const std::size_t bytes = at->second.bytes.size();
  bytes_ -= bytes;
  if (const auto used = owners_.find(owner_of(at->first)); used != owners_.end()) {
    used->second.bytes -= bytes;
    if (--used->second.files == 0) owners_.erase(used);
  }
  view_.files.erase(at);
}

std::map<std::string, File>::iterator Collection::last_behind(const std::string& path, std::size_t bytes) {
  const std::string owner = owner_of(path);
  auto at = view_.files.end();
  if (!share_fits(owner, bytes)) {
    at = view_.files.lower_bound(owner + '0');  // behind everything of "owner/": '0' follows '/'
    if (at == view_.files.begin() || !(--at)->first.starts_with(owner + '/')) return view_.files.end();
  } else if (view_.files.empty()) {
    return view_.files.end();
  } else {
    --at;
  }
  return at->first > path ? at : view_.files.end();
}

Collection::Put Collection::put(const std::string& path, File file) {
  if (const auto old = view_.files.find(path); old != view_.files.end()) {
    if (old->second == file) return Put::same;
    take(old);
    (void)put(path, std::move(file));  // if it does not fit any more it is gone, which is a change too
    return Put::changed;
  }
  const std::size_t bytes = file.bytes.size();
  if (bytes > limits_.bytes_per_file) {
    ++view_.left_out;
    return Put::left_out;
  }
  while (!fits(path, bytes)) {
    const auto last = last_behind(path, bytes);
    ++view_.left_out;
    if (last == view_.files.end()) return Put::left_out;
    take(last);
  }
  bytes_ += bytes;
  if (const std::string owner = owner_of(path); !owner.empty()) {
    Usage& usage = owners_[owner];
    ++usage.files;
    usage.bytes += bytes;
  }
  view_.files.emplace(path, std::move(file));
  return Put::changed;
}

bool Collection::remove(const std::string& path) {
  const auto at = view_.files.find(path);
  if (at == view_.files.end()) return false;
  take(at);
  return true;
}

bool Collection::put_local(const std::string& name, std::string text) {
  const auto [at, is_new] = view_.local.try_emplace(name);
  if (!is_new && at->second == text) return false;
  at->second = std::move(text);
  return true;
}

bool Collection::remove_below(std::string_view folder) {
  const std::string prefix = std::string(folder) + '/';
  bool any = false;
  for (auto at = view_.files.lower_bound(prefix); at != view_.files.end() && at->first.starts_with(prefix); any = true)
    take(at++);
  return any;
}

}  // namespace meshfs::service
