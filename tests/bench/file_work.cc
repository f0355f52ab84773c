// One piece of work on files of one folder, timed: the same for /mesh and for a plain directory (filesystem.py compares).
//   bench_file_work WORK FOLDER [COUNT]      prints one number: operations or MB per second, or milliseconds
// What must be there first (files, warm caches) is made by the works that begin with make- or warm-, which print 0.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace {

constexpr std::size_t kMiB = 1024 * 1024;
constexpr std::size_t kPage = 4096;
constexpr int kKnownFiles = 1000;

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

[[noreturn]] void fail(const std::string& what) {
  std::perror(what.c_str());
  std::exit(1);
}

int must(int result, const std::string& what) {
  if (result < 0) fail(what);
  return result;
}

int opened(const std::string& path, int flags) { return must(::open(path.c_str(), flags | O_CLOEXEC, 0644), path); }

void write_all(int fd, const char* data, std::size_t size) {
  while (size > 0) {
    const ssize_t n = ::write(fd, data, size);
    if (n <= 0) fail("write");
    data += n;
    size -= static_cast<std::size_t>(n);
  }
}

std::uint64_t random_word() {
  static std::mt19937_64 source{std::random_device{}()};
  return source();
}

// Bytes that no other run wrote: what is stored already would cost nothing to store.
std::string noise(std::size_t size) {
  std::string out(size, '\0');
  std::uint64_t x = random_word() | 1;
  for (std::size_t i = 0; i + 8 <= size; i += 8) {
    x ^= x << 13, x ^= x >> 7, x ^= x << 17;
    std::memcpy(out.data() + i, &x, 8);
  }
  return out;
}

// Lines like those of a log: compresses about as text does.
std::string text(std::size_t size) {
  static const char* const words[] = {"node ",   "link ", "lost ", "2026-11-20 ", "mesh ",
                                      "packet ", "from ", "to ",   "ok\n"};
  std::string out;
  out.reserve(size + 64);
  std::uint64_t x = random_word() | 1;
  while (out.size() < size) {
    x ^= x << 13, x ^= x >> 7, x ^= x << 17;
    out += words[x % 9];
    if (x % 5 == 0) out += std::to_string(x >> 44);
  }
  out.resize(size);
  return out;
}

double write_file(const std::string& path, const std::string& data, bool sync) {
  const double began = now();
  const int fd = opened(path, O_WRONLY | O_CREAT | O_TRUNC);
  for (std::size_t at = 0; at < data.size(); at += kMiB)
    write_all(fd, data.data() + at, std::min(kMiB, data.size() - at));
  if (sync) must(::fsync(fd), "fsync");
  ::close(fd);
  return static_cast<double>(data.size()) / 1e6 / (now() - began);
}

double read_file(const std::string& path) {
  std::vector<char> buffer(kMiB);
  const double began = now();
  const int fd = opened(path, O_RDONLY);
  std::size_t total = 0;
  for (ssize_t n; (n = must(static_cast<int>(::read(fd, buffer.data(), buffer.size())), "read")) > 0;) {
    total += static_cast<std::size_t>(n);
  }
  ::close(fd);
  return static_cast<double>(total) / 1e6 / (now() - began);
}

// The file stays: one that took the memory of its removed predecessor would be written faster, on one side only.
double write_new(const std::string& folder, const std::string& data) {
  return write_file(folder + "/written." + std::to_string(random_word()), data, true);
}

double random_reads(const std::string& folder, int count) {
  const int fd = opened(folder + "/big", O_RDONLY);
  struct stat st {};
  must(::fstat(fd, &st), "stat");
  const auto pages = static_cast<std::uint64_t>(st.st_size) / kPage;
  char page[kPage];
  std::minstd_rand dice(1);
  const double began = now();
  for (int i = 0; i < count; ++i) {
    if (::pread(fd, page, kPage, static_cast<off_t>(dice() % pages * kPage)) != kPage) fail("read");
  }
  const double rate = count / (now() - began);
  ::close(fd);
  return rate;
}

