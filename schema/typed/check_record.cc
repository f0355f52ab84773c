#include "schema/typed/check_record.h"

#include <algorithm>
#include <bitset>
#include <cerrno>
#include <cmath>
#include <cstdlib>

#include "schema/typed/json_text.h"
#include "schema/vocab/quoting.h"

namespace meshfs::typed {
namespace {

using Kind = JsonText::Kind;

constexpr const char* kKinds[] = {"nothing",
                                  "true or false",
                                  "a whole number from -128 to 127",
                                  "a whole number from -32768 to 32767",
                                  "a whole number from -2147483648 to 2147483647",
                                  "a whole number of 64 bits",
                                  "a whole number from 0 to 255",
                                  "a whole number from 0 to 65535",
                                  "a whole number from 0 to 4294967295",
                                  "a whole number of 64 bits, not negative",
                                  "a number",
                                  "a number",
                                  "a text",
                                  "a list of numbers from 0 to 255",
                                  "a text of hex digits",
                                  "a text in base64",
                                  "a name",
                                  "an object"};
static_assert(std::size(kKinds) == static_cast<std::size_t>(kLastFieldKind) + 1);
constexpr const char* kFound[] = {"something else", "null",   "true or false", "a number",
                                  "a text",         "a list", "an object"};

bool is_integer(FieldKind kind) { return kind >= FieldKind::int8 && kind <= FieldKind::uint64; }
bool is_signed(FieldKind kind) { return kind <= FieldKind::int64; }
int bits(FieldKind kind) {
  return 8 << (static_cast<int>(kind) - static_cast<int>(is_signed(kind) ? FieldKind::int8 : FieldKind::uint8));
}

// As a double, since that is what a JSON number is: exact up to 2^53, and 2^63 itself is too large.
bool fits(FieldKind kind, double number) {
  const double beyond = std::ldexp(1.0, is_signed(kind) ? bits(kind) - 1 : bits(kind));
  return number < beyond && number >= (is_signed(kind) ? -beyond : 0) && std::trunc(number) == number;
}

// A number as a text: 64-bit numbers beyond 2^53 can be said in no other way. Decimal or 0x, as capnp's parser takes it.
bool integer_text_fits(FieldKind kind, const std::string& text) {
  if (text.empty() || text.find('\0') != std::string::npos) return false;
  const std::string_view digits = std::string_view(text).substr(text[0] == '-' ? 1 : 0);
  const int base = digits.starts_with("0x") || digits.starts_with("0X") ? 16 : 10;
  char* end = nullptr;
  errno = 0;
  bool in_range = true;
  if (is_signed(kind)) {
    const long long value = std::strtoll(text.c_str(), &end, base);
    const auto most = static_cast<long long>(~0ULL >> (65 - bits(kind)));
    in_range = value <= most && value >= -most - 1;
  } else {
    const unsigned long long value = std::strtoull(text.c_str(), &end, base);
    in_range = text[0] != '-' && value <= ~0ULL >> (64 - bits(kind));
  }
  return in_range && errno != ERANGE && end == text.c_str() + text.size();
}

bool is_float_text(const std::string& text) {
  char* end = nullptr;
  std::strtod(text.c_str(), &end);
  return !text.empty() && end == text.c_str() + text.size();
}

bool is_hex(std::string_view text) {
  return text.size() % 2 == 0 && text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

// With or without padding, in lines if somebody likes.
bool is_base64(std::string_view text) {
  std::size_t digits = 0, padding = 0;
  for (const char c : text) {
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') continue;
    const bool digit =
        (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
    if (!digit && c != '=') return false;
    if (digit && padding > 0) return false;
    ++(digit ? digits : padding);
  }
  return padding == 0 ? digits % 4 != 1 : padding <= 2 && (digits + padding) % 4 == 0;
}

// One walk over one text.
class Walk {
 public:
  Walk(const RecordChecker& checker, std::string_view json, Remarks* remarks)
      : checker_(checker),
        type_(checker.type()),
        in_(json, kMaxRecordDepth, JsonText::Surrogates::refused),
        remarks_(remarks) {}

  Status run() {
    if (Kind found = in_.next(); found != Kind::object && found != Kind::nothing) {
      failed("The file must be an object in { }, not ", kFound[static_cast<std::size_t>(found)]);
    } else if (structure(0)) {
      in_.end();
    }
    if (!failure_.empty()) return error(Errc::invalid, failure_);
    if (in_.ok()) return {};
    std::string why = "Line " + std::to_string(in_.line(in_.position())) + ", column ";
    why += std::to_string(in_.column(in_.position())) + ": the text ";
    return error(Errc::invalid, why + in_.fault() + ".");
  }

 private:
  // The one place where a fault of content becomes a sentence. Returns false, so that callers can end with it.
  bool failed(const std::string& what, const std::string& more = "") {
    if (!failure_.empty() || !in_.ok()) return false;
    failure_ = what + more + ".";
    return false;
  }
  bool field_failed(std::size_t position, const std::string& what) {
    return failed("Line " + std::to_string(in_.line(position)) + ": " + shown_path() + " ", what);
  }
  void remark(const std::string& what) {
    if (remarks_ == nullptr || remarks_->size() >= kMaxRemarks) return;
    remarks_->push_back("Line " + std::to_string(in_.line(in_.position())) + ": " + shown_path() + " " + what + ".");
  }

  [[nodiscard]] std::string shown_path() const {
    std::string out = printable(path_.substr(0, kMaxShownPath));
    if (path_.size() > kMaxShownPath) out += "...";
    return out.empty() ? "the file" : out;
  }

  bool structure(std::size_t index) {
    const TypeStruct& shape = type_.structs[index];
    std::bitset<kMaxTypeFields> said;
    bool union_said = false;
    std::string name;
    for (bool first = in_.begin_object(); in_.next_member(first, name);) {
      const std::size_t outer = path_.size();
      (path_ += path_.empty() ? "" : ".") += name;
      const auto found = std::ranges::find(shape.fields, name, &TypeField::name);
      const auto at = static_cast<std::size_t>(found - shape.fields.begin());
      if (found == shape.fields.end()) {
        remark("is unknown to this type");
        in_.skip();
      } else {
        if (said[at]) remark("stands twice, the last one counts");
        if (found->in_union && union_said && !said[at])
          remark("is one of several that exclude each other, the last one counts");
        union_said = union_said || found->in_union;
        said.set(at);
        if (!values(*found, found->lists, index, at)) return false;
      }
      path_.resize(outer);
    }
    if (!in_.ok()) return false;
    for (std::size_t at = 0; at < shape.fields.size(); ++at) {
      if (!shape.fields[at].needed || said[at]) continue;
      (path_ += path_.empty() ? "" : ".") += shape.fields[at].name;
      return failed(shown_path() + " is missing, but every such file must say it");
    }
    return true;
  }

  // A value of the field, or a list of such, or a list of lists.
  bool values(const TypeField& field, unsigned lists, std::size_t of_struct, std::size_t at) {
    if (lists == 0) return value(field, of_struct, at);
    const Kind found = in_.next();
    if (found != Kind::list) return mismatch(in_.position(), "a list", found);
    std::size_t item = 0;
    for (bool first = in_.begin_list(); in_.next_item(first); ++item) {
      const std::size_t outer = path_.size();
      path_ += "[" + std::to_string(item) + "]";
      if (!values(field, lists - 1, of_struct, at)) return false;
      path_.resize(outer);
    }
    return in_.ok();
  }

  bool mismatch(std::size_t position, const char* wanted, Kind found) {
    if (found == Kind::nothing) return in_.skip();  // no JSON: the reader says what is wrong
    return field_failed(position,
                        std::string("must be ") + wanted + ", not " + kFound[static_cast<std::size_t>(found)]);
  }

  bool value(const TypeField& field, std::size_t of_struct, std::size_t at) {
    const Kind found = in_.next();
    const std::size_t position = in_.position();
    const char* wanted = kKinds[static_cast<std::size_t>(field.kind)];
    bool truth = false;
    double number = 0;
    switch (field.kind) {
      case FieldKind::nothing:
        return in_.skip();
      case FieldKind::truth:
        return found == Kind::truth ? in_.truth(truth) : mismatch(position, wanted, found);
      case FieldKind::structure:
        return found == Kind::object ? structure(field.index) : mismatch(position, wanted, found);
      case FieldKind::data:
        return found == Kind::list ? byte_list(position) : mismatch(position, wanted, found);
      case FieldKind::float32:
      case FieldKind::float64:
        if (found == Kind::null) return in_.null();
        if (found == Kind::number) return in_.number(number);
        break;
      default:
        if (is_integer(field.kind) && found == Kind::number) {
          return in_.number(number) &&
                 (fits(field.kind, number) || field_failed(position, std::string("must be ") + wanted));
        }
    }
    if (found != Kind::text) return mismatch(position, wanted, found);
    return in_.text(text_) && text_value(field, position, checker_.text_check(of_struct, at));
  }

  bool text_value(const TypeField& field, std::size_t position, const TextCheck* check) {
    bool good = true;
    if (is_integer(field.kind)) {
      good = integer_text_fits(field.kind, text_);
    } else if (field.kind == FieldKind::float32 || field.kind == FieldKind::float64) {
      good = is_float_text(text_);
    } else if (field.kind == FieldKind::data_hex) {
      good = is_hex(text_);
    } else if (field.kind == FieldKind::data_base64) {
      good = is_base64(text_);
    } else if (field.kind == FieldKind::enumeration) {
      const auto& names = type_.enums[field.index].enumerants;
      if (std::ranges::find(names, text_, &TypeEnumerant::name) == names.end())
        return field_failed(position, one_of(names));
    } else if (check != nullptr && !check->matches(text_)) {
      return field_failed(position, "must match " + printable(field.check));
    }
    return good || field_failed(position, std::string("must be ") + kKinds[static_cast<std::size_t>(field.kind)]);
  }

  static std::string one_of(const std::vector<TypeEnumerant>& names) {
    constexpr std::size_t kMost = 12;
    std::string out = "must be one of ";
    for (std::size_t i = 0; i < names.size() && i < kMost; ++i) (out += i == 0 ? "" : ", ") += printable(names[i].name);
    return out + (names.size() > kMost ? ", ..." : "");
  }

  bool byte_list(std::size_t position) {
    double number = 0;
    for (bool first = in_.begin_list(); in_.next_item(first);) {
      const Kind found = in_.next();
      if (found == Kind::nothing) return in_.skip();
      if (found != Kind::number || !in_.number(number) || !fits(FieldKind::uint8, number))
        return field_failed(position, "must be a list of numbers from 0 to 255");
    }
    return in_.ok();
  }

  const RecordChecker& checker_;
  const RecordType& type_;
  JsonText in_;
  Remarks* remarks_;
  std::string path_, failure_, text_;
};

}  // namespace

Result<RecordChecker> RecordChecker::make(RecordType type) {
  if (Status s = check_shape(type); !s) return s.failure();
  RecordChecker out(std::move(type));
  for (std::size_t s = 0; s < out.type_.structs.size(); ++s) {
    const auto& fields = out.type_.structs[s].fields;
    for (std::size_t f = 0; f < fields.size(); ++f) {
      if (fields[f].check.empty()) continue;
      auto check = TextCheck::make(fields[f].check);
      if (!check) return check.failure();
      out.checks_.push_back({s, f, std::move(*check)});
    }
  }
  return out;
}

const TextCheck* RecordChecker::text_check(std::size_t of_struct, std::size_t field) const {
  for (const auto& one : checks_) {
    if (one.of_struct == of_struct && one.field == field) return &one.check;
  }
  return nullptr;
}

Status RecordChecker::check(std::string_view json, Remarks* remarks) const {
  if (json.size() > type_.quota()) {
    return error(Errc::too_large, "The file has " + std::to_string(json.size()) + " bytes, but " + type_.name +
                                      " files may have " + std::to_string(type_.quota()) + ".");
  }
  if (!is_utf8(json)) return error(Errc::invalid, "The file must be UTF-8: save it in that encoding.");
  return Walk(*this, json, remarks).run();
}

Status check_record(const RecordType& type, std::string_view json) {
  const auto checker = RecordChecker::make(type);
  return checker ? checker->check(json) : Status(checker.failure());
}

}  // namespace meshfs::typed
