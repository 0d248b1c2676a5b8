// Any text is either a schedule that comes again and again, or an error that says what is wrong.
#include <cstddef>
#include <cstdint>

#include "manifest/cron.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using weft::manifest::Cron;
  auto cron = Cron::parse(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!cron) {
    return cron.error().message().empty() ? (__builtin_trap(), 0) : 0;
  }
  Cron::Time time = std::chrono::sys_days(std::chrono::year(2026) / 1 / 1);
  for (int i = 0; i < 10; ++i) {
    Cron::Time next = cron->next_after(time);
    if (next <= time ||
        next.time_since_epoch() % std::chrono::minutes(1) != std::chrono::seconds(0)) {
      __builtin_trap();
    }
    time = next;
  }
  return 0;
}
