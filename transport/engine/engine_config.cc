#include "transport/engine/engine_config.h"

#include "transport/alfred/alfred_records.h"
#include "transport/bmx/sms_folder.h"

namespace meshfs::transport {

Result<EngineConfig> parse_engine(std::string_view text) {
  const std::size_t colon = text.find(':');
  EngineConfig out;
  out.engine = text.substr(0, colon);
  if (out.engine != "bmx7" && out.engine != "bmx6" && out.engine != "alfred")
    return error(Errc::invalid, "'" + out.engine + "' is no mesh engine that carries pages; bmx7, bmx6 and alfred do");
  if (colon == std::string_view::npos) return out;
  out.path = text.substr(colon + 1);
  if (out.path.empty() || out.path[0] != '/')
    return error(Errc::invalid, "'" + std::string(text) + "' names no place of " + out.engine + "; write " +
                                    out.engine + ":/full/path of its " +
                                    (out.engine == "alfred" ? "socket" : "runtime directory"));
  return out;
}

BulletinTraits traits_of(const EngineConfig& config) {
  if (config.engine == "alfred") return AlfredRecords::traits_of_all();
  const auto found = SmsFolder::traits_of(config.engine);
  return found ? *found : BulletinTraits{};
}

}  // namespace meshfs::transport
