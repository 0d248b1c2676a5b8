/* bintrees: builds, walks and drops binary trees with nodes from malloc. */
#include <stdlib.h>

#include "kernel.h"

enum { kDepth = 14, kRounds = 10 };
struct Node {
  struct Node *left, *right;
};
static uint32_t nodes;

__attribute__((noinline)) static struct Node* build(int depth) {
  struct Node* node = malloc(sizeof *node);
  if (node == 0) abort();
  node->left = depth > 0 ? build(depth - 1) : 0;
  node->right = depth > 0 ? build(depth - 1) : 0;
  return node;
}

__attribute__((noinline)) static uint32_t count(const struct Node* node) {
  return node == 0 ? 0 : 1 + count(node->left) + count(node->right);
}

__attribute__((noinline)) static void drop(struct Node* node) {
  if (node == 0) return;
  drop(node->left);
  drop(node->right);
  free(node);
}

void setup(void) { nodes = 0; }

void run(void) {
  for (int i = 0; i < kRounds; i++) {
    struct Node* tree = build(kDepth);
    nodes = nodes * 3 + count(tree);
    drop(tree);
  }
}

double checksum(void) { return nodes; }