// The first write is not timed: it makes the file ready for writing, once per opening.
double overwrites(const std::string& folder, int count) {
  const int fd = opened(folder + "/overwritten", O_RDWR);
  struct stat st {};
  must(::fstat(fd, &st), "stat");
  const auto pages = static_cast<std::uint64_t>(st.st_size) / kPage;
  const std::string page = noise(kPage);
  std::minstd_rand dice(1);
  if (::pwrite(fd, page.data(), kPage, 0) != kPage) fail("write");
  const double began = now();
  for (int i = 0; i < count; ++i) {
    if (::pwrite(fd, page.data(), kPage, static_cast<off_t>(dice() % pages * kPage)) != kPage) fail("write");
  }
  const double rate = count / (now() - began);
  ::close(fd);
  return rate;
}

std::string known(const std::string& folder, int i) { return folder + "/known/file." + std::to_string(i); }

double stats(const std::string& folder, int count) {
  std::vector<std::string> paths;
  for (int i = 0; i < kKnownFiles; ++i) paths.push_back(known(folder, i));
  struct stat st {};
  for (const std::string& path : paths) must(::stat(path.c_str(), &st), path);
  const double began = now();
  for (int i = 0; i < count; ++i) must(::stat(paths[static_cast<std::size_t>(i % kKnownFiles)].c_str(), &st), "stat");
  return count / (now() - began);
}

void small_files(const std::string& folder, int count, const std::string& data) {
  must(::mkdir(folder.c_str(), 0755), folder);
  for (int i = 0; i < count; ++i) {
    const int fd = opened(folder + "/file." + std::to_string(i), O_WRONLY | O_CREAT | O_EXCL);
    write_all(fd, data.data(), data.size());
    ::close(fd);
  }
}

double creates(const std::string& folder, int count, int processes) {
  const std::string top = folder + "/created." + std::to_string(random_word());
  must(::mkdir(top.c_str(), 0755), top);
  const double began = now();
  for (int p = 0; p < processes; ++p) {
    if (must(::fork(), "fork") != 0) continue;
    small_files(top + "/" + std::to_string(p), count / processes, std::string(1024, static_cast<char>('a' + p)));
    ::_exit(0);
  }
  for (int p = 0, status = 0; p < processes; ++p) {
    if (::wait(&status) < 0 || status != 0) fail("a writer");
  }
  return count / (now() - began);
}

double make_known(const std::string& folder) {
  small_files(folder + "/known", kKnownFiles, "x");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: bench_file_work WORK FOLDER [COUNT]\n");
    return 2;
  }
  const std::string work = argv[1], folder = argv[2];
  const int count = argc > 3 ? std::atoi(argv[3]) : 1;
  const auto mega = static_cast<std::size_t>(count) * 1'000'000;
  const std::map<std::string, std::function<double()>> works = {
      {"make-big", [&] { return write_file(folder + "/big", noise(mega), true) * 0; }},
      {"make-overwritten", [&] { return write_file(folder + "/overwritten", noise(mega), true) * 0; }},
      {"make-known", [&] { return make_known(folder); }},
      {"make-many", [&] { return small_files(folder + "/many", count, "x"), 0.0; }},
      {"warm-big", [&] { return read_file(folder + "/big") * 0; }},
      {"read", [&] { return read_file(folder + "/big"); }},
      {"write-noise", [&] { return write_new(folder, noise(mega)); }},
      {"write-text", [&] { return write_new(folder, text(mega)); }},
      {"random-reads", [&] { return random_reads(folder, count); }},
      {"overwrites", [&] { return overwrites(folder, count); }},
      {"stats", [&] { return stats(folder, count); }},
      {"creates", [&] { return creates(folder, count, 1); }},
      {"creates-by-four", [&] { return creates(folder, count, 4); }},
  };
  const auto found = works.find(work);
  if (found == works.end()) {
    std::fprintf(stderr, "There is no work %s.\n", work.c_str());
    return 2;
  }
  std::printf("%.6g\n", found->second());
  return 0;
}
