#include "fsd/core/dictionaries.h"

#include <zstd.h>

#include <algorithm>

#include "fsd/core/index_keys.h"

namespace meshfs::fsd {

namespace {

// Fast, and its table takes 64 KiB. Records of 175 bytes, 4 KiB dictionary: level 1 55 bytes in 2 us, level 6 50 in 40 us,
// level 19 50 in 120 us with tables five times as large.
constexpr int kLevel = 1;
constexpr std::array<std::uint8_t, 4> kMagic{0x37, 0xa4, 0x30, 0xec};  // of a trained dictionary (RFC 8878, section 5)

Packer row_key(const codec::DictionaryId& id) { return keys::of(keys::Space::dictionary, id); }

}  // namespace

std::string_view record_type(std::string_view type, std::string_view name) {
  if (!type.empty()) return type;
  const auto dot = name.rfind('.');
  return dot == std::string_view::npos || dot == 0 ? std::string_view() : name.substr(dot + 1);
}

std::string_view record_type_of(const codec::ObjectEntry& entry) {
  return record_type(entry.attributes.value ? std::string_view(entry.attributes.value->type) : std::string_view(),
                     entry.place.value ? std::string_view(entry.place.value->now.name.text()) : std::string_view());
}

Dictionaries::Dictionary::Dictionary(const Hash& content, std::string record_type)
    : id(crypto::prefix_of<codec::DictionaryId>(content)),
      root(content),
      type(std::move(record_type)),
      squeezing(nullptr, &ZSTD_freeCDict),
      unsqueezing(nullptr, &ZSTD_freeDDict) {}

void Dictionaries::note(const std::vector<Visible>& changes) {
  stale_ = stale_ || std::any_of(changes.begin(), changes.end(),
                                 [](const Visible& one) { return one.node.object.volume == kNetworkVolume; });
}

// Versions seen before, so that what is replaced stays of use after a restart. A rebuilt index has forgotten them: then
// neighbours hear so, and send plain.
void Dictionaries::load_rows() {
  rows_loaded_ = true;
  const Packer prefix = keys::begin(keys::Space::dictionary);
  index_.scan(prefix.view(), [&](ByteView key, ByteView value) {
    if (!keys::after(key, prefix.view())) return false;
    Unpacker in(value);
    Dictionary known(in.fixed<Hash>(), "");
    known.size = in.number();
    known.type = in.text();
    if (in.done() && all_.size() < codec::kMaxDictionaries) all_.emplace(known.id, std::move(known));
    return true;
  });
  for (auto& [id, one] : all_) one.damage = examine(one);
}

bool Dictionaries::refresh() {
  if (!stale_) return false;
  stale_ = false;
  const codec::Dictionaries before = held();
  if (!rows_loaded_) load_rows();
  current_.clear();
  for (auto& [id, one] : all_) one.current = false;
  const auto folder = names_.lookup(root_of(kNetworkVolume), kDictionariesName);
  if (!folder || folder->kind != codec::Kind::directory) return held() != before;
  std::vector<std::pair<std::string, ObjectId>> files;
  names_.list(folder->node.object, {}, [&](std::string_view name, const Namespace::Named& named) {
    if (named.kind == codec::Kind::file && !named.node.sibling && name.size() > kDictionarySuffix.size() &&
        name.ends_with(kDictionarySuffix)) {
      files.emplace_back(name.substr(0, name.size() - kDictionarySuffix.size()), named.node.object);
    }
    return files.size() < codec::kMaxDictionaries;
  });
  for (const auto& [type, object] : files) {
    const auto shown = objects_.shown(objects_.load(object));
    if (!shown || shown->contents.empty()) continue;
    const auto* content = std::get_if<codec::ChunkedContent>(&shown->contents.front().value);
    if (content != nullptr && content->size <= codec::kMaxChunkBytes) add(content->root, content->size, type);
  }
  return held() != before;
}

void Dictionaries::add(const Hash& root, std::uint64_t size, const std::string& type) {
  const auto id = crypto::prefix_of<codec::DictionaryId>(root);
  auto at = all_.find(id);
  if (at == all_.end()) {
    if (all_.size() >= codec::kMaxDictionaries) drop_oldest();
    if (all_.size() >= codec::kMaxDictionaries) return;
    at = all_.emplace(id, Dictionary(root, type)).first;
    at->second.size = size;
  }
  Dictionary& one = at->second;
  one.type = type;
  one.current = true;
  one.damage = examine(one);
  Packer row;
  row.fixed(root).number(size).text(type);
  index_.put(row_key(id).view(), row.view());
  if (one.damage.empty()) current_.emplace(type, id);
}

// A version that shows no more and was not used for the longest time.
void Dictionaries::drop_oldest() {
  auto oldest = all_.end();
  for (auto at = all_.begin(); at != all_.end(); ++at) {
    if (!at->second.current && (oldest == all_.end() || at->second.used < oldest->second.used)) oldest = at;
  }
  if (oldest == all_.end()) return;
  index_.erase(row_key(oldest->first).view());
  all_.erase(oldest);
}

std::string Dictionaries::examine(const Dictionary& dictionary) {
  const auto bytes = blobs_.plain(dictionary.root);
  if (!bytes.ok()) return "its bytes are not here any more";
  const ByteView head = ByteView(*bytes).first(std::min(kMagic.size(), bytes->size()));
  if (!std::ranges::equal(head, kMagic)) return "it is no trained dictionary";
  const std::unique_ptr<ZSTD_DDict, std::size_t (*)(ZSTD_DDict*)> parsed(ZSTD_createDDict(bytes->data(), bytes->size()),
                                                                         &ZSTD_freeDDict);
  return parsed ? "" : "it is damaged";
}

codec::Dictionaries Dictionaries::held() const {
  codec::Dictionaries out;
  for (const auto& [id, one] : all_) {
    if (one.damage.empty()) out.ids.push_back(id);
  }
  return out;
}

Dictionaries::Dictionary* Dictionaries::of_type(std::string_view type) {
  const auto at = current_.find(type);
  return at == current_.end() ? nullptr : find(at->second);
}

Dictionaries::Dictionary* Dictionaries::find(const codec::DictionaryId& id) {
  const auto at = all_.find(id);
  return at == all_.end() || !at->second.damage.empty() ? nullptr : &at->second;
}

std::optional<codec::ChunkedContent> Dictionaries::content_of_type(std::string_view type) {
  const Dictionary* one = of_type(type);
  return one == nullptr ? std::nullopt : std::optional(codec::ChunkedContent{one->size, one->root});
}

void Dictionaries::use(Dictionary& dictionary) {
  dictionary.used = ++uses_;
  if (dictionary.squeezing || dictionary.unsqueezing) return;
  std::size_t loaded = 0;
  Dictionary* oldest = nullptr;
  for (auto& [id, one] : all_) {
    if (!one.squeezing && !one.unsqueezing) continue;
    ++loaded;
    if (oldest == nullptr || one.used < oldest->used) oldest = &one;
  }
  if (loaded < kMaxLoaded) return;
  oldest->squeezing.reset();
  oldest->unsqueezing.reset();
}

std::optional<Bytes> Dictionaries::bytes_of(Dictionary& dictionary) {
  auto bytes = blobs_.plain(dictionary.root);
  if (bytes.ok()) return std::move(*bytes);
  dictionary.damage = "its bytes are not here any more";
  stale_ = true;
  return std::nullopt;
}

const ZSTD_CDict_s* Dictionaries::for_squeezing(Dictionary& dictionary) {
  use(dictionary);
  if (!dictionary.squeezing) {
    const auto bytes = bytes_of(dictionary);
    if (bytes) dictionary.squeezing.reset(ZSTD_createCDict(bytes->data(), bytes->size(), kLevel));
  }
  return dictionary.squeezing.get();
}

const ZSTD_DDict_s* Dictionaries::for_unsqueezing(Dictionary& dictionary) {
  use(dictionary);
  if (!dictionary.unsqueezing) {
    const auto bytes = bytes_of(dictionary);
    if (bytes) dictionary.unsqueezing.reset(ZSTD_createDDict(bytes->data(), bytes->size()));
  }
  return dictionary.unsqueezing.get();
}

}  // namespace meshfs::fsd
