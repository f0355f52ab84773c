#include "tools/mesh/type_files.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>

#include "schema/os/folder.h"
#include "schema/records/built_in.h"
#include "schema/vocab/quoting.h"
#include "tools/mesh/json.h"
#include "tools/mesh/place.h"

namespace meshfs::tools {
namespace {

constexpr const char* kMerges[] = {"conflict", "append", "union"};

}  // namespace

Result<std::string> read_at_most(const std::string& path, std::size_t most) {
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "re"), std::fclose);
  if (file == nullptr) {
    if (errno == ENOENT) return error(Errc::not_found, "There is no " + printable(path) + ".");
    return system_failure("Can't read", path);
  }
  std::string out;
  std::array<char, 4096> piece;
  for (std::size_t got; (got = std::fread(piece.data(), 1, piece.size(), file.get())) > 0;) {
    out.append(piece.data(), got);
    if (out.size() > most)
      return error(Errc::too_large, printable(path) + " has more than " + std::to_string(most) + " bytes.");
  }
  if (std::ferror(file.get()) != 0) return system_failure("Can't read", path);
  return out;
}

KnownTypes known_types(const std::string& mount) {
  KnownTypes out{typed::Catalogue(records::built_in_types()), {}};
  const std::string folder = mount + kTypesFolder;
  for (const auto& name : os::names_in(folder).names) {
    if (name.starts_with('.') || !name.ends_with(kTypeSuffix)) continue;
    const auto bytes = read_at_most(folder + "/" + name, typed::kMaxTypeFileBytes);
    const std::string own = name.substr(0, name.size() - std::string_view(kTypeSuffix).size());
    const Status put = bytes ? out.catalogue.put(own, as_bytes(*bytes)) : Status(bytes.failure());
    if (!put) out.faults.push_back(put.failure().message);
  }
  return out;
}

std::string type_json(const typed::RecordType& type, bool built_in) {
  JsonObject out;
  out.text("name", type.name).text("pattern", type.pattern).number("lifetime_s", type.lifetime_s);
  out.number("quota", type.quota()).text("merge", kMerges[static_cast<std::size_t>(type.merge)]);
  return out.truth("built_in", built_in).text("comment", type.doc).done();
}

void warn_of_types(const KnownTypes& types) {
  for (const auto& fault : types.faults) std::fprintf(stderr, "mesh: %s\n", fault.c_str());
}

}  // namespace meshfs::tools
