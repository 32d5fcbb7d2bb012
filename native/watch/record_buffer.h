// Records on their way to JavaScript: binary batches, kept here until JavaScript takes them.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "tree/event.h"

namespace inotify_csync {

// A batch is a row of records, each of a kind (one byte), a count (one byte, 255 means at least), a
// length (u32, little endian) and that many bytes. A record that the newest batch already has is
// only counted there until the batch is taken.
class RecordBuffer {
 public:
  // `limit`: bytes kept at most; beyond it records are dropped and one loss record takes their
  // place.
  explicit RecordBuffer(size_t limit) : limit_(limit) {}

  // `read_at`: when the event was read that the record is for.
  void Add(RecordKind kind, std::string_view text, int64_t read_at = 0);
  // The oldest batch, empty if there is none.
  std::string Take();
  // `read_at` of the first record of the batch that was taken last.
  int64_t TakenReadAt() const;
  size_t Bytes() const;
  bool Empty() const { return Bytes() == 0; }
  // Records so far, with the loss that stands for those dropped among them.
  uint64_t Added() const;
  // Records that have been taken.
  uint64_t Taken() const;

 private:
  struct Batch {
    std::string bytes;
    std::vector<uint32_t> index = std::vector<uint32_t>(64);  // offset + 1 of a record, by hash
    size_t records = 0;
    int64_t read_at = 0;
  };
  bool Remember(Batch* batch, size_t offset);
  void Append(RecordKind kind, std::string_view text, int64_t read_at);

  const size_t limit_;
  mutable std::mutex mutex_;
  std::deque<Batch> batches_;
  size_t bytes_ = 0;
  bool overflowed_ = false;
  uint64_t added_ = 0;
  uint64_t taken_ = 0;
  int64_t taken_read_at_ = 0;
};

}  // namespace inotify_csync
