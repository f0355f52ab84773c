#include "fsd/store/flush.h"

namespace meshfs::fsd {

static Status write_and_sync(const std::vector<FlushStep>& steps) {
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const FlushStep& step = steps[i];
    if (step.data) {
      if (auto s = step.file->write_at(step.offset, *step.data); !s) return s;
    }
    // Steps of one file stand side by side: one flush serves them all.
    if (i + 1 < steps.size() && steps[i + 1].file == step.file) continue;
    if (auto s = step.file->sync(); !s) {
      return error(Errc::io, s.failure().message);  // whatever the code: what was not flushed may be gone
    }
    if (step.cut_to) {
      if (auto s = step.file->truncate(*step.cut_to); !s) return s;
    }
  }
  return {};
}

Status run_flush(const FlushJob& job) {
  if (auto s = write_and_sync(job.chunks); !s) return s;
  if (job.folder) {
    if (auto s = job.folder->sync(); !s) return error(Errc::io, s.failure().message);
  }
  return write_and_sync(job.records);
}

}  // namespace meshfs::fsd
