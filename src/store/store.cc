#include "store/store.h"

#include <future>

namespace weft::store {

Result<void> commit_and_wait(Store& store, Batch batch) {
  std::promise<Result<void>> promise;
  auto result = promise.get_future();
  store.commit(std::move(batch),
               [&promise](Result<void> committed) { promise.set_value(std::move(committed)); });
  return result.get();
}

}  // namespace weft::store
