// What of a slot is not closed, as ascending ranges of offsets, and how many mappings that takes.
// Neighbours that are open are one piece, as the kernel joins them to one mapping; a piece that
// maps a file stands alone.
//
// Thread safety: values.
#pragma once

#include <cstdint>
#include <vector>

namespace weft::slot {

struct Piece {
  int64_t begin;  // offsets from the slot's base
  int64_t end;
  bool is_file;
  bool operator==(const Piece&) const = default;
};
using Pieces = std::vector<Piece>;  // ascending

// Mappings of a slot: its pieces, the holes between them, and the hole up to the next slot.
int64_t mappings(const Pieces& pieces);
bool is_closed(const Pieces& pieces, int64_t begin, int64_t end);
Pieces without(const Pieces& pieces, int64_t begin, int64_t end);
Pieces with(const Pieces& pieces, Piece added);

}  // namespace weft::slot
