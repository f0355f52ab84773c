#include "tools/service/gathering.h"

#include "tools/service/small_file.h"

namespace meshfs::service {
namespace {

std::optional<std::string> bytes_of(const std::string& path) {
  auto bytes = read_small_file(path, kMaxInputBytes);
  if (!bytes && bytes.code() == Errc::not_found) return "";
  if (!bytes) return std::nullopt;
  return std::move(*bytes);
}

}  // namespace

std::function<std::optional<std::string>(const Here&)> file_of_mesh(const std::string& path) {
  return [path](const Here& here) -> std::optional<std::string> { return bytes_of(here.mount + '/' + path); };
}

std::optional<std::string> owners_settings(const Here& here) { return bytes_of(here.settings); }

}  // namespace meshfs::service
