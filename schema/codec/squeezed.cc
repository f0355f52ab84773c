#include "schema/codec/squeezed.h"

#include "schema/codec/format.h"
#include "schema/crypto/hash.h"

namespace meshfs::codec {

namespace {

// Seven bits a byte, lowest first, the top bit says that more follow; no more bytes than needed.
void put_number(Bytes& out, std::size_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<std::uint8_t>(value | 0x80));
  out.push_back(static_cast<std::uint8_t>(value));
}

class Reading {
 public:
  explicit Reading(ByteView bytes) : rest_(bytes) {}
  // At most 21 bits.
  Result<std::size_t> number() {
    std::size_t value = 0;
    for (unsigned i = 0; i < 3 && !rest_.empty(); ++i) {
      const std::uint8_t byte = rest_.front();
      rest_ = rest_.subspan(1);
      value |= std::size_t{byte & 0x7fU} << (7 * i);
      if ((byte & 0x80) != 0) continue;
      return byte != 0 || i == 0 ? Result<std::size_t>(value) : malformed("a number with needless bytes");
    }
    return malformed("a number that does not end");
  }
  template <class Fixed>
  Status fixed(Fixed& out) {
    if (rest_.size() < Fixed::kSize) return malformed("a squeezed record that is cut short");
    out = *Fixed::from(rest_.first(Fixed::kSize));
    rest_ = rest_.subspan(Fixed::kSize);
    return {};
  }
  [[nodiscard]] ByteView rest() const { return rest_; }

 private:
  ByteView rest_;
};

// The small contents of files, as they stand in an entry. A symlink's target stays where it is.
template <class Object, class Visit>
void each_small_content(Object& object, const Visit& visit) {
  if (object.kind != Kind::file) return;
  for (auto& content : object.contents) {
    if (!content.value) continue;
    if (auto* bytes = std::get_if<Bytes>(&*content.value)) visit(*bytes);
  }
}

struct Lengths {
  std::vector<std::size_t> of;
  std::size_t together = 0;
  ByteView record;
};

Result<Lengths> read_lengths(ByteView skeleton) {
  Reading in(skeleton);
  const auto count = in.number();
  if (!count.ok()) return count.failure();
  if (*count > skeleton.size()) return malformed("more contents than its bytes could tell of");
  Lengths out;
  out.of.reserve(*count);
  for (std::size_t i = 0; i < *count; ++i) {
    const auto length = in.number();
    if (!length.ok()) return length.failure();
    if (*length > kMaxInlineBytes) return over_limit("a small content is larger than its limit");
    out.together += *length;
    out.of.push_back(*length);
  }
  if (out.together > kMaxCommitUnpacked) return over_limit("small contents are larger than a commit");
  out.record = in.rest();
  return out;
}

// Moves the contents out of the entries, in order.
class Taking {
 public:
  void from(Entry& entry) {
    auto* object = std::get_if<ObjectEntry>(&entry);
    if (object == nullptr) return;
    each_small_content(*object, [this](Bytes& content) {
      put_number(lengths_, content.size());
      contents_.insert(contents_.end(), content.begin(), content.end());
      content.clear();
      ++count_;
    });
  }
  RecordParts parts(ItemForm form, const crypto::Signature& signature, const Bytes& record) && {
    RecordParts out{form, signature, {}, std::move(contents_)};
    put_number(out.skeleton, count_);
    out.skeleton.insert(out.skeleton.end(), lengths_.begin(), lengths_.end());
    out.skeleton.insert(out.skeleton.end(), record.begin(), record.end());
    return out;
  }

 private:
  Bytes lengths_, contents_;
  std::size_t count_ = 0;
};

// Puts them back.
class Giving {
 public:
  Giving(const Lengths& lengths, ByteView contents) : lengths_(lengths), rest_(contents) {}
  void to(Entry& entry) {
    auto* object = std::get_if<ObjectEntry>(&entry);
    if (object == nullptr) return;
    each_small_content(*object, [this](Bytes& content) {
      const bool fits = content.empty() && next_ < lengths_.of.size() && lengths_.of[next_] <= rest_.size();
      sound_ = sound_ && fits;
      if (!sound_) return;
      const std::size_t length = lengths_.of[next_++];
      content.assign(rest_.begin(), rest_.begin() + static_cast<std::ptrdiff_t>(length));
      rest_ = rest_.subspan(length);
    });
  }
  Status finish() const {
    if (sound_ && next_ == lengths_.of.size() && rest_.empty()) return {};
    return malformed("a squeezed record whose skeleton and contents disagree");
  }

