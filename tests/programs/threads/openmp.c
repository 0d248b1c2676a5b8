// OpenMP with more threads than processors: teams in teams, all work sharing, tasks, data sharing.
// What the environment sets is printed for program.sh to compare.
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>

#include "../posix/check.h"

static void teams(void) {
  int members = 0, told = 0, levels = 0, inner = 0;
#pragma omp parallel num_threads(32)
  {
#pragma omp atomic
    members++;
#pragma omp master
    told = omp_get_num_threads();
  }
  check("a team of 32", members == 32 && told == 32);
  omp_set_max_active_levels(3);
#pragma omp parallel num_threads(4)
#pragma omp parallel num_threads(3)
#pragma omp parallel num_threads(2)
  {
#pragma omp atomic
    inner++;
#pragma omp atomic
    levels +=
        omp_get_level() == 3 && omp_get_ancestor_thread_num(1) < 4 && omp_get_team_size(2) == 3;
  }
  check("teams in teams", inner == 24 && levels == 24);
  int rounds = 0;
  for (int i = 0; i < 100; ++i) {
#pragma omp parallel num_threads(1 + i % 16) reduction(+ : rounds)
    rounds += 1;
  }
  check("teams of changing size", rounds == 826);
}

static void loops(void) {
  const omp_sched_t kinds[] = {omp_sched_static, omp_sched_dynamic, omp_sched_guided,
                               omp_sched_auto};
  for (int k = 0; k < 4; ++k) {
    long sum = 0;
    omp_set_schedule(kinds[k], 3);
#pragma omp parallel for schedule(runtime) reduction(+ : sum) num_threads(32)
    for (int i = 0; i < 1000; ++i) {
      sum += i;
    }
    check("a schedule", sum == 499500);
  }
  int last = -1, in_order = 1, end = 0;
#pragma omp parallel for ordered schedule(dynamic) num_threads(8)
  for (int i = 0; i < 200; ++i) {
#pragma omp ordered
    {
      in_order &= last == i - 1;
      last = i;
    }
  }
  check("ordered", in_order);
  static int chain[200] = {1};
#pragma omp parallel for ordered(1) num_threads(4)
  for (int i = 1; i < 200; ++i) {
#pragma omp ordered depend(sink : i - 1)
    chain[i] = chain[i - 1] + 1;
#pragma omp ordered depend(source)
  }
  check("ordered(1)", chain[199] == 200);
#pragma omp parallel for collapse(2) lastprivate(end) num_threads(4)
  for (int i = 0; i < 10; ++i) {
    for (int j = 0; j < 10; ++j) {
      end = i * 10 + j;
    }
  }
  check("collapse and lastprivate", end == 99);
  int scanned[100], sum = 0;
#pragma omp parallel for reduction(inscan, + : sum) num_threads(4)
  for (int i = 0; i < 100; ++i) {
    sum += i;
#pragma omp scan inclusive(sum)
    scanned[i] = sum;
  }
  check("scan", scanned[99] == 4950);
}

static int fibonacci(int n) {
  int a, b;
  if (n < 2) {
    return n;
  }
#pragma omp task shared(a) if (n > 10)
  a = fibonacci(n - 1);
#pragma omp task shared(b) if (n > 10)
  b = fibonacci(n - 2);
#pragma omp taskwait
  return a + b;
}

static void tasks(void) {
  int found = 0, x = 0, y = 0, done = 0, group = 0;
  long sum = 0;
#pragma omp parallel num_threads(8)
#pragma omp single
  {
    found = fibonacci(20);
#pragma omp task depend(out : x)
    x = 1;
#pragma omp task depend(in : x) depend(out : y)
    y = x + 1;
#pragma omp task depend(inout : y)
    y *= 10;
#pragma omp taskwait
#pragma omp taskgroup
    {
      for (int i = 0; i < 20; ++i) {
#pragma omp task
        {
#pragma omp atomic
          done++;
        }
      }
    }
    group = done;
#pragma omp task priority(3) untied
    {
      done++;
#pragma omp taskyield
    }
  }
  check("tasks of tasks", found == 6765);
  check("depend", y == 20);
  check("taskgroup and untied", group == 20 && done == 21);
#pragma omp parallel num_threads(4)
#pragma omp single
#pragma omp taskloop grainsize(10) reduction(+ : sum)
  for (int i = 0; i < 1000; ++i) {
    sum += i;
  }
  check("taskloop", sum == 499500);
}

