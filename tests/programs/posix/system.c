#include <langinfo.h>
#include <libintl.h>
#include <limits.h>
#include <locale.h>
#include <monetary.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/times.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

static volatile double sum;
static void burn(void) {
  for (int i = 0; i < 30000000; ++i) {
    sum += i;
  }
}

static void times_and_usage(void) {
  clock_t begin = clock();
  struct timespec before, after;
  check("CLOCK_PROCESS_CPUTIME_ID", clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before) == 0);
  struct timespec nap = {0, 50000000};
  nanosleep(&nap, NULL);
  double slept = (double)(clock() - begin) / CLOCKS_PER_SEC;
  check("processor time does not run in sleep", slept < 0.045);
  burn();
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
  double used =
      (double)(after.tv_sec - before.tv_sec) + 1e-9 * (double)(after.tv_nsec - before.tv_nsec);
  check("processor time runs", used > 0.001 && clock() > begin);
  struct rusage usage;
  check("getrusage()", getrusage(RUSAGE_SELF, &usage) == 0 &&
                           usage.ru_utime.tv_sec * 1000000 + usage.ru_utime.tv_usec > 0 &&
                           usage.ru_maxrss > 0);
  check("getrusage() of children", getrusage(RUSAGE_CHILDREN, &usage) == 0 && usage.ru_maxrss == 0);
  fails("getrusage() of nobody", getrusage(77, &usage) == -1, EINVAL);
  struct tms ticks;
  clock_t now = times(&ticks);
  check("times() counts in ticks", now > 0 && ticks.tms_utime >= 0 && ticks.tms_utime < 100 * 60);
  fails("clock_settime()", clock_settime(CLOCK_REALTIME, &before) == -1, EPERM);
  tzset();
  check("local time is UTC", timezone == 0 && strcmp(tzname[0], "UTC") == 0);
}

static void limits(void) {
  check("processors", sysconf(_SC_NPROCESSORS_ONLN) == 1 && sysconf(_SC_NPROCESSORS_CONF) == 1);
  check("memory", sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE) == 4294967296.0 &&
                      sysconf(_SC_AVPHYS_PAGES) > 0);
  check("an option that there is not", sysconf(_SC_SPAWN) == -1);
  fails("sysconf() of nothing", sysconf(5000) == -1, EINVAL);
  struct rlimit limit;
  check("getrlimit()", getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur == 8 << 20);
  fails("getrlimit() of nothing", getrlimit(99, &limit) == -1, EINVAL);
  check("setrlimit() lowers", setrlimit(RLIMIT_STACK, &limit) == 0);
  limit.rlim_cur = limit.rlim_max = RLIM_INFINITY;
  fails("and does not raise", setrlimit(RLIMIT_STACK, &limit) == -1, EPERM);
  check("getpriority()", getpriority(PRIO_PROCESS, 0) == 0 && setpriority(PRIO_PROCESS, 0, 5) == 0);
  double load;
  fails("getloadavg()", getloadavg(&load, 1) == -1, ENOSYS);
  unsigned char random[300] = {0};
  unsigned different = 0;
  check("getrandom()", getrandom(random, sizeof random, 0) == sizeof random);
  for (unsigned i = 0; i < sizeof random; ++i) {
    different += random[i] != random[0];
  }
  check("getrandom() fills all of it", different > 250);
}

static void affinity(void) {
  cpu_set_t set;
  CPU_ZERO(&set);
  check("sched_getaffinity()",
        sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) == 1 && CPU_ISSET(0, &set));
  check("pthread_setaffinity_np()", pthread_setaffinity_np(pthread_self(), sizeof set, &set) == 0);
  CPU_ZERO(&set);
  fails("to no processor", sched_setaffinity(0, sizeof set, &set) == -1, EINVAL);
  fails("of another process", sched_getaffinity(1, sizeof set, &set) == -1, ESRCH);
  struct sched_param lowest = {0};
  check("SCHED_OTHER",
        sched_getscheduler(0) == SCHED_OTHER && sched_setscheduler(0, SCHED_OTHER, &lowest) == 0);
  struct sched_param high = {.sched_priority = 50};
  fails("SCHED_FIFO", sched_setscheduler(0, SCHED_FIFO, &high) == -1, EPERM);
}

static void locks(void) {
  fails("sem_open()", sem_open("/x", 0) == SEM_FAILED, ENOENT);
  sem_t semaphore;
  check("sem_init()", sem_init(&semaphore, 0, 1) == 0 && sem_wait(&semaphore) == 0);
  fails("sem_trywait()", sem_trywait(&semaphore) == -1, EAGAIN);
  check("sem_post()", sem_post(&semaphore) == 0 && sem_trywait(&semaphore) == 0);
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  check("a mutex", pthread_mutex_lock(&mutex) == 0 && pthread_mutex_unlock(&mutex) == 0);
  flockfile(stdout);
  funlockfile(stdout);
}

static void locales(void) {
  check("setlocale()", strcmp(setlocale(LC_ALL, "C"), "C") == 0);
  check("setlocale() from the environment", setlocale(LC_ALL, "") != NULL);
  check("nl_langinfo()",
        strcmp(nl_langinfo(CODESET), "UTF-8") == 0 || strcmp(nl_langinfo(CODESET), "ASCII") == 0);
  locale_t c = newlocale(LC_ALL_MASK, "C", NULL);
  check("newlocale(), uselocale()", c != NULL && uselocale(c) != NULL);
  char text[32];
  check("strfmon()", strfmon(text, sizeof text, "%n", 12.5) > 0 && strstr(text, "12.5") != NULL);
  check("gettext()",
        strcmp(gettext("text"), "text") == 0 && strcmp(ngettext("one", "many", 2), "many") == 0);
}

int main(void) {
  times_and_usage();
  limits();
  affinity();
  locks();
  locales();
  openlog("posix", LOG_PID, LOG_USER);
  errno = ENOENT;
  syslog(LOG_WARNING, "%s: %m: 100%%", "log");
}
