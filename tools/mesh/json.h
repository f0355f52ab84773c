// The project's JSON (schema/typed/json.h) under the names that commands use.
#pragma once

#include "schema/typed/json.h"

namespace meshfs::tools {

using typed::Json, typed::JsonObject, typed::json_list, typed::kMaxJsonDepth, typed::parse_json;

}  // namespace meshfs::tools
