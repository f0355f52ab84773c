#include "schema/vocab/quoting.h"
#include "tools/mesh/rpc_methods.h"
#include "tools/mesh/type_files.h"

namespace meshfs::tools {

Result<std::string> types_for_programs(const std::string& mount, const std::string& name) {
  const KnownTypes types = known_types(mount);
  std::string all;
  for (const auto* type : types.catalogue.all()) {
    const std::string one = type_json(*type, types.catalogue.is_built_in(type->name));
    if (type->name == name) return one;
    (all += all.empty() ? "" : ", ") += one;
  }
  if (name.empty()) return "[" + all + "]";
  return error(Errc::not_found, "There is no record type " + printable(name) + ".");
}

}  // namespace meshfs::tools
