#include "tools/mesh/event_line.h"

#include "tools/mesh/screen.h"

namespace meshfs::tools {
namespace {

bool lies_in(std::string_view path, std::string_view folder) {
  while (path.starts_with('/')) path.remove_prefix(1);
  return folder.empty() || path == folder || (path.starts_with(folder) && path[folder.size()] == '/');
}

Paint paint_of(std::string_view what) {
  if (what == "created") return Paint::good;
  return what == "removed" || what == "refused" ? Paint::bad : Paint::plain;
}

}  // namespace

bool concerns(const Json& event, const std::string& path) {
  if (event.kind != Json::Kind::object) return false;
  if (event.at("what").text == "lost") return true;  // what is missing may have been about anything
  return lies_in(event.at("path").text, path) ||
         (!event.at("from").text.empty() && lies_in(event.at("from").text, path));
}

std::string event_text(const Json& event, bool colour) {
  constexpr std::size_t kWhatWidth = 10;  // "attributes"
  const std::string what = printable(event.at("what").text);
  if (what == "lost") return painted(colour, Paint::warning, "earlier changes are not kept: look at the tree anew");
  std::string out = moment_text(event.at("when_ms").count()) + "  " + painted(colour, paint_of(what), what) +
                    std::string(what.size() < kWhatWidth ? kWhatWidth - what.size() : 0, ' ') + "  ";
  if (!event.at("from").text.empty()) out += printable(event.at("from").text) + " -> ";
  out += printable(event.at("path").text);
  if (event.at("kind").text == "directory") out += "/";
  if (!event.at("author").text.empty()) out += "  by " + printable(event.at("author").text);
  if (!event.at("why").text.empty()) out += ": " + printable(event.at("why").text);
  return out;
}

}  // namespace meshfs::tools
