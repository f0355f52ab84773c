// The decision of the example service, apart from its main so that tests and the simulator can call it. Pure.
#pragma once

#include "tools/service/service.h"

namespace meshfs::examples {

Result<service::Actions> decide_alerts(const service::View& view, WallMs now);

}  // namespace meshfs::examples