 private:
  const Lengths& lengths_;
  ByteView rest_;
  std::size_t next_ = 0;
  bool sound_ = true;
};

Result<Bundle> bundle_of(ItemForm form, Bytes bytes) {
  if (bytes.size() > kMaxCommitBytes) return over_limit("a squeezed record is larger than its limit");
  return Bundle{form, std::move(bytes)};
}

}  // namespace

RecordParts take_apart(const Commit& commit) {
  Taking taking;
  Commit bare = commit;
  bare.signature = {};
  for (Entry& entry : bare.entries) taking.from(entry);
  return std::move(taking).parts(ItemForm::commit, commit.signature, encode_commit(bare));
}

RecordParts take_apart(const ProvenEntry& entry) {
  Taking taking;
  ProvenEntry bare = entry;
  bare.header.signature = {};
  taking.from(bare.entry);
  return std::move(taking).parts(ItemForm::proven, entry.header.signature, encode_proven(bare));
}

Result<std::size_t> contents_size(ByteView skeleton) {
  const auto lengths = read_lengths(skeleton);
  if (!lengths.ok()) return lengths.failure();
  return lengths->together;
}

Result<Bundle> put_together(const RecordParts& parts) {
  const auto lengths = read_lengths(parts.skeleton);
  if (!lengths.ok()) return lengths.failure();
  Giving giving(*lengths, parts.contents);
  if (parts.form == ItemForm::commit) {
    auto commit = decode_commit(lengths->record);
    if (!commit.ok()) return commit.failure();
    if (!commit->signature.is_zero()) return malformed("a skeleton with a signature");
    for (Entry& entry : commit->entries) giving.to(entry);
    if (Status fits = giving.finish(); !fits) return fits.failure();
    commit->signature = parts.signature;
    return bundle_of(ItemForm::commit, encode_commit(*commit));
  }
  auto proven = decode_proven(lengths->record);
  if (!proven.ok()) return proven.failure();
  if (!proven->header.signature.is_zero()) return malformed("a skeleton with a signature");
  giving.to(proven->entry);
  if (Status fits = giving.finish(); !fits) return fits.failure();
  proven->header.signature = parts.signature;
  return bundle_of(ItemForm::proven, encode_proven(*proven));
}

Bytes encode_squeezed(const Squeezed& squeezed) {
  Bytes out;
  const auto add = [&out](ByteView bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); };
  out.push_back(static_cast<std::uint8_t>(squeezed.form));
  add(squeezed.dictionary.view());
  add(squeezed.signature.view());
  put_number(out, squeezed.skeleton_size);
  put_number(out, squeezed.skeleton.size());
  add(squeezed.skeleton);
  add(squeezed.contents);
  return out;
}

Result<Squeezed> decode_squeezed(ByteView bytes) {
  if (bytes.empty()) return malformed("a squeezed record that is cut short");
  Squeezed out;
  if (bytes[0] > static_cast<std::uint8_t>(ItemForm::proven)) return error(Errc::unsupported, "an unknown kind");
  out.form = static_cast<ItemForm>(bytes[0]);
  Reading in(bytes.subspan(1));
  if (Status s = in.fixed(out.dictionary); !s) return s.failure();
  if (Status s = in.fixed(out.signature); !s) return s.failure();
  const auto plain = in.number();
  if (!plain.ok()) return plain.failure();
  const auto stored = in.number();
  if (!stored.ok()) return stored.failure();
  if (*plain > kMaxSkeletonBytes) return over_limit("a skeleton is larger than its limit");
  if (*stored == 0 || *stored > *plain || *stored > in.rest().size()) {
    return malformed("a squeezed record whose sizes disagree");
  }
  out.skeleton_size = static_cast<std::uint32_t>(*plain);
  out.skeleton = copy_of(in.rest().first(*stored));
  out.contents = copy_of(in.rest().subspan(*stored));
  return out;
}

HeaderHash identity_of(const Bundle& bundle) {
  std::optional<crypto::Signature> signature;
  if (bundle.form == ItemForm::commit) {
    signature = signature_in(bundle.bytes);
  } else if (bundle.form == ItemForm::squeezed) {
    const auto squeezed = decode_squeezed(bundle.bytes);
    if (squeezed.ok() && squeezed->form == ItemForm::commit) signature = squeezed->signature;
  }
  return crypto::prefix_of<HeaderHash>(crypto::hash_of(signature ? signature->view() : ByteView(bundle.bytes)));
}

}  // namespace meshfs::codec
