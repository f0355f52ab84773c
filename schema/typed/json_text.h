// The one reader of JSON (RFC 8259): walks a text piece by piece, holds none of it, and knows where it stands. json.h makes values
// of it, check_record.h judges it on the way. Pure; any thread; the text must outlive it. After a fault everything returns false.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace meshfs::typed {

class JsonText {
 public:
  enum class Kind : std::uint8_t { nothing, null, truth, number, text, list, object };
  // What a lone surrogate (\ud800) stands for. `names`: \udc80 to \udcff are bytes, as json_quoted() wrote them, others U+FFFD.
  enum class Surrogates : std::uint8_t { names, refused };

  JsonText(std::string_view text, int max_depth, Surrogates surrogates)
      : all_(text), max_depth_(max_depth), surrogates_(surrogates) {}

  Kind next();  // what begins here, after spaces; nothing: the text ends, or this begins no value

  // Each takes one value of its kind.
  bool null() { return word("null"); }
  bool truth(bool& out);
  bool number(double& out);
  bool text(std::string& out);
  bool skip();  // one value, whatever it is

  // for (bool first = begin_list(); next_item(first);) takes an item each time round; then ok() says how it ended.
  bool begin_list() { return begin('['); }
  bool next_item(bool& first) { return more(']', first); }
  bool begin_object() { return begin('{'); }
  bool next_member(bool& first, std::string& name);

  bool end();  // nothing but spaces follows
  [[nodiscard]] bool ok() const { return fault_ == nullptr; }
  [[nodiscard]] const char* fault() const { return fault_; }  // what is wrong: "is cut short"
  [[nodiscard]] std::size_t position() const { return at_; }
  // From 1, columns in bytes. Each counts from the beginning: for faults, not for each value.
  [[nodiscard]] std::size_t line(std::size_t position) const;
  [[nodiscard]] std::size_t column(std::size_t position) const;

 private:
  bool fail(const char* what);
  [[nodiscard]] std::size_t left() const { return all_.size() - at_; }
  void skip_space();
  bool begin(char bracket);
  bool more(char bracket, bool& first);
  bool word(std::string_view expected);
  bool escape(std::string& out);
  bool four_digits(unsigned& code);
  std::size_t digits(std::size_t from) const;

  std::string_view all_;
  std::size_t at_ = 0;
  int depth_ = 0, max_depth_;
  Surrogates surrogates_;
  const char* fault_ = nullptr;
};

}  // namespace meshfs::typed
