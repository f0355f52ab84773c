#include "tools/mesh/json.h"

#include <cmath>
#include <cstdlib>

namespace meshfs::tools {
namespace {

void append_utf8(std::string& out, unsigned code) {
  const auto put = [&](unsigned byte) { out += static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0 | code >> 6);
    put(0x80 | (code & 63));
  } else if (code >= 0x10000) {
    put(0xf0 | code >> 18);
    put(0x80 | (code >> 12 & 63));
    put(0x80 | (code >> 6 & 63));
    put(0x80 | (code & 63));
  } else {
    put(0xe0 | code >> 12);
    put(0x80 | (code >> 6 & 63));
    put(0x80 | (code & 63));
  }
}

class Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  Result<Json> document() {
    Json out;
    if (!value(out, 0)) return Errc::bad_bytes;
    skip_space();
    if (!rest_.empty()) return Errc::bad_bytes;
    return out;
  }

 private:
  void skip_space() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size())); }

  bool take(std::string_view expected) {
    skip_space();
    if (!rest_.starts_with(expected)) return false;
    rest_.remove_prefix(expected.size());
    return true;
  }

  static Json& set(Json& out, Json::Kind kind) {
    out.kind = kind;
    return out;
  }

  bool value(Json& out, int depth) {
    if (depth > kMaxJsonDepth) return false;
    if (take("{")) return object(out, depth);
    if (take("[")) return list(out, depth);
    if (take("\"")) return string(set(out, Json::Kind::text).text);
    if (take("true")) return set(out, Json::Kind::truth).truth = true;
    if (take("false")) return set(out, Json::Kind::truth), true;
    if (take("null")) return true;
    return number(out);
  }

  bool object(Json& out, int depth) {
    auto& members = set(out, Json::Kind::object).members;
    if (take("}")) return true;
    do {
      std::string key;
      if (!take("\"") || !string(key) || !take(":") || !value(members[key], depth + 1)) return false;
    } while (take(","));
    return take("}");
  }

  bool list(Json& out, int depth) {
    auto& items = set(out, Json::Kind::list).list;
    if (take("]")) return true;
    do {
      if (!value(items.emplace_back(), depth + 1)) return false;
    } while (take(","));
    return take("]");
  }

  // The opening quote is taken already.
  bool string(std::string& out) {
    while (!rest_.empty()) {
      const char c = rest_[0];
      rest_.remove_prefix(1);
      if (c == '"') return true;
      if (static_cast<unsigned char>(c) < 0x20) return false;
      if (c != '\\') {
        out += c;
      } else if (!escape(out)) {
        return false;
      }
    }
    return false;
  }

  bool escape(std::string& out) {
    if (rest_.empty()) return false;
    const char c = rest_[0];
    rest_.remove_prefix(1);
    constexpr std::string_view kFrom = "\"\\/bfnrt";
    constexpr std::string_view kTo = "\"\\/\b\f\n\r\t";
    if (const auto i = kFrom.find(c); i != std::string_view::npos) return out += kTo[i], true;
    unsigned code = 0;
    if (c != 'u' || !four_digits(code)) return false;
    if (code >= 0xdc80 && code < 0xdd00) return out += static_cast<char>(code & 0xff), true;  // as json_quoted wrote it
    unsigned low = 0;
    if (code >= 0xd800 && code < 0xdc00 && rest_.starts_with("\\u")) {
      rest_.remove_prefix(2);
      if (!four_digits(low)) return false;
      const bool pair = low >= 0xdc00 && low < 0xe000;
      append_utf8(out, pair ? 0x10000 + ((code & 0x3ff) << 10 | (low & 0x3ff)) : 0xfffd);
      if (!pair) append_utf8(out, low >= 0xd800 && low < 0xe000 ? 0xfffd : low);
      return true;
    }
    append_utf8(out, code >= 0xd800 && code < 0xe000 ? 0xfffd : code);
    return true;
  }

  bool four_digits(unsigned& code) {
    if (rest_.size() < 4) return false;
    for (const char digit : rest_.substr(0, 4)) {
      const auto value = std::string_view("0123456789abcdef")
                             .find(digit >= 'A' && digit <= 'F' ? static_cast<char>(digit + 32) : digit);
      if (value == std::string_view::npos) return false;
      code = code * 16 + static_cast<unsigned>(value);
    }
    rest_.remove_prefix(4);
    return true;
  }

  bool number(Json& out) {
    skip_space();
    const auto length = std::min(rest_.find_first_not_of("+-.0123456789eE"), rest_.size());
    const std::string digits(rest_.substr(0, length));
    char* end = nullptr;
    const double read = std::strtod(digits.c_str(), &end);
    if (digits.empty() || end != digits.c_str() + digits.size()) return false;
    set(out, Json::Kind::number).number = read;
    rest_.remove_prefix(length);
    return true;
  }

  std::string_view rest_;
};

}  // namespace

const Json& Json::at(std::string_view key) const {
  static const Json kNothing;
  const auto found = members.find(key);
  return found == members.end() ? kNothing : found->second;
}

std::int64_t Json::count() const {
  constexpr double kExact = 9007199254740992.0;  // 2^53: beyond it a double is no count any more
  return std::fabs(number) <= kExact ? static_cast<std::int64_t>(number) : 0;
}

JsonObject& JsonObject::raw(std::string_view key, std::string_view value) {
  (out_ += out_.empty() ? "" : ", ") += json_quoted(key) + ": ";
  out_ += value;
  return *this;
}

JsonObject& JsonObject::text(std::string_view key, std::string_view value) { return raw(key, json_quoted(value)); }
JsonObject& JsonObject::number(std::string_view key, std::int64_t value) { return raw(key, std::to_string(value)); }
JsonObject& JsonObject::truth(std::string_view key, bool value) { return raw(key, value ? "true" : "false"); }

std::string json_list(const std::vector<std::string>& items) {
  std::string out;
  for (const auto& item : items) (out += out.empty() ? "\n  " : ",\n  ") += item;
  return "[" + out + (items.empty() ? "]" : "\n]");
}

Result<Json> parse_json(std::string_view text) { return Parser(text).document(); }

}  // namespace meshfs::tools
