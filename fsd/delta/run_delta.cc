#include "fsd/delta/run_delta.h"

#include <librsync.h>
#include <zstd.h>

#include <algorithm>
#include <memory>

#include "schema/codec/zstd_frame.h"

namespace meshfs::fsd {

static constexpr std::uint32_t kSignatureMagic = RS_RK_BLAKE2_SIG_MAGIC;
static constexpr std::uint32_t kDeltaMagic = RS_DELTA_MAGIC;
static constexpr std::size_t kStrongBytes = 32, kSumBytes = 4 + kStrongBytes, kSignatureHead = 12;
static constexpr int kZstdLevel = 9;
// Blocks of 1 KiB make a signature of 3.5 % of what it signs. Longer ones for more than a few hundred kB: an edit then
// costs more, a signature less.
static constexpr std::size_t kMinBlock = 1024, kMaxBlock = 4096;

static std::size_t block_for(std::size_t bytes) { return bytes <= kMaxDeltaRun ? kMinBlock : 2 * kMinBlock; }

static std::uint64_t big_endian(ByteView bytes) {
  std::uint64_t value = 0;
  for (const std::uint8_t byte : bytes) value = value << 8 | byte;
  return value;
}

namespace {

struct FreeJob {
  void operator()(rs_job_t* job) const { rs_job_free(job); }
};
using Job = std::unique_ptr<rs_job_t, FreeJob>;
struct FreeSums {
  void operator()(rs_signature_t* sums) const { rs_free_sumset(sums); }
};
using Sums = std::unique_ptr<rs_signature_t, FreeSums>;

void be_silent(rs_loglevel, const char*) {}

}  // namespace

// Runs a job whose whole input is there, into at most `limit` bytes.
static Result<Bytes> run_job(rs_job_t* job, ByteView input, std::size_t limit) {
  if (!job) return error(Errc::no_space, "no memory for librsync");
  Bytes out(limit);
  rs_buffers_t buffers{};
  // librsync takes char* for what it only reads.
  buffers.next_in = const_cast<char*>(reinterpret_cast<const char*>(input.data()));
  buffers.avail_in = input.size();
  buffers.eof_in = 1;
  buffers.next_out = reinterpret_cast<char*>(out.data());
  buffers.avail_out = out.size();
  rs_result result = RS_BLOCKED;
  // It may say "blocked" between two steps though nothing is missing; without output left, or progress, it is.
  for (;;) {
    const std::size_t before = buffers.avail_in + buffers.avail_out;
    result = rs_job_iter(job, &buffers);
    if (result != RS_BLOCKED || buffers.avail_in + buffers.avail_out == before) break;
  }
  if (result == RS_BLOCKED) return error(Errc::too_large, "librsync made more than its limit");
  if (result != RS_DONE) return error(Errc::bad_bytes, "librsync refuses its input");
  out.resize(limit - buffers.avail_out);
  return out;
}

Result<Bytes> sign_run(ByteView base) {
  if (base.empty()) return error(Errc::bad_bytes, "nothing to sign");
  if (base.size() > kMaxSignedBytes) return error(Errc::too_large, "too much to sign at once");
  rs_trace_to(&be_silent);
  const Job job(rs_sig_begin(block_for(base.size()), kStrongBytes, RS_RK_BLAKE2_SIG_MAGIC));
  return run_job(job.get(), base, kMaxSignatureBytes);
}

static Status check_signature(ByteView signature) {
  if (signature.size() > kMaxSignatureBytes) return error(Errc::too_large, "a signature over its limit");
  if (signature.size() < kSignatureHead + kSumBytes || (signature.size() - kSignatureHead) % kSumBytes != 0)
    return error(Errc::bad_bytes, "a signature that is cut short");
  const std::uint64_t block = big_endian(signature.subspan(4, 4));
  if (big_endian(signature.first(4)) != kSignatureMagic || big_endian(signature.subspan(8, 4)) != kStrongBytes ||
      block < kMinBlock || block > kMaxBlock)
    return error(Errc::bad_bytes, "not a signature as sign_run() makes it");
  return {};
}

// librsync compares a place whose weak sum is known with every strong sum behind that weak sum: a signature of equal weak
// sums would cost 150 million comparisons a run. Real ones have a pair by chance.
static bool has_many_rivals(ByteView signature) {
  static constexpr std::size_t kRivals = 16;
  std::vector<ByteView> sums;
  for (ByteView rest = signature.subspan(kSignatureHead); !rest.empty(); rest = rest.subspan(kSumBytes))
    sums.push_back(rest.first(kSumBytes));
  const auto differ = [](ByteView a, ByteView b, std::size_t bytes) { return std::memcmp(a.data(), b.data(), bytes); };
  std::sort(sums.begin(), sums.end(), [&](ByteView a, ByteView b) { return differ(a, b, kSumBytes) < 0; });
  std::size_t rivals = 1;
  for (std::size_t i = 1; i < sums.size(); ++i) {
    if (differ(sums[i], sums[i - 1], 4) != 0)
      rivals = 1;
    else if (differ(sums[i], sums[i - 1], kSumBytes) != 0 && ++rivals > kRivals)
      return true;
  }
  return false;
}

static Result<Sums> load_sums(ByteView signature) {
  rs_signature_t* loaded = nullptr;
  const Job job(rs_loadsig_begin(&loaded));
  Sums sums(loaded);
  const auto nothing = run_job(job.get(), signature, 1);
  if (!nothing) return nothing.failure();
  if (rs_build_hash_table(sums.get()) != RS_DONE) return error(Errc::no_space, "no memory for librsync");
  return sums;
}

Result<std::optional<Bytes>> delta_run(ByteView plain, ByteView signature) {
  if (plain.empty()) return error(Errc::bad_bytes, "a delta of nothing");
  if (plain.size() > kMaxDeltaRun) return error(Errc::too_large, "a delta of too many bytes");
  if (Status s = check_signature(signature); !s) return s.failure();
  if (has_many_rivals(signature)) return std::optional<Bytes>{};
  rs_trace_to(&be_silent);
  auto sums = load_sums(signature);
  if (!sums) return sums.failure();
  const Job job(rs_delta_begin(sums->get()));
  const auto delta = run_job(job.get(), plain, plain.size() + plain.size() / 16 + 1024);
  if (!delta) return delta.failure();
  Bytes frame(ZSTD_compressBound(delta->size()));
  const std::size_t size = ZSTD_compress(frame.data(), frame.size(), delta->data(), delta->size(), kZstdLevel);
  if (ZSTD_isError(size) || size + plain.size() / 8 > plain.size()) return std::optional<Bytes>{};
  frame.resize(size);
  return std::optional<Bytes>(std::move(frame));
}

// Walks a delta's commands. What it will write is known before it writes anything.
static Status check_delta(ByteView delta, std::size_t base, std::size_t plain_size) {
  static constexpr std::uint8_t kEnd = 0, kLastShortLiteral = 0x40, kFirstCopy = 0x45, kLastCopy = 0x54;
  const auto bad = [] { return error(Errc::bad_bytes, "a delta that librsync would not make"); };
  if (delta.size() < 5 || big_endian(delta.first(4)) != kDeltaMagic) return bad();
  delta = delta.subspan(4);
  std::uint64_t written = 0;
  for (;;) {
    if (delta.empty()) return bad();
    const std::uint8_t command = delta.front();
    delta = delta.subspan(1);
    if (command == kEnd) break;
    const auto take = [&](std::size_t size, std::uint64_t& out) {
      if (delta.size() < size) return false;
      out = big_endian(delta.first(size));
      delta = delta.subspan(size);
      return true;
    };
    std::uint64_t length = command, from = 0;
    if (command < kFirstCopy) {
      if (command > kLastShortLiteral && !take(std::size_t{1} << (command - kLastShortLiteral - 1), length))
        return bad();
      if (length == 0 || length > delta.size()) return bad();
      delta = delta.subspan(static_cast<std::size_t>(length));
    } else {
      if (command > kLastCopy) return bad();
      const unsigned widths = command - kFirstCopy;
      if (!take(std::size_t{1} << widths / 4, from) || !take(std::size_t{1} << widths % 4, length)) return bad();
      if (length == 0 || from > base || length > base - from) return bad();
    }
    if (length > plain_size - written) return error(Errc::too_large, "a delta that gives more than it declares");
    written += length;
  }
  if (!delta.empty() || written != plain_size) return bad();
  return {};
}

static rs_result copy_from_base(void* base, rs_long_t from, std::size_t* length, void** bytes) {
  const ByteView view = *static_cast<const ByteView*>(base);
  if (from < 0 || static_cast<std::uint64_t>(from) >= view.size()) return RS_INPUT_ENDED;
  *length = std::min(*length, view.size() - static_cast<std::size_t>(from));
  std::copy_n(view.begin() + static_cast<std::ptrdiff_t>(from), *length, static_cast<std::uint8_t*>(*bytes));
  return RS_DONE;
}

// One zstd frame of at most kMaxRunDeltaBytes plain bytes.
static Result<Bytes> unzip_delta(ByteView delta) {
  if (!codec::is_one_zstd_frame(delta)) return error(Errc::bad_bytes, "a delta that is not one frame");
  const unsigned long long declared = ZSTD_getFrameContentSize(delta.data(), delta.size());
  if (declared == ZSTD_CONTENTSIZE_ERROR || declared == ZSTD_CONTENTSIZE_UNKNOWN || declared > 2 * kMaxRunDeltaBytes)
    return error(Errc::bad_bytes, "a delta of an impossible size");
  Bytes commands(static_cast<std::size_t>(declared));
  const std::size_t size = ZSTD_decompress(commands.data(), commands.size(), delta.data(), delta.size());
  if (ZSTD_isError(size) || size != commands.size()) return error(Errc::bad_bytes, "a delta that does not unpack");
  return commands;
}

Result<Bytes> patch_run(ByteView base, ByteView delta, std::size_t plain_size) {
  if (base.size() > kMaxSignedBytes || delta.size() > kMaxRunDeltaBytes || plain_size > kMaxDeltaRun)
    return error(Errc::too_large, "a delta over its limit");
  if (plain_size == 0) return error(Errc::bad_bytes, "a delta of nothing");
  const auto commands = unzip_delta(delta);
  if (!commands) return commands.failure();
  if (Status s = check_delta(*commands, base.size(), plain_size); !s) return s.failure();
  rs_trace_to(&be_silent);
  const Job job(rs_patch_begin(&copy_from_base, &base));
  auto plain = run_job(job.get(), *commands, plain_size);
  if (plain && plain->size() != plain_size) return error(Errc::bad_bytes, "a delta that gives less than it declares");
  return plain;
}

}  // namespace meshfs::fsd
