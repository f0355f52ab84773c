#include "fsd/core/squeezer.h"

#include <zstd.h>

#include <algorithm>

#include "schema/codec/zstd_frame.h"

namespace meshfs::fsd {

namespace {

constexpr int kLevel = 3;  // of skeletons, whose few bytes cost 10 us more than at level 1

Error bad(const char* what) { return error(Errc::bad_bytes, what); }

}  // namespace

// The dictionary of the type that most bytes of a record are of.
class Squeezer::Choice {
 public:
  Choice(Dictionaries& dictionaries, const Held& held) : dictionaries_(dictionaries), held_(held) {}
  void look_at(const codec::Entry& entry) {
    ++entries_;
    const auto* object = std::get_if<codec::ObjectEntry>(&entry);
    if (object == nullptr || object->kind != codec::Kind::file) return;
    std::size_t bytes = 0;
    for (const auto& content : object->contents) {
      const auto* small = content.value ? std::get_if<Bytes>(&*content.value) : nullptr;
      bytes += small != nullptr ? small->size() : 0;
    }
    if (bytes == 0) return;
    auto* one = dictionaries_.of_type(record_type_of(*object));
    if (one != nullptr && holds(one->id)) bytes_[one->id] += bytes;
  }
  [[nodiscard]] Dictionaries::Dictionary* dictionary() const {
    const auto most = std::max_element(bytes_.begin(), bytes_.end(),
                                       [](const auto& a, const auto& b) { return a.second < b.second; });
    return most == bytes_.end() ? nullptr : dictionaries_.find(most->first);
  }
  [[nodiscard]] bool worth_it() const {
    return !bytes_.empty() || (entries_ >= kLeastEntries && holds(codec::DictionaryId{}));
  }

