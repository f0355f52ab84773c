// Recovery of a segment. The input is a list of steps: write a record (flushed or not), then hit the bytes. Whatever was
// hit, the scan ends, and every record it hands out is one that was written, where it was written, in order.
#include <map>

#include "fsd/store/segment_scan.h"

namespace meshfs::fsd {
namespace {

const StoreKey kKey{NetworkId{{1, 2, 3}}, StoreSalt{{9, 8, 7, 6, 5, 4, 3, 2, 1}}};
const SegmentId kId{SegmentKind::meta, 3};

class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(const Bytes& bytes) : bytes_(bytes) {}
  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::uint8_t> out) override {
    if (offset >= bytes_.size()) return std::size_t{0};
    const std::size_t size = std::min(out.size(), bytes_.size() - static_cast<std::size_t>(offset));
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(offset), size, out.begin());
    return size;
  }

 private:
  const Bytes& bytes_;
};

// Takes numbers from the input until it is used up.
class Steps {
 public:
  explicit Steps(ByteView input) : input_(input) {}
  [[nodiscard]] bool more() const { return !input_.empty(); }
  std::uint32_t byte() {
    if (input_.empty()) return 0;
    const std::uint8_t value = input_[0];
    input_ = input_.subspan(1);
    return value;
  }
  std::uint32_t pair() { return byte() << 8 | byte(); }
  ByteView take(std::size_t size) {
    const ByteView out = input_.first(std::min(size, input_.size()));
    input_ = input_.subspan(out.size());
    return out;
  }

 private:
  ByteView input_;
};

void scan_and_check(const Bytes& segment, const std::map<std::uint32_t, Bytes>& written, std::uint32_t known_durable) {
  MemorySource source(segment);
  std::uint32_t last = 0;
  auto outcome = scan_segment(source, kKey, kId, kSegmentHeaderBytes, known_durable, [&](const ScannedRecord& record) {
    const auto known = written.find(record.offset);
    CHECK(known != written.end() && known->second == copy_of(record.payload));
    CHECK(record.offset > last);
    last = record.offset;
    return true;
  });
  CHECK(outcome.ok());
  CHECK(outcome->end > last && outcome->records <= written.size());
  for (const Damage& damage : outcome->damage) CHECK(damage.bytes > 0 && !damage.what.empty());
}

void run(ByteView input) {
  Steps steps(input);
  Bytes segment = encode_segment_header(kKey, kId);
  std::map<std::uint32_t, Bytes> written;
  std::uint32_t durable = kSegmentHeaderBytes;
  while (steps.more() && segment.size() < 64 * 1024) {
    const std::uint32_t step = steps.byte();
    const auto end = static_cast<std::uint32_t>(segment.size());
    switch (step % 8) {
      case 0:
      case 1:
      case 2: {  // a record; 1: all before it was flushed; 2: a table
        if (step % 8 == 1) durable = end;
        const ByteView payload = steps.take(steps.byte());
        encode_record(segment, kKey, kId, end, durable, step % 8 == 2 ? kTableType : 1, payload, {});
        if (step % 8 != 2) written[end] = copy_of(payload);
        break;
      }
      case 3:
        segment[steps.pair() % end] ^= static_cast<std::uint8_t>(1u << steps.byte() % 8);
        break;
      case 4: {  // a piece of it over another place
        const std::uint32_t from = steps.pair() % end, to = steps.pair() % end;
        for (std::uint32_t i = 0, size = std::min(steps.pair(), end - std::max(from, to)); i < size; ++i)
          segment[to + i] = segment[from + i];
        break;
      }
      case 5: {  // zeros, as an unwritten block
        const std::uint32_t from = steps.pair() % end;
        std::fill_n(segment.begin() + from, std::min(steps.pair(), end - from), std::uint8_t{0});
        break;
      }
      case 6: {  // bytes of the input's own
        const ByteView raw = steps.take(steps.byte());
        segment.insert(segment.end(), raw.begin(), raw.end());
        segment.resize((segment.size() + 7) / 8 * 8);
        break;
      }
      case 7:
        segment.resize(std::max<std::size_t>(kSegmentHeaderBytes, segment.size() - steps.byte() % 64 / 8 * 8));
        break;
    }
    std::erase_if(written, [&](const auto& record) { return record.first >= segment.size(); });
  }
  scan_and_check(segment, written, 0);
  scan_and_check(segment, written, durable);
  // The other decoders of the folder, on bare bytes.
  static_cast<void>(decode_segment_header(input.first(std::min<std::size_t>(input.size(), kSegmentHeaderBytes)), kId));
  static_cast<void>(decode_footer(kKey, kId, input.first(std::min<std::size_t>(input.size(), kFooterBytes))));
  static_cast<void>(decode_table_line(SegmentKind::chunk, input));
  static_cast<void>(decode_label(input));
  static_cast<void>(segment_from_name(as_text(input)));
}

}  // namespace
}  // namespace meshfs::fsd

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  meshfs::fsd::run({data, size});
  return 0;
}
