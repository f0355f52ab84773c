// What Input::gather is mostly: a file, read whole. Functions to hand over; they are called in the keeper. A file that is not there is empty;
// one that can't be read, or is a link, gives nothing.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "tools/service/service.h"

namespace meshfs::service {

// Below the mount: ".mesh/peers".
std::function<std::optional<std::string>(const Here&)> file_of_mesh(const std::string& path);

// Here::settings.
std::optional<std::string> owners_settings(const Here& here);

}  // namespace meshfs::service
