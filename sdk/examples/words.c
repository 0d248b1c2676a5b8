// Counts the words of a file that it was granted, or of its input: the first program of
// ./quickstart.sh.
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { kBuckets = 4096, kLongest = 63 };

struct word {
  struct word* next;
  unsigned count;
  char text[kLongest + 1];
};

static struct word* buckets[kBuckets];
static unsigned words, different;

static void add(const char* text) {
  unsigned hash = 2166136261U;
  for (const char* c = text; *c; ++c) hash = (hash ^ (unsigned char)*c) * 16777619U;
  struct word** place = &buckets[hash % kBuckets];
  while (*place && strcmp((*place)->text, text) != 0) place = &(*place)->next;
  if (!*place) {
    *place = calloc(1, sizeof(struct word));
    if (!*place) abort();
    strcpy((*place)->text, text);
    ++different;
  }
  ++(*place)->count;
  ++words;
}

int main(int argc, char** argv) {
  FILE* file = argc == 2 ? fopen(argv[1], "r") : argc == 1 ? stdin : NULL;
  if (!file) {
    fprintf(stderr, "usage: words [FILE] (a file in a granted folder; without it, the input)\n");
    return 2;
  }
  char text[kLongest + 1];
  int length = 0;
  for (int c = 0; c != EOF;) {
    c = fgetc(file);
    if (c != EOF && isalpha(c)) {
      if (length < kLongest) text[length++] = (char)tolower(c);
    } else if (length > 0) {
      text[length] = '\0';
      add(text);
      length = 0;
    }
  }
  fclose(file);
  const struct word* most = NULL;
  for (int i = 0; i < kBuckets; ++i) {
    for (const struct word* w = buckets[i]; w; w = w->next) {
      if (!most || w->count > most->count) most = w;
    }
  }
  printf("%u words, %u different", words, different);
  if (most) printf(", most often \"%s\" (%u times)", most->text, most->count);
  printf("\n");
  return 0;
}
