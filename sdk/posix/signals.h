// Signals within this library: signals.c delivers, timers.c and the waiting functions ask for it.
#pragma once

#include <signal.h>
#include <stdint.h>

// Nanoseconds of the monotonic clock at which the alarm goes off; 0: none is set.
uint64_t weft_alarm_at(void);

// Rearms or clears the alarm after it went off; to be followed by the delivery of SIGALRM.
void weft_alarm_fired(void);

// Sleeps until a signal that is not in `blocked` can be delivered: one that is pending, or the
// alarm's. Returns its number without delivering it; 0 at `deadline_ns` of the monotonic clock
// (UINT64_MAX: never); weft_handled when a handler of this thread has run meanwhile. A cancellation
// point.
enum { weft_handled = -1 };
int weft_wait_for_signal(const sigset_t* blocked, uint64_t deadline_ns);

uint64_t weft_monotonic_ns(void);
