#include "slot/pieces.h"

#include <algorithm>

namespace weft::slot {

int64_t mappings(const Pieces& pieces) {
  if (pieces.empty()) {
    return 0;  // part of the hole of the slot before
  }
  int64_t holes = 1;
  for (size_t i = 1; i < pieces.size(); ++i) {
    holes += pieces[i - 1].end != pieces[i].begin ? 1 : 0;
  }
  return holes + static_cast<int64_t>(pieces.size());
}

bool is_closed(const Pieces& pieces, int64_t begin, int64_t end) {
  return std::ranges::none_of(pieces,
                              [&](const Piece& p) { return p.begin < end && begin < p.end; });
}

Pieces without(const Pieces& pieces, int64_t begin, int64_t end) {
  Pieces rest;
  rest.reserve(pieces.size() + 2);
  for (const Piece& p : pieces) {
    if (p.end <= begin || end <= p.begin) {
      rest.push_back(p);
      continue;
    }
    if (p.begin < begin) {
      rest.push_back({p.begin, begin, p.is_file});
    }
    if (end < p.end) {
      rest.push_back({end, p.end, p.is_file});
    }
  }
  return rest;
}

Pieces with(const Pieces& pieces, Piece added) {
  Pieces all = without(pieces, added.begin, added.end);
  auto next = std::ranges::find_if(all, [&](const Piece& p) { return p.begin >= added.end; });
  auto at = all.insert(next, added);
  if (added.is_file) {
    return all;
  }
  if (auto after = at + 1; after != all.end() && !after->is_file && after->begin == at->end) {
    at->end = after->end;
    all.erase(after);
  }
  if (at != all.begin()) {
    if (auto before = at - 1; !before->is_file && before->end == at->begin) {
      before->end = at->end;
      all.erase(at);
    }
  }
  return all;
}

}  // namespace weft::slot
