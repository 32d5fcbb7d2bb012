// An open-addressing hash index from 32-bit hashes to node numbers. It takes eight bytes a slot and
// stores no keys.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace inotify_csync {

// Number 0 means "none". The caller compares entries: `same(number)` says whether that entry is the
// one sought.
class FlatIndex {
 public:
  FlatIndex() : slots_(16) {}

  template <typename Same>
  uint32_t Find(uint32_t hash, const Same& same) const {
    for (size_t at = hash & Mask();; at = (at + 1) & Mask()) {
      const Slot& slot = slots_[at];
      if (slot.number == 0) return 0;
      if (slot.hash == hash && same(slot.number)) return slot.number;
    }
  }

  void Insert(uint32_t hash, uint32_t number) {
    if ((size_ + 1) * 4 > slots_.size() * 3) Grow();
    Place({hash, number});
    size_++;
  }

  // Forgets `number`, which must have been inserted with this hash. Later entries of the run move
  // up, so that no tombstones gather.
  void Erase(uint32_t hash, uint32_t number) {
    size_t at = Locate(hash, number);
    if (slots_[at].number == 0) return;
    size_--;
    for (size_t next = (at + 1) & Mask(); slots_[next].number != 0; next = (next + 1) & Mask()) {
      const size_t home = slots_[next].hash & Mask();
      if (((next - home) & Mask()) >= ((next - at) & Mask())) {
        slots_[at] = slots_[next];
        at = next;
      }
    }
    slots_[at] = {};
  }

  // Puts `replacement` where `number` was, under the same hash.
  void Replace(uint32_t hash, uint32_t number, uint32_t replacement) {
    const size_t at = Locate(hash, number);
    if (slots_[at].number != 0) slots_[at].number = replacement;
  }

  size_t Bytes() const { return slots_.size() * sizeof(Slot); }

 private:
  struct Slot {
    uint32_t hash = 0;
    uint32_t number = 0;
  };

  size_t Mask() const { return slots_.size() - 1; }

  size_t Locate(uint32_t hash, uint32_t number) const {
    size_t at = hash & Mask();
    while (slots_[at].number != 0 && slots_[at].number != number) at = (at + 1) & Mask();
    return at;
  }

  void Place(Slot slot) {
    size_t at = slot.hash & Mask();
    while (slots_[at].number != 0) at = (at + 1) & Mask();
    slots_[at] = slot;
  }

  void Grow() {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.number != 0) Place(slot);
    }
  }

  std::vector<Slot> slots_;
  size_t size_ = 0;
};

}  // namespace inotify_csync
