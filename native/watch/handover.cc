#include "watch/handover.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <new>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <system_error>

namespace inotify_csync {

// The page as src/watch/handover.ts reads it. Every change here must change the magic, so that no
// version reads another version's page.
struct Handover::Page {
  char magic[8];
  std::atomic<uint64_t> begun;
  std::atomic<uint64_t> kept;
  std::atomic<uint64_t> mounts;
  unsigned char fingerprint[32];
};

namespace {

constexpr char kMagic[9] = "icshand1";
constexpr off_t kSize = 4096;

[[noreturn]] void Fail(int error, const char* what) {
  throw std::system_error(error, std::generic_category(), what);
}

int MakeFile() {
  const int fd = memfd_create("inotify-csync-handover", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) Fail(errno, "memfd_create");
  // Sealed, so that what is mapped can't be cut off.
  if (ftruncate(fd, kSize) < 0 ||
      fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0) {
    const int error = errno;
    close(fd);
    Fail(error, "the handover page");
  }
  return fd;
}

}  // namespace

Handover::Handover(int fd, const WatchFingerprint& fingerprint) : fd_(fd < 0 ? MakeFile() : fd) {
  static_assert(std::atomic<uint64_t>::is_always_lock_free && sizeof(Page) == 64,
                "the page's shape");
  struct stat status;
  if (fstat(fd_, &status) < 0) Fail(errno, "the handover page given");
  if (status.st_size < kSize) Fail(EINVAL, "the handover page given");
  void* memory = mmap(nullptr, sizeof(Page), PROT_READ | PROT_WRITE, MAP_SHARED, fd_, 0);
  if (memory == MAP_FAILED) {
    const int error = errno;
    if (fd < 0) Close();
    Fail(error, "mmap of the handover page");
  }
  page_ = static_cast<Page*>(memory);
  if (fd < 0) {
    new (memory) Page();
    std::memcpy(page_->fingerprint, fingerprint.data(), fingerprint.size());
    page_->begun = 1;
    std::memcpy(page_->magic, kMagic, sizeof(page_->magic));
    return;
  }
  if (std::memcmp(page_->magic, kMagic, sizeof(page_->magic)) != 0) {
    munmap(memory, sizeof(Page));
    Fail(EINVAL, "the handover page given");
  }
  fcntl(fd, F_SETFD, FD_CLOEXEC);
  earlier_mounts_ = page_->mounts;
  // This comes first, because the page describes the predecessor only until our first reading
  // begins.
  page_->begun = std::max(page_->begun.load(), page_->kept.load()) + 1;
  std::memcpy(page_->fingerprint, fingerprint.data(), fingerprint.size());
}

Handover::~Handover() { munmap(page_, sizeof(Page)); }

void Handover::Close() {
  if (const int fd = fd_.exchange(-1); fd >= 0) close(fd);
}

uint64_t Handover::begun() const { return page_->begun; }

uint64_t Handover::Begin() { return page_->begun.fetch_add(1) + 1; }

void Handover::TakeBack() { page_->begun.fetch_sub(1); }

void Handover::Settled(uint64_t reading, uint64_t records, uint64_t mounts) {
  const std::lock_guard<std::mutex> lock(mutex_);
  settled_reading_ = reading;
  settled_records_ = records;
  settled_mounts_ = mounts;
  Advance();
}

void Handover::Kept(uint64_t records) {
  const std::lock_guard<std::mutex> lock(mutex_);
  kept_records_ = records;
  Advance();
}

void Handover::Advance() {
  if (settled_reading_ == 0 || kept_records_ < settled_records_) return;
  page_->mounts = settled_mounts_;
  page_->kept = settled_reading_;
}

}  // namespace inotify_csync