 private:
  [[nodiscard]] bool holds(const codec::DictionaryId& id) const {
    return std::find(held_.begin(), held_.end(), id) != held_.end();
  }
  Dictionaries& dictionaries_;
  const Held& held_;
  std::size_t entries_ = 0;
  std::map<codec::DictionaryId, std::size_t> bytes_;
};

Squeezer::Squeezer(Dictionaries& dictionaries)
    : dictionaries_(dictionaries), compressor_(nullptr, &ZSTD_freeCCtx), decompressor_(nullptr, &ZSTD_freeDCtx) {}
Squeezer::~Squeezer() = default;

Squeezer::Held Squeezer::all_held() const {
  Held out = dictionaries_.held().ids;
  out.emplace_back();
  return out;
}

std::optional<Bytes> Squeezer::compress(ByteView plain, const ZSTD_CDict_s* dictionary) {
  if (!compressor_) compressor_.reset(ZSTD_createCCtx());
  ZSTD_CCtx* zstd = compressor_.get();
  if (zstd == nullptr) return std::nullopt;
  (void)ZSTD_CCtx_reset(zstd, ZSTD_reset_session_and_parameters);
  (void)ZSTD_CCtx_setParameter(zstd, ZSTD_c_compressionLevel, kLevel);
  (void)ZSTD_CCtx_setParameter(zstd, ZSTD_c_contentSizeFlag, 0);
  (void)ZSTD_CCtx_setParameter(zstd, ZSTD_c_dictIDFlag, 0);
  (void)ZSTD_CCtx_refCDict(zstd, dictionary);
  Bytes out(ZSTD_compressBound(plain.size()));
  const std::size_t size = ZSTD_compress2(zstd, out.data(), out.size(), plain.data(), plain.size());
  if (ZSTD_isError(size) != 0 || size <= codec::kZstdMagic.size()) return std::nullopt;
  out.resize(size);
  out.erase(out.begin(), out.begin() + codec::kZstdMagic.size());
  return out;
}

Result<Bytes> Squeezer::decompress(ByteView frame, std::size_t plain_size, const ZSTD_DDict_s* dictionary) {
  if (!decompressor_) decompressor_.reset(ZSTD_createDCtx());
  if (!decompressor_) return error(Errc::no_space, "no memory for zstd");
  Bytes whole(codec::kZstdMagic.begin(), codec::kZstdMagic.end());
  whole.insert(whole.end(), frame.begin(), frame.end());
  if (!codec::is_one_zstd_frame(whole)) return bad("a squeezed record that is not one frame");
  Bytes plain(plain_size);
  const std::size_t size = ZSTD_decompress_usingDDict(decompressor_.get(), plain.data(), plain.size(), whole.data(),
                                                      whole.size(), dictionary);
  if (ZSTD_isError(size) != 0 || size != plain_size) return bad("a squeezed record that does not unpack to its size");
  return plain;
}

std::optional<codec::Bundle> Squeezer::squeeze(const codec::RecordParts& parts, const Choice& choice,
                                               std::size_t plain_size) {
  if (parts.skeleton.size() > codec::kMaxSkeletonBytes) return std::nullopt;
  codec::Squeezed out;
  out.form = parts.form;
  out.signature = parts.signature;
  out.skeleton_size = static_cast<std::uint32_t>(parts.skeleton.size());
  out.skeleton = parts.skeleton;
  if (const auto frame = compress(parts.skeleton, nullptr); frame && frame->size() < parts.skeleton.size()) {
    out.skeleton = *frame;
  }
  Dictionaries::Dictionary* dictionary = choice.dictionary();
  if (!parts.contents.empty()) {
    const ZSTD_CDict_s* ready = dictionary != nullptr ? dictionaries_.for_squeezing(*dictionary) : nullptr;
    if (ready == nullptr) dictionary = nullptr;
    auto frame = compress(parts.contents, ready);
    if (!frame) return std::nullopt;
    if (dictionary != nullptr) out.dictionary = dictionary->id;
    out.contents = std::move(*frame);
  }
  Bytes bytes = codec::encode_squeezed(out);
  if (bytes.size() + plain_size / kLeastGain > plain_size) return std::nullopt;
  if (dictionary != nullptr && !parts.contents.empty()) {
    ++dictionary->records;
    dictionary->plain_bytes += parts.contents.size();
    dictionary->squeezed_bytes += out.contents.size();
  }
  return codec::Bundle{codec::ItemForm::squeezed, std::move(bytes)};
}

std::optional<codec::Bundle> Squeezer::squeeze(const codec::Commit& commit, std::size_t plain_size, const Held& held) {
  Choice choice(dictionaries_, held);
  for (const codec::Entry& entry : commit.entries) choice.look_at(entry);
  if (!choice.worth_it()) return std::nullopt;
  return squeeze(codec::take_apart(commit), choice, plain_size);
}

std::optional<codec::Bundle> Squeezer::squeeze(const codec::ProvenEntry& entry, std::size_t plain_size,
                                               const Held& held) {
  Choice choice(dictionaries_, held);
  choice.look_at(entry.entry);
  if (!choice.worth_it()) return std::nullopt;
  return squeeze(codec::take_apart(entry), choice, plain_size);
}

Result<codec::Bundle> Squeezer::unsqueeze(const codec::Bundle& bundle) {
  auto squeezed = codec::decode_squeezed(bundle.bytes);
  if (!squeezed.ok()) return squeezed.failure();
  codec::RecordParts parts{squeezed->form, squeezed->signature, std::move(squeezed->skeleton), {}};
  if (parts.skeleton.size() < squeezed->skeleton_size) {
    auto skeleton = decompress(parts.skeleton, squeezed->skeleton_size, nullptr);
    if (!skeleton.ok()) return skeleton.failure();
    parts.skeleton = std::move(*skeleton);
  }
  const auto size = codec::contents_size(parts.skeleton);
  if (!size.ok()) return size.failure();
  if ((*size == 0) != squeezed->contents.empty()) return bad("a squeezed record whose skeleton and contents disagree");
  if (*size > 0) {
    Dictionaries::Dictionary* dictionary = nullptr;
    const ZSTD_DDict_s* ready = nullptr;
    if (!squeezed->dictionary.is_zero()) {
      dictionary = dictionaries_.find(squeezed->dictionary);
      if (dictionary != nullptr) ready = dictionaries_.for_unsqueezing(*dictionary);
      if (ready == nullptr) return error(Errc::not_found, "it waits for dictionary " + squeezed->dictionary.hex());
    }
    auto contents = decompress(squeezed->contents, *size, ready);
    if (!contents.ok()) return contents.failure();
    parts.contents = std::move(*contents);
    if (dictionary != nullptr) {
      ++dictionary->records;
      dictionary->plain_bytes += parts.contents.size();
      dictionary->squeezed_bytes += squeezed->contents.size();
    }
  }
  return codec::put_together(parts);
}

}  // namespace meshfs::fsd
