#include "tools/mesh/dictionary_trainer.h"

namespace meshfs::tools {

Result<TrainedDictionary> train_dictionary(const std::vector<std::string>&, std::size_t) {
  return error(Errc::unsupported,
               "This small program can't train: run `mesh dict train` with the full package on any other node.");
}

}  // namespace meshfs::tools
