#include "tools/exec/toml_text.h"

#include <algorithm>
#include <charconv>

#include "schema/vocab/quoting.h"

namespace meshfs::exec {
namespace {

bool is_bare(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// One walk over one file. After a fault everything returns false.
class Reader {
  using Kind = TomlValue::Kind;
  using Form = TomlValue::Form;

 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool run(TomlValue& root) {
    TomlValue* current = &root;
    for (skip_lines(); left() > 0; skip_lines()) {
      if (is('[') ? !header(root, current) : !assignment(*current, 0)) return false;
      if (!end_of_line()) return false;
    }
    return true;
  }

  [[nodiscard]] std::string fault() const {
    return "line " + std::to_string(1 + std::count(text_.begin(), text_.begin() + offset(at_), '\n')) + ": " + fault_;
  }

 private:
  static std::ptrdiff_t offset(std::size_t at) { return static_cast<std::ptrdiff_t>(at); }
  bool fail(const std::string& what) {
    if (fault_.empty()) fault_ = what;
    return false;
  }

  [[nodiscard]] std::size_t left() const { return text_.size() - at_; }
  [[nodiscard]] std::string_view rest() const { return text_.substr(at_); }
  [[nodiscard]] bool is(char c) const { return left() > 0 && text_[at_] == c; }
  [[nodiscard]] bool is_newline() const { return is('\n') || rest().starts_with("\r\n"); }
  bool take(char c) { return is(c) && (++at_, true); }
  bool take(std::string_view word) { return rest().starts_with(word) && (at_ += word.size(), true); }
  void skip_spaces() { at_ = std::min(text_.find_first_not_of(" \t", at_), text_.size()); }
  void skip_comment() {
    skip_spaces();
    if (is('#')) at_ = std::min(text_.find_first_of("\r\n", at_), text_.size());
  }
  bool take_newline() { return take('\n') || take("\r\n"); }
  void skip_lines() {
    do skip_comment();
    while (take_newline());
  }
  bool end_of_line() {
    skip_comment();
    return left() == 0 || take_newline() || fail("something follows where the line should end");
  }

  bool key(std::string& out) {
    skip_spaces();
    if (is('"') || is('\'')) {
      if (rest().starts_with("\"\"\"") || rest().starts_with("'''")) return fail("a name can't have several lines");
      if (!text(out)) return false;
    } else {
      const auto end = std::find_if_not(rest().begin(), rest().end(), is_bare);
      out.assign(rest().begin(), end);
      at_ += out.size();
      if (out.empty()) return fail("a name is missing");
    }
    skip_spaces();
    return true;
  }

  // [name], [name.name], [[name]]: what comes next belongs there.
  bool header(TomlValue& root, TomlValue*& current) {
    const bool several = take("[[");
    if (!several) take('[');
    TomlValue* table = &root;
    std::string name;
    if (!key(name)) return false;
    for (int depth = 1; take('.'); ++depth) {
      if (depth >= kMaxTomlDepth) return fail("it nests too deeply");
      TomlValue& inner = table->members[name];
      if (inner.form == Form::written || (inner.kind != Kind::table && inner.kind != Kind::list))
        return fail("'" + printable(name) + "' is no table that a header could go into");
      table = inner.kind == Kind::list ? &inner.list.back() : &inner;
      if (!key(name)) return false;
    }
    if (!(several ? take("]]") : take(']'))) return fail("a header lacks its ]");
    return several ? another(*table, name, current) : alone(*table, name, current);
  }

  bool another(TomlValue& table, const std::string& name, TomlValue*& current) {
    const auto [place, is_new] = table.members.try_emplace(name);
    if (is_new) place->second.kind = Kind::list;
    if (place->second.kind != Kind::list || place->second.form == Form::written) return stands_already(name);
    current = &place->second.list.emplace_back();
    return true;
  }

  bool alone(TomlValue& table, const std::string& name, TomlValue*& current) {
    current = &table.members[name];
    if (current->kind != Kind::table || current->form != Form::implied) return stands_already(name);
    current->form = Form::headed;
    return true;
  }

  bool stands_already(const std::string& name) { return fail("'" + printable(name) + "' stands there already"); }

  bool assignment(TomlValue& table, int depth) {
    std::string name;
    if (!key(name)) return false;
    if (is('.')) return fail("names with dots are not read here: write a table");
    if (!take('=')) return fail("a '=' is missing behind '" + printable(name) + "'");
    const auto [place, is_new] = table.members.try_emplace(name);
    return is_new ? value(place->second, depth) : stands_already(name);
  }

  bool value(TomlValue& out, int depth) {
    skip_spaces();
    if (depth >= kMaxTomlDepth) return fail("it nests too deeply");
    if (is('"') || is('\'')) {
      out.kind = Kind::text;
      return text(out.text);
    }
    if (take('[')) return list(out, depth);
    if (take('{')) return table(out, depth);
    const auto end = std::find_if(rest().begin(), rest().end(), [](char c) {
      return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ',' || c == ']' || c == '}' || c == '#';
    });
    const std::string_view word(rest().begin(), end);
    out.kind = word == "true" || word == "false" ? Kind::truth : Kind::number;
    out.truth = word == "true";
    if (out.kind == Kind::number && !number(word, out.number)) return false;
    at_ += word.size();
    return true;
  }

  bool number(std::string_view word, std::int64_t& out) {
    const std::string_view digits = word.substr(word.starts_with('-') || word.starts_with('+') ? 1 : 0);
    const bool whole =
        !digits.empty() && std::ranges::all_of(digits, is_digit) && (digits.size() == 1 || digits[0] != '0');
    if (!whole)
      return fail("'" + printable(word.substr(0, 40)) +
                  "' is no text in quotes, whole number, true, false, list or table");
    if (word.starts_with('+')) word.remove_prefix(1);
    const auto [end, wrong] = std::from_chars(word.data(), word.data() + word.size(), out);
    return wrong == std::errc() || fail("a number is too large");
  }

  bool list(TomlValue& out, int depth) {
    out.kind = Kind::list;
    out.form = Form::written;
    for (skip_lines(); !take(']'); skip_lines()) {
      if (!value(out.list.emplace_back(), depth + 1)) return false;
      skip_lines();
      if (!take(',') && !is(']')) return fail("a list lacks a ',' or ']'");
    }
    return true;
  }

  bool table(TomlValue& out, int depth) {
    out.form = Form::written;
    skip_spaces();
    if (take('}')) return true;
    do {
      if (!assignment(out, depth + 1)) return false;
      skip_spaces();
    } while (take(','));
    return take('}') || fail("a table in { } lacks a ',' or '}' in its line");
  }

  bool text(std::string& out) {
    const char quote = text_[at_];
    const std::string three(3, quote);
    const bool lines = take(three);
    if (lines) {
      take_newline();
    } else {
      ++at_;
    }
    while (left() > 0) {
      if (lines ? end_of_lines(three, out) : take(quote)) return true;
      if (is_newline()) {
        if (!lines) break;
        take('\r');
      }
      if (is('\r')) return fail("a carriage return stands alone");
      const char c = text_[at_++];
      if (c != '\\' || quote == '\'') {
        out += c;
      } else if (!escape(out, lines)) {
        return false;
      }
    }
    return fail("a text lacks its quotes at the end");
  }

  // Up to two quotes may stand before the three that end it.
  bool end_of_lines(const std::string& three, std::string& out) {
    if (!rest().starts_with(three)) return false;
    at_ += three.size();
    for (int i = 0; i < 2 && take(three[0]); ++i) out += three[0];
    return true;
  }

  bool escape(std::string& out, bool lines) {
    if (left() == 0) return fail("a text lacks its quotes at the end");
    const std::size_t behind = at_;
    skip_spaces();
    if (lines && is_newline()) {  // the line goes on in the next one that is not empty
      do skip_spaces();
      while (take_newline());
      return true;
    }
    at_ = behind;
    const char c = text_[at_++];
    constexpr std::string_view kFrom = "\"\\bfnrt";
    constexpr std::string_view kTo = "\"\\\b\f\n\r\t";
    if (const auto i = kFrom.find(c); i != std::string_view::npos) return out += kTo[i], true;
    const std::size_t digits = c == 'u' ? 4 : c == 'U' ? 8 : 0;
    if (digits == 0) return fail("a text has an escape that there is none of");
    unsigned code = 0;
    const char* const first = rest().data();
    const char* const last = first + std::min(digits, left());
    const auto [end, wrong] = std::from_chars(first, last, code, 16);
    const bool good =
        wrong == std::errc() && end == first + digits && code < 0x110000 && (code < 0xd800 || code >= 0xe000);
    if (!good) return fail("a text has an escape that is no letter");
    at_ += digits;
    append_utf8(out, code);
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string fault_;
};

}  // namespace

const TomlValue* TomlValue::find(std::string_view key) const {
  const auto found = members.find(key);
  return found == members.end() ? nullptr : &found->second;
}

Result<TomlValue> parse_toml(const std::string& name, std::string_view text) {
  if (text.size() > kMaxTomlBytes)
    return error(Errc::too_large, name + " has more than " + std::to_string(kMaxTomlBytes) + " bytes");
  const auto strange =
      std::ranges::find_if(text, [](char c) { return c != '\n' && c != '\t' && c != '\r' && (c < 0x20 || c == 0x7F); });
  if (strange != text.end())
    return error(Errc::bad_bytes, name + ", line " + std::to_string(1 + std::count(text.begin(), strange, '\n')) +
                                      ": only ASCII without control characters is read here");
  TomlValue root;
  Reader reader(text);
  if (!reader.run(root)) return error(Errc::bad_bytes, name + ", " + reader.fault());
  return root;
}

}  // namespace meshfs::exec
