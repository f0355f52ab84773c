#include "fsd/core/blob_guard.h"

namespace meshfs::fsd {

BlobGuard::Ticket BlobGuard::hold() {
  State& state = *state_;
  if (!state.newer.active()) state.newer.begin(kFilterBlobs, 0);
  ++state.newer_users;
  const std::uint64_t generation = state.generation;
  return Ticket(nullptr, [shared = state_, generation](void*) { dropped(*shared, generation); });
}

void BlobGuard::dropped(State& state, std::uint64_t generation) {
  --(generation == state.generation ? state.newer_users : state.older_users);
  if (state.older_users > 0) return;
  // Nobody is left who began before `newer` did.
  state.older.end();
  if (state.newer_users == 0) return state.newer.end();
  std::swap(state.older, state.newer);
  state.older_users = std::exchange(state.newer_users, 0);
  state.newer.begin(kFilterBlobs, ++state.generation);
}

}  // namespace meshfs::fsd