typedef struct {
  double value;
  int index;
} Greatest;
#pragma omp declare reduction(greatest:Greatest : omp_out =                        \
                                  omp_in.value > omp_out.value ? omp_in : omp_out) \
    initializer(omp_priv = (Greatest){-1, -1})

static int mine;
#pragma omp threadprivate(mine)

static void data(void) {
  Greatest greatest = {-1, -1};
  int sum = 0, copies = 0, given = 0, sections[3] = {0}, counted = 0;
#pragma omp parallel for reduction(greatest : greatest) num_threads(8)
  for (int i = 0; i < 1000; ++i) {
    double value = (i * 7919) % 1009;
    if (value > greatest.value) {
      greatest = (Greatest){value, i};
    }
  }
  check("a reduction of one's own", greatest.value == 1008);
  mine = 5;
#pragma omp parallel copyin(mine) num_threads(8) reduction(+ : sum)
  {
    mine += omp_get_thread_num();
    sum += mine;
  }
  check("threadprivate and copyin", sum == 5 * 8 + 28);
#pragma omp parallel num_threads(8) firstprivate(given) reduction(+ : copies)
  {
#pragma omp single copyprivate(given)
    given = 42;
    copies += given == 42;
  }
  check("copyprivate", copies == 8);
#pragma omp parallel sections num_threads(3)
  {
#pragma omp section
    sections[0] = 1;
#pragma omp section
    sections[1] = 1;
#pragma omp section
    sections[2] = 1;
  }
  check("sections", sections[0] && sections[1] && sections[2]);
  omp_lock_t lock;
  omp_nest_lock_t nested;
  omp_init_lock(&lock);
  omp_init_nest_lock(&nested);
#pragma omp parallel num_threads(16)
  for (int i = 0; i < 100; ++i) {
    omp_set_lock(&lock);
    counted++;
    omp_unset_lock(&lock);
    omp_set_nest_lock(&nested);
    omp_set_nest_lock(&nested);
    counted++;
    omp_unset_nest_lock(&nested);
    omp_unset_nest_lock(&nested);
#pragma omp critical
    counted++;
  }
  // the three locks exclude each their own only
  check("locks", counted > 1600 && counted <= 4800);
  omp_destroy_lock(&lock);
  omp_destroy_nest_lock(&nested);
}

static void cancellation(void) {
  int after = 0;
  if (!omp_get_cancellation()) {
    return;
  }
#pragma omp parallel num_threads(4)
  {
#pragma omp for
    for (int i = 0; i < 100000; ++i) {
      if (i % 25000 == 50) {
#pragma omp cancel for
      }
#pragma omp cancellation point for
      if (i % 25000 > 60) {
#pragma omp atomic
        after++;
      }
    }
  }
  check("a loop is cancelled", after < 90000);
}

int main(void) {
  omp_sched_t kind;
  int chunk;
  omp_get_schedule(&kind, &chunk);
  printf(
      "threads %d, limit %d, levels %d, schedule %d:%d, dynamic %d, cancellation %d, binding %d\n",
      omp_get_max_threads(), omp_get_thread_limit(), omp_get_max_active_levels(), (int)kind & 7,
      chunk, omp_get_dynamic(), omp_get_cancellation(), omp_get_proc_bind() != omp_proc_bind_false);
  teams();
  loops();
  tasks();
  data();
  cancellation();
  double now = omp_get_wtime();
  check("time", now > 0 && omp_get_wtick() > 0);
  return 0;
}
