#include "tools/mesh/dictionary_trainer.h"

#include <zdict.h>
#include <zstd.h>

#include <memory>

namespace meshfs::tools {

namespace {

// As fsd does it (fsd/core/dictionaries.cc), so that what is said here is what travels.
constexpr int kLevel = 1;
constexpr std::size_t kFrameMagic = 4;   // left out of what travels
constexpr std::size_t kHeldOutEach = 5;  // every fifth
// Below, the trainer finds nothing but names and numbers that happen to be the same.
constexpr std::size_t kLeastTimesSize = 2;

class Measure {
 public:
  explicit Measure(const std::string& dictionary)
      : zstd_(ZSTD_createCCtx(), &ZSTD_freeCCtx),
        dictionary_(ZSTD_createCDict(dictionary.data(), dictionary.size(), kLevel), &ZSTD_freeCDict) {}
  // Bytes that travel; those of the sample itself if zstd makes it no smaller.
  std::size_t size_of(const std::string& sample, bool with_dictionary) {
    (void)ZSTD_CCtx_reset(zstd_.get(), ZSTD_reset_session_and_parameters);
    (void)ZSTD_CCtx_setParameter(zstd_.get(), ZSTD_c_contentSizeFlag, 0);
    (void)ZSTD_CCtx_setParameter(zstd_.get(), ZSTD_c_dictIDFlag, 0);
    (void)ZSTD_CCtx_refCDict(zstd_.get(), with_dictionary ? dictionary_.get() : nullptr);
    std::string out(ZSTD_compressBound(sample.size()), '\0');
    const std::size_t size = ZSTD_compress2(zstd_.get(), out.data(), out.size(), sample.data(), sample.size());
    return ZSTD_isError(size) != 0 ? sample.size() : std::min(sample.size(), size - kFrameMagic);
  }

 private:
  std::unique_ptr<ZSTD_CCtx, std::size_t (*)(ZSTD_CCtx*)> zstd_;
  std::unique_ptr<ZSTD_CDict, std::size_t (*)(ZSTD_CDict*)> dictionary_;
};

}  // namespace

Result<TrainedDictionary> train_dictionary(const std::vector<std::string>& samples, std::size_t size) {
  std::string all;
  std::vector<std::size_t> sizes;
  std::vector<const std::string*> held_out;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (i % kHeldOutEach == kHeldOutEach - 1) {
      held_out.push_back(&samples[i]);
    } else {
      all += samples[i];
      sizes.push_back(samples[i].size());
    }
  }
  if (samples.size() < kLeastSamples || all.size() < kLeastTimesSize * size) {
    return error(Errc::invalid, "Too few records: " + std::to_string(samples.size()) + " with " +
                                    std::to_string(all.size()) + " bytes to learn from, at least " +
                                    std::to_string(kLeastSamples) + " with " + std::to_string(kLeastTimesSize * size) +
                                    " are needed; name more files, or a smaller --size.");
  }
  TrainedDictionary out;
  out.bytes.resize(size);
  const std::size_t made = ZDICT_trainFromBuffer(out.bytes.data(), out.bytes.size(), all.data(), sizes.data(),
                                                 static_cast<unsigned>(sizes.size()));
  if (ZDICT_isError(made) != 0) {
    return error(Errc::invalid, "These records have too little in common, zstd says: " +
                                    std::string(ZDICT_getErrorName(made)) + "; name more or other files.");
  }
  out.bytes.resize(made);
  out.samples = sizes.size();
  out.held_out = held_out.size();
  Measure measure(out.bytes);
  for (const std::string* sample : held_out) {
    out.plain += sample->size();
    out.alone += measure.size_of(*sample, false);
    out.with += measure.size_of(*sample, true);
  }
  return out;
}

}  // namespace meshfs::tools
