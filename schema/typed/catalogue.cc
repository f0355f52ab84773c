#include "schema/typed/catalogue.h"

#include "schema/codec/type_file.h"
#include "schema/typed/patterns.h"
#include "schema/vocab/quoting.h"

namespace meshfs::typed {

Catalogue::Catalogue(const std::vector<RecordType>& built_in) {
  for (const auto& type : built_in) {
    auto checker = RecordChecker::make(type);
    CHECK(checker.ok());  // the build made it
    built_in_.emplace(type.name, std::move(*checker));
  }
}

Status Catalogue::put(const std::string& name, ByteView bytes) {
  const auto refused = [&](Errc code, const std::string& why) {
    return error(code, "The type file " + printable(name) + " counts for nothing: " + why);
  };
  auto type = codec::decode_type(bytes);
  if (!type) return refused(type.code(), type.failure().message);
  if (type->name != name) return refused(Errc::invalid, "it holds the type " + printable(type->name) + ".");
  for (const auto& [own, checker] : built_in_) {
    if (own == name || overlap(checker.type().pattern, type->pattern))
      return refused(Errc::exists, "it covers files of the built-in type " + own + ".");
  }
  if (added_.size() >= kMaxAddedTypes && !added_.contains(name)) return refused(Errc::no_space, "there are too many.");
  auto checker = RecordChecker::make(std::move(*type));
  if (!checker) return refused(checker.code(), checker.failure().message);
  added_.insert_or_assign(name, std::move(*checker));
  return {};
}

void Catalogue::remove(const std::string& name) { added_.erase(name); }

const RecordType* Catalogue::type_of(std::string_view path) const {
  for (const auto* types : {&built_in_, &added_}) {
    for (const auto& [name, checker] : *types) {
      if (matches(checker.type().pattern, path)) return &checker.type();
    }
  }
  return nullptr;
}

const RecordType* Catalogue::find(std::string_view name) const {
  for (const auto* types : {&built_in_, &added_}) {
    if (const auto found = types->find(name); found != types->end()) return &found->second.type();
  }
  return nullptr;
}

Status Catalogue::check(const RecordType& type, std::string_view json, Remarks* remarks) const {
  for (const auto* types : {&built_in_, &added_}) {
    const auto found = types->find(type.name);
    if (found != types->end()) return found->second.check(json, remarks);
  }
  return error(Errc::not_found, "There is no record type " + printable(type.name) + ".");
}

std::vector<const RecordType*> Catalogue::all() const {
  std::vector<const RecordType*> out;
  for (const auto* types : {&built_in_, &added_}) {
    for (const auto& [name, checker] : *types) out.push_back(&checker.type());
  }
  return out;
}

}  // namespace meshfs::typed
