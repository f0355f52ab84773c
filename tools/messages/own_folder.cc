#include "tools/messages/own_folder.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "schema/vocab/quoting.h"
#include "tools/mesh/view.h"
#include "tools/messages/file_folder.h"

namespace meshfs::messages {

Result<std::string> own_folder(const std::string& mount, const std::string& node) {
  const auto status = tools::read_view(mount, "status");
  if (!status) return status.failure();
  const std::string& name = node.empty() ? status->json.at("node").text : node;
  if (name.empty() || name == "." || name == ".." || name.find('/') != std::string::npos)
    return error(Errc::bad_bytes,
                 "the mesh at " + printable(mount) + " does not say this node's name: give --node NAME");
  return mount + "/nodes/" + name;
}

Result<std::string> folder_in(const std::string& own, const char* name) {
  std::string folder = own + '/' + name;
  if (::mkdir(folder.c_str(), 0755) == 0 || errno == EEXIST) return folder;
  return error(Errc::io, printable(folder) + " can't be made: " + std::strerror(errno));
}

int show(const std::string& folder, const NodeSteps& steps) {
  int failure = 0;
  for (auto file = steps.show.begin(); file != steps.show.end() && failure == 0; ++file)
    failure = put_file(folder, file->first, file->second, 0444);
  for (auto name = steps.hide.begin(); name != steps.hide.end() && failure == 0; ++name)
    failure = remove_file(folder, *name);
  return failure;
}

}  // namespace meshfs::messages
