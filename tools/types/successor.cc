#include "tools/types/successor.h"

#include <algorithm>
#include <set>

#include "schema/vocab/quoting.h"

namespace meshfs::types {
namespace {

using typed::FieldKind;
using typed::RecordType;

class Comparison {
 public:
  Comparison(const RecordType& older, const RecordType& newer) : older_(older), newer_(newer) {}

  Status structs(std::uint16_t before, std::uint16_t after, const std::string& path) {
    if (!seen_.insert({before, after}).second) return {};  // a struct may hold itself
    const auto& now = newer_.structs[after].fields;
    const auto& then = older_.structs[before].fields;
    for (const auto& field : then) {
      const auto found = std::ranges::find(now, field.name, &typed::TypeField::name);
      const std::string shown = path + printable(field.name);
      if (found == now.end()) return refused(shown + " is gone, but older files say it");
      if (found->kind != field.kind || found->lists != field.lists) return refused(shown + " has another kind");
      if (found->needed && !field.needed) return refused(shown + " is needed now, but older files may not say it");
      if (field.kind == FieldKind::structure) {
        if (Status s = structs(field.index, found->index, shown + "."); !s) return s;
      }
      if (field.kind == FieldKind::enumeration) {
        if (Status s = enums(field.index, found->index, shown); !s) return s;
      }
    }
    for (const auto& field : now) {
      const bool is_new = std::ranges::find(then, field.name, &typed::TypeField::name) == then.end();
      if (is_new && field.needed)
        return refused(path + printable(field.name) + " is new and needed, but older files don't say it");
    }
    return {};
  }

 private:
  Status enums(std::uint16_t before, std::uint16_t after, const std::string& path) {
    const auto& now = newer_.enums[after].enumerants;
    for (const auto& one : older_.enums[before].enumerants) {
      if (std::ranges::find(now, one.name, &typed::TypeEnumerant::name) == now.end())
        return refused(path + " can't be " + printable(one.name) + " any more, but older files say it");
    }
    return {};
  }

  Status refused(const std::string& what) {
    return error(Errc::invalid, "The type " + older_.name + " is here already and this is no successor of it: " + what +
                                    ". Give it another name and pattern.");
  }

  const RecordType &older_, &newer_;
  std::set<std::pair<std::uint16_t, std::uint16_t>> seen_;
};

}  // namespace

Status check_successor(const RecordType& older, const RecordType& newer) {
  return Comparison(older, newer).structs(0, 0, "");
}

}  // namespace meshfs::types
