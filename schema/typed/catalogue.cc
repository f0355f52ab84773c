#include "schema/typed/catalogue.h"

#include "schema/codec/type_file.h"
#include "schema/typed/patterns.h"
#include "schema/vocab/quoting.h"

namespace meshfs::typed {

Catalogue::Catalogue(const std::vector<RecordType>& built_in) : built_in_(built_in.size()) {
  for (const auto& type : built_in) {
    auto checker = RecordChecker::make(type);
    CHECK(checker.ok());  // the build made it
    types_.push_back(std::move(*checker));
  }
}

Status Catalogue::put(const std::string& name, ByteView bytes) {
  const auto refused = [&](Errc code, const std::string& why) {
    return error(code, "The type file " + printable(name) + " counts for nothing: " + why);
  };
  auto type = codec::decode_type(bytes);
  if (!type) return refused(type.failure().code, type.failure().message);
  if (type->name != name) return refused(Errc::invalid, "it holds the type " + printable(type->name) + ".");
  for (std::size_t i = 0; i < built_in_; ++i) {
    const RecordType& own = types_[i].type();
    if (own.name == name || overlap(own.pattern, type->pattern))
      return refused(Errc::exists, "it covers files of the built-in type " + own.name + ".");
  }
  std::size_t at = built_in_;
  while (at < types_.size() && types_[at].type().name < name) ++at;
  const bool is_there = at < types_.size() && types_[at].type().name == name;
  if (!is_there && types_.size() - built_in_ >= kMaxAddedTypes) return refused(Errc::no_space, "there are too many.");
  auto checker = RecordChecker::make(std::move(*type));
  if (!checker) return refused(checker.failure().code, checker.failure().message);
  if (is_there) {
    types_[at] = std::move(*checker);
  } else {
    types_.insert(types_.begin() + static_cast<std::ptrdiff_t>(at), std::move(*checker));
  }
  return {};
}

void Catalogue::remove(const std::string& name) {
  for (std::size_t i = built_in_; i < types_.size(); ++i) {
    if (types_[i].type().name == name) return void(types_.erase(types_.begin() + static_cast<std::ptrdiff_t>(i)));
  }
}

const RecordType* Catalogue::type_of(std::string_view path) const {
  for (const auto& checker : types_) {
    if (matches(checker.type().pattern, path)) return &checker.type();
  }
  return nullptr;
}

const RecordChecker* Catalogue::checker(std::string_view name) const {
  for (const auto& checker : types_) {
    if (checker.type().name == name) return &checker;
  }
  return nullptr;
}

const RecordType* Catalogue::find(std::string_view name) const {
  const RecordChecker* found = checker(name);
  return found == nullptr ? nullptr : &found->type();
}

Status Catalogue::check(const RecordType& type, std::string_view json, Remarks* remarks) const {
  const RecordChecker* found = checker(type.name);
  if (found == nullptr) return error(Errc::not_found, "There is no record type " + printable(type.name) + ".");
  return found->check(json, remarks);
}

std::vector<const RecordType*> Catalogue::all() const {
  std::vector<const RecordType*> out;
  for (const auto& checker : types_) out.push_back(&checker.type());
  return out;
}

bool Catalogue::is_built_in(std::string_view name) const {
  const RecordChecker* found = checker(name);
  return found != nullptr && found < types_.data() + built_in_;
}

}  // namespace meshfs::typed
