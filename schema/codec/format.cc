#include "schema/codec/format.h"

#include <exception>

#include <kj/exception.h>

namespace meshfs::codec {

Error caught_failure() {
  try {
    throw;
  } catch (const kj::Exception& e) {
    return error(Errc::bad_bytes, std::string("is not well-formed: ") + e.getDescription().cStr());
  } catch (const std::exception& e) {
    return error(Errc::bad_bytes, std::string("could not be read: ") + e.what());
  }
}

bool is_canonical(WordView words) try {
  capnp::SegmentArrayMessageReader reader(kj::arrayPtr(&words, 1), {2 * words.size() + 64, 16});
  return reader.isCanonical();
} catch (...) {
  return false;
}

Error not_what_was_read(WordView words) {
  if (!is_canonical(words)) return malformed("is not in canonical form");
  return error(Errc::unsupported, "holds fields this version doesn't know: update meshfs");
}

Status read_text(capnp::Data::Reader data, std::size_t max_bytes, std::string& out) {
  if (data.size() > max_bytes) return over_limit("a text is longer than its limit");
  out = text_of(data);
  return {};
}

Status read_numbers(capnp::List<std::uint64_t>::Reader list, std::size_t max_count, std::vector<std::uint64_t>& out) {
  if (list.size() > max_count) return over_limit("a list is longer than its limit");
  for (const std::uint64_t one : list) out.push_back(one);
  return {};
}

}  // namespace meshfs::codec
