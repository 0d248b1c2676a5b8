/* nbody: the sun and four planets, symplectic steps with pairwise attraction (struct of doubles,
 * sqrt, division). */
#include <math.h>

#include "kernel.h"

enum { kBodies = 5, kSteps = 120000 };
struct Body {
  double x, y, z, vx, vy, vz, mass;
};
static struct Body bodies[kBodies];

__attribute__((noinline)) static void advance(int count, struct Body* body, double dt) {
  for (int i = 0; i < count; i++) {
    struct Body* b = &body[i];
    for (int j = i + 1; j < count; j++) {
      struct Body* b2 = &body[j];
      double dx = b->x - b2->x;
      double dy = b->y - b2->y;
      double dz = b->z - b2->z;
      double inverse = 1.0 / sqrt(dx * dx + dy * dy + dz * dz);
      double magnitude = dt * inverse * inverse * inverse;
      b->vx -= dx * b2->mass * magnitude;
      b->vy -= dy * b2->mass * magnitude;
      b->vz -= dz * b2->mass * magnitude;
      b2->vx += dx * b->mass * magnitude;
      b2->vy += dy * b->mass * magnitude;
      b2->vz += dz * b->mass * magnitude;
    }
  }
  for (int i = 0; i < count; i++) {
    struct Body* b = &body[i];
    b->x += dt * b->vx;
    b->y += dt * b->vy;
    b->z += dt * b->vz;
  }
}

void setup(void) {
  static const struct Body start[kBodies] = {
      {0, 0, 0, 0, 0, 0, 39.47},
      {4.84, -1.16, -0.103, 0.606, 2.81, -0.0252, 0.0377},
      {8.34, 4.12, -0.403, -1.01, 1.82, 0.00841, 0.0113},
      {12.9, -15.1, -0.223, 1.08, 0.868, -0.0108, 0.00172},
      {15.4, -25.9, 0.179, 0.979, 0.594, -0.0347, 0.00203},
  };
  for (int i = 0; i < kBodies; i++) bodies[i] = start[i];
}

void run(void) {
  for (int i = 0; i < kSteps; i++) advance(kBodies, bodies, 0.001);
}

double checksum(void) { return weighted_sum(&bodies[0].x, kBodies * 7); }
