#include "call/live_calls.h"

#include <queue>

namespace weft::call {

void LiveCalls::add(CallId id, Live live) {
  if (functions_.size() <= live.function) {
    functions_.resize(live.function + 1);
  }
  CHECK(live.state == State::accepted);
  Ordered& ordered = functions_[live.function].accepted;
  auto place = ordered.emplace_hint(ordered.end(), id, std::move(live));
  CHECK(by_id_.emplace(id, place).second, "call {} is accepted twice", id.text());
}

Live* LiveCalls::find(CallId id) {
  auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : &found->second->second;
}

void LiveCalls::set_state(CallId id, State state) {
  auto& place = by_id_.at(id);
  Live& live = place->second;
  if (live.state == state) {
    return;
  }
  Function& function = functions_[live.function];
  auto node = function.in(live.state).extract(place);
  live.state = state;
  Ordered& ordered = function.in(state);
  place = ordered.insert(ordered.end(), std::move(node));
  running_ += state == State::running ? 1 : -1;
}

Live LiveCalls::erase(CallId id) {
  auto found = by_id_.find(id);
  CHECK(found != by_id_.end());
  auto place = found->second;
  Live live = std::move(place->second);
  running_ -= live.state == State::running ? 1 : 0;
  functions_[live.function].in(live.state).erase(place);
  by_id_.erase(found);
  return live;
}

std::vector<std::pair<CallId, const Live*>> LiveCalls::waiting(std::optional<CallId> after,
                                                               size_t limit) {
  // Merges the functions' orders.
  struct Place {
    Ordered::iterator at;
    Ordered::iterator end;
    bool operator<(const Place& other) const { return at->first > other.at->first; }
  };
  std::priority_queue<Place> places;
  for (Function& f : functions_) {
    auto at = after ? f.accepted.upper_bound(*after) : f.accepted.begin();
    if (at != f.accepted.end()) {
      places.push({at, f.accepted.end()});
    }
  }
  std::vector<std::pair<CallId, const Live*>> found;
  while (!places.empty() && found.size() < limit) {
    Place place = places.top();
    places.pop();
    if (!place.at->second.busy) {
      found.emplace_back(place.at->first, &place.at->second);
    }
    if (++place.at != place.end) {
      places.push(place);
    }
  }
  return found;
}

std::vector<std::pair<CallId, const Live*>> LiveCalls::newest(uint32_t function, State state,
                                                              std::optional<CallId> before,
                                                              size_t limit) const {
  std::vector<std::pair<CallId, const Live*>> found;
  if (function >= functions_.size()) {
    return found;
  }
  const Function& f = functions_[function];
  const Ordered& ordered = state == State::accepted ? f.accepted : f.running;
  auto at = before ? ordered.lower_bound(*before) : ordered.end();
  while (at != ordered.begin() && found.size() < limit) {
    --at;
    found.emplace_back(at->first, &at->second);
  }
  return found;
}

}  // namespace weft::call
