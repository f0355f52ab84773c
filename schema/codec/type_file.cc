#include "schema/codec/type_file.h"

#include "schema/codec/format.h"
#include "schema/types.capnp.h"

// write and read are found by argument-dependent lookup, so they stand where the plain structs do.
namespace meshfs::typed {

using codec::data_of, codec::list_size, codec::read_enum, codec::read_list, codec::read_text, codec::write_list;

static void write(format::TypeField::Builder to, const TypeField& from) {
  const auto set = [](const std::string& text, auto setter) { codec::set_unless_empty(as_bytes(text), setter); };
  to.setName(data_of(from.name));
  to.setKind(static_cast<std::uint8_t>(from.kind));
  to.setLists(from.lists);
  to.setIndex(from.index);
  to.setInUnion(from.in_union);
  to.setNeeded(from.needed);
  set(from.check, [&](auto data) { to.setCheck(data); });
  set(from.default_json, [&](auto data) { to.setDefaultJson(data); });
  set(from.doc, [&](auto data) { to.setDoc(data); });
}

static Status read(format::TypeField::Reader from, TypeField& to) {
  if (Status s = read_text(from.getName(), kMaxTypeName, to.name); !s) return s;
  if (Status s = read_enum(from.getKind(), kLastFieldKind, to.kind); !s) return s;
  to.lists = from.getLists();
  to.index = from.getIndex();
  to.in_union = from.getInUnion();
  to.needed = from.getNeeded();
  if (Status s = read_text(from.getCheck(), kMaxTypeCheck, to.check); !s) return s;
  if (Status s = read_text(from.getDefaultJson(), kMaxTypeDefault, to.default_json); !s) return s;
  return read_text(from.getDoc(), kMaxTypeDoc, to.doc);
}

// The two that every named thing has.
template <class Builder, class Named>
static void write_name(Builder to, const Named& from) {
  to.setName(data_of(from.name));
  codec::set_unless_empty(as_bytes(from.doc), [&](auto data) { to.setDoc(data); });
}

template <class Reader, class Named>
static Status read_name(Reader from, Named& to) {
  if (Status s = read_text(from.getName(), kMaxTypeName, to.name); !s) return s;
  return read_text(from.getDoc(), kMaxTypeDoc, to.doc);
}

static void write(format::TypeStruct::Builder to, const TypeStruct& from) {
  write_name(to, from);
  if (!from.fields.empty()) write_list(to.initFields(list_size(from.fields.size())), from.fields);
}

static Status read(format::TypeStruct::Reader from, TypeStruct& to) {
  if (Status s = read_name(from, to); !s) return s;
  return read_list(from.getFields(), kMaxTypeFields, to.fields);
}

static void write(format::TypeEnumerant::Builder to, const TypeEnumerant& from) { write_name(to, from); }
static Status read(format::TypeEnumerant::Reader from, TypeEnumerant& to) { return read_name(from, to); }

static void write(format::TypeEnum::Builder to, const TypeEnum& from) {
  write_name(to, from);
  write_list(to.initEnumerants(list_size(from.enumerants.size())), from.enumerants);
}

static Status read(format::TypeEnum::Reader from, TypeEnum& to) {
  if (Status s = read_name(from, to); !s) return s;
  return read_list(from.getEnumerants(), kMaxTypeEnumerants, to.enumerants);
}

static void write(format::TypeFile::Builder to, const RecordType& from) {
  write_name(to, from);
  to.setPattern(data_of(from.pattern));
  to.setLifetimeS(from.lifetime_s);
  to.setQuotaBytes(from.quota_bytes);
  to.setMerge(static_cast<std::uint8_t>(from.merge));
  write_list(to.initStructs(list_size(from.structs.size())), from.structs);
  if (!from.enums.empty()) write_list(to.initEnums(list_size(from.enums.size())), from.enums);
}

static Status read(format::TypeFile::Reader from, RecordType& to) {
  if (Status s = read_name(from, to); !s) return s;
  if (Status s = read_text(from.getPattern(), kMaxTypePattern, to.pattern); !s) return s;
  to.lifetime_s = from.getLifetimeS();
  to.quota_bytes = from.getQuotaBytes();
  if (Status s = read_enum(from.getMerge(), TypeMerge::set_union, to.merge); !s) return s;
  if (Status s = read_list(from.getStructs(), kMaxTypeStructs, to.structs); !s) return s;
  if (Status s = read_list(from.getEnums(), kMaxTypeEnums, to.enums); !s) return s;
  return check_shape(to);
}

}  // namespace meshfs::typed

namespace meshfs::codec {

Bytes encode_type(const typed::RecordType& type) { return encode_packed<format::TypeFile>(type); }

Result<typed::RecordType> decode_type(ByteView bytes) {
  return decode_packed<format::TypeFile, typed::RecordType>(bytes, limits_for(typed::kMaxTypeFileBytes));
}

}  // namespace meshfs::codec
