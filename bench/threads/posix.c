// Costs of POSIX threads: one line "name nanoseconds" each, the best of the repetitions.
#include <pthread.h>
#include <stdio.h>
#include <time.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e9 + t.tv_nsec;
}

enum { repetitions = 7, creations = 500, hand_overs = 5000, lockings = 200000 };
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int turn;
static long count;

static void* nothing(void* argument) { return argument; }
static void create_and_join(int threads) {
  pthread_t thread;
  for (int i = 0; i < creations; ++i) {
    pthread_create(&thread, 0, nothing, 0);
    pthread_join(thread, 0);
  }
}

static void* pass(void* argument) {
  int me = argument != 0;
  for (int i = 0; i < hand_overs; ++i) {
    pthread_mutex_lock(&mutex);
    while (turn != me) pthread_cond_wait(&changed, &mutex);
    turn = !me;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&mutex);
  }
  return 0;
}
static void* add(void* argument) {
  for (int i = 0; i < lockings; ++i) {
    pthread_mutex_lock(&mutex);
    ++count;
    pthread_mutex_unlock(&mutex);
  }
  return 0;
}
static void team(void* (*work)(void*), int threads) {
  pthread_t all[64];
  for (long i = 0; i < threads; ++i) pthread_create(&all[i], 0, work, (void*)i);
  for (int i = 0; i < threads; ++i) pthread_join(all[i], 0);
}

static void measure(const char* name, double operations, void (*run)(int), int threads) {
  double best = 1e30;
  for (int i = 0; i < repetitions; ++i) {
    double begin = now();
    run(threads);
    double taken = (now() - begin) / operations;
    if (taken < best) best = taken;
  }
  printf("%s %.1f\n", name, best);
}
static void hand_over(int threads) { team(pass, threads); }
static void contend(int threads) { team(add, threads); }

int main(void) {
  measure("create+join", creations, create_and_join, 1);
  measure("hand-over", 2.0 * hand_overs, hand_over, 2);
  measure("mutex-2", 2.0 * lockings, contend, 2);
  measure("mutex-16", 16.0 * lockings, contend, 16);
  return 0;
}
