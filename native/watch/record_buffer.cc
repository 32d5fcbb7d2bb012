#include "watch/record_buffer.h"

#include <cstring>
#include <functional>

namespace inotify_csync {

namespace {

constexpr size_t kBatchRecords = 4096;
constexpr size_t kBatchBytes = 256 * 1024;
constexpr size_t kHead = 2 + sizeof(uint32_t);
constexpr size_t kCount = 1;  // where the count stands in a record

std::string_view TextAt(const std::string& bytes, size_t offset) {
  uint32_t length;
  std::memcpy(&length, bytes.data() + offset + 2, sizeof(length));
  return std::string_view(bytes).substr(offset + kHead, length);
}

size_t HashAt(const std::string& bytes, size_t offset) {
  return std::hash<std::string_view>()(TextAt(bytes, offset)) * 31 +
         static_cast<unsigned char>(bytes[offset]);
}

bool IsEqual(const std::string& bytes, size_t one, size_t other) {
  return bytes[one] == bytes[other] && TextAt(bytes, one) == TextAt(bytes, other);
}

}  // namespace

void RecordBuffer::Add(RecordKind kind, std::string_view text, int64_t read_at) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (bytes_ > limit_) {
    overflowed_ = true;
    return;
  }
  Append(kind, text, read_at);
}

std::string RecordBuffer::Take() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (batches_.empty()) return {};
  std::string bytes = std::move(batches_.front().bytes);
  taken_ += batches_.front().records;
  taken_read_at_ = batches_.front().read_at;
  batches_.pop_front();
  bytes_ -= bytes.size();
  if (overflowed_ && batches_.empty()) {
    overflowed_ = false;
    Append(RecordKind::kLoss, "more changes than could be kept until they were taken", 0);
  }
  return bytes;
}

int64_t RecordBuffer::TakenReadAt() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return taken_read_at_;
}

size_t RecordBuffer::Bytes() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return bytes_;
}

uint64_t RecordBuffer::Added() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return added_ + (overflowed_ ? 1 : 0);
}

uint64_t RecordBuffer::Taken() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return taken_;
}

void RecordBuffer::Append(RecordKind kind, std::string_view text, int64_t read_at) {
  if (batches_.empty() || batches_.back().records >= kBatchRecords ||
      batches_.back().bytes.size() >= kBatchBytes) {
    batches_.emplace_back();
    batches_.back().read_at = read_at;
  }
  Batch& batch = batches_.back();
  const size_t before = batch.bytes.size();
  const uint32_t length = static_cast<uint32_t>(text.size());
  char head[kHead] = {static_cast<char>(kind), 1};
  std::memcpy(head + 2, &length, sizeof(length));
  batch.bytes.append(head, kHead).append(text);
  if (!Remember(&batch, before)) {
    batch.bytes.resize(before);
    return;
  }
  bytes_ += batch.bytes.size() - before;
  added_++;
}

// False if an equal record is in the batch: it has been counted there.
bool RecordBuffer::Remember(Batch* batch, size_t offset) {
  std::string& bytes = batch->bytes;
  if ((batch->records + 1) * 2 > batch->index.size()) {
    std::vector<uint32_t> old(batch->index.size() * 2);
    old.swap(batch->index);
    for (const uint32_t entry : old) {
      if (entry == 0) continue;
      size_t at = HashAt(bytes, entry - 1);
      while (batch->index[at & (batch->index.size() - 1)] != 0) at++;
      batch->index[at & (batch->index.size() - 1)] = entry;
    }
  }
  const size_t mask = batch->index.size() - 1;
  size_t at = HashAt(bytes, offset);
  for (; batch->index[at & mask] != 0; at++) {
    const size_t known = batch->index[at & mask] - 1;
    if (!IsEqual(bytes, known, offset)) continue;
    char& count = bytes[known + kCount];
    if (static_cast<unsigned char>(count) < 255) count = static_cast<char>(count + 1);
    return false;
  }
  batch->index[at & mask] = static_cast<uint32_t>(offset + 1);
  batch->records++;
  return true;
}

}  // namespace inotify_csync
