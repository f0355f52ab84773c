#include "schema/typed/json_text.h"

#include <algorithm>
#include <cstdlib>

#include "schema/vocab/quoting.h"

namespace meshfs::typed {
namespace {

bool is_surrogate(unsigned code) { return code >= 0xd800 && code < 0xe000; }

}  // namespace

bool JsonText::fail(const char* what) {
  if (fault_ == nullptr) fault_ = at_ >= all_.size() ? "is cut short" : what;
  return false;
}

void JsonText::skip_space() { at_ = std::min(all_.find_first_not_of(" \t\r\n", at_), all_.size()); }

JsonText::Kind JsonText::next() {
  skip_space();
  if (!ok() || left() == 0) return Kind::nothing;
  switch (all_[at_]) {
    case '{':
      return Kind::object;
    case '[':
      return Kind::list;
    case '"':
      return Kind::text;
    case 't':
    case 'f':
      return Kind::truth;
    case 'n':
      return Kind::null;
    default:
      return all_[at_] == '-' || (all_[at_] >= '0' && all_[at_] <= '9') ? Kind::number : Kind::nothing;
  }
}

bool JsonText::word(std::string_view expected) {
  skip_space();
  if (!ok()) return false;
  if (!all_.substr(at_).starts_with(expected)) return fail("holds something that is no JSON value");
  at_ += expected.size();
  return true;
}

bool JsonText::truth(bool& out) {
  out = next() != Kind::nothing && all_[at_] == 't';
  return word(out ? "true" : "false");
}

std::size_t JsonText::digits(std::size_t from) const {
  return std::min(all_.find_first_not_of("0123456789", from), all_.size()) - from;
}

bool JsonText::number(double& out) {
  skip_space();
  if (!ok()) return false;
  std::size_t end = at_;
  const auto is = [&](char c) { return end < all_.size() && all_[end] == c; };
  if (is('-')) ++end;
  const std::size_t whole = digits(end);
  if (whole == 0 || (whole > 1 && is('0'))) return fail("holds something that is no JSON value");
  end += whole;
  if (is('.')) {
    const std::size_t behind = digits(end + 1);
    if (behind == 0) return fail("holds a number without digits behind its point");
    end += 1 + behind;
  }
  if (is('e') || is('E')) {
    ++end;
    if (is('+') || is('-')) ++end;
    if (digits(end) == 0) return fail("holds a number without an exponent's digits");
    end += digits(end);
  }
  out = std::strtod(std::string(all_.substr(at_, end - at_)).c_str(), nullptr);
  at_ = end;
  return true;
}

bool JsonText::text(std::string& out) {
  out.clear();
  if (!word("\"")) return false;
  while (left() > 0) {
    const char c = all_[at_];
    if (static_cast<unsigned char>(c) < 0x20) return fail("holds a control character in a text: write it as \\u00..");
    ++at_;
    if (c == '"') return true;
    if (c != '\\') {
      out += c;
    } else if (!escape(out)) {
      return false;
    }
  }
  return fail("");
}

bool JsonText::escape(std::string& out) {
  if (left() == 0) return fail("");
  const char c = all_[at_++];
  constexpr std::string_view kFrom = "\"\\/bfnrt";
  constexpr std::string_view kTo = "\"\\/\b\f\n\r\t";
  if (const auto i = kFrom.find(c); i != std::string_view::npos) return out += kTo[i], true;
  unsigned code = 0;
  if (c != 'u') return fail("holds an escape that JSON does not know");
  if (!four_digits(code)) return false;
  if (code >= 0xd800 && code < 0xdc00 && all_.substr(at_).starts_with("\\u")) {
    const std::size_t behind = at_;
    unsigned low = 0;
    at_ += 2;
    if (!four_digits(low)) return false;
    if (low >= 0xdc00 && low < 0xe000) return append_utf8(out, 0x10000 + ((code & 0x3ff) << 10 | (low & 0x3ff))), true;
    at_ = behind;  // a half alone; the other escape stands for itself
  }
  if (!is_surrogate(code)) return append_utf8(out, code), true;
  if (surrogates_ == Surrogates::refused) return fail("holds half of a surrogate pair");
  if (code >= 0xdc80 && code < 0xdd00) return out += static_cast<char>(code & 0xff), true;
  append_utf8(out, 0xfffd);
  return true;
}

bool JsonText::four_digits(unsigned& code) {
  if (left() < 4) return at_ = all_.size(), fail("");
  for (int i = 0; i < 4; ++i, ++at_) {
    const char digit = all_[at_];
    const auto value =
        std::string_view("0123456789abcdef").find(digit >= 'A' && digit <= 'F' ? static_cast<char>(digit + 32) : digit);
    if (value == std::string_view::npos) return fail("holds an escape without its four hex digits");
    code = code * 16 + static_cast<unsigned>(value);
  }
  return true;
}

bool JsonText::begin(char bracket) {
  if (!word({&bracket, 1})) return false;
  return depth_++ < max_depth_ || fail("nests too deeply");
}

bool JsonText::more(char bracket, bool& first) {
  skip_space();
  if (!ok()) return false;
  if (left() > 0 && all_[at_] == bracket) return ++at_, --depth_, false;
  if (first) return first = false, true;
  if (left() == 0 || all_[at_] != ',') return fail(bracket == ']' ? "lacks a ',' or ']'" : "lacks a ',' or '}'");
  ++at_;
  skip_space();
  return !(left() > 0 && all_[at_] == bracket) || fail("has a ',' too many");
}

bool JsonText::next_member(bool& first, std::string& name) {
  if (!more('}', first)) return false;
  if (next() != Kind::text) return fail("lacks a name in quotes");
  if (!text(name)) return false;
  skip_space();
  if (left() == 0 || all_[at_] != ':') return fail("lacks a ':'");
  ++at_;
  return true;
}

bool JsonText::skip() {
  bool truth_there = false;
  double number_there = 0;
  std::string text_there;
  switch (next()) {
    case Kind::nothing:
      return fail("holds something that is no JSON value");
    case Kind::null:
      return null();
    case Kind::truth:
      return truth(truth_there);
    case Kind::number:
      return number(number_there);
    case Kind::text:
      return text(text_there);
    case Kind::list:
      for (bool first = begin_list(); next_item(first);) skip();
      return ok();
    case Kind::object:
      for (bool first = begin_object(); next_member(first, text_there);) skip();
      return ok();
  }
  return false;
}

bool JsonText::end() {
  skip_space();
  return ok() && (left() == 0 || fail("goes on after its end"));
}

std::size_t JsonText::line(std::size_t position) const {
  return 1 + static_cast<std::size_t>(std::ranges::count(all_.substr(0, position), '\n'));
}

std::size_t JsonText::column(std::size_t position) const {
  const auto newline = all_.substr(0, position).rfind('\n');
  return newline == std::string_view::npos ? position + 1 : position - newline;
}

}  // namespace meshfs::typed
