// memcpy, memmove and memset as generated code calls them: they run as guest code, on the guest's
// stack, where a tick may interrupt them. Compiled to bitcode once, at weft's own build, and tuned
// by LLVM for the CPU level of each module.
//
// Small sizes use two overlapping accesses from both ends; large ones `rep movsb`, which current
// processors do in cache lines.

typedef __SIZE_TYPE__ size_t;
typedef unsigned char u8;
typedef unsigned short __attribute__((aligned(1), may_alias)) u16;
typedef unsigned int __attribute__((aligned(1), may_alias)) u32;
typedef unsigned long __attribute__((aligned(1), may_alias)) u64;
typedef long __attribute__((vector_size(16), aligned(1), may_alias)) v16;

#define AT(type, p, i) (*(type*)((u8*)(p) + (i)))
#define LOAD(type, p, i) (*(const type*)((const u8*)(p) + (i)))

enum { string_instruction_from = 1024 };

static inline void* small(void* d, const void* s, size_t n) {
  if (n >= 16) {
    if (n <= 32) {
      v16 a = LOAD(v16, s, 0), b = LOAD(v16, s, n - 16);
      AT(v16, d, 0) = a;
      AT(v16, d, n - 16) = b;
      return d;
    }
    v16 a = LOAD(v16, s, 0), b = LOAD(v16, s, 16), e = LOAD(v16, s, n - 32),
        f = LOAD(v16, s, n - 16);
    AT(v16, d, 0) = a;
    AT(v16, d, 16) = b;
    AT(v16, d, n - 32) = e;
    AT(v16, d, n - 16) = f;
  } else if (n >= 8) {
    u64 a = LOAD(u64, s, 0), b = LOAD(u64, s, n - 8);
    AT(u64, d, 0) = a;
    AT(u64, d, n - 8) = b;
  } else if (n >= 4) {
    u32 a = LOAD(u32, s, 0), b = LOAD(u32, s, n - 4);
    AT(u32, d, 0) = a;
    AT(u32, d, n - 4) = b;
  } else if (n >= 2) {
    u16 a = LOAD(u16, s, 0), b = LOAD(u16, s, n - 2);
    AT(u16, d, 0) = a;
    AT(u16, d, n - 2) = b;
  } else if (n == 1) {
    AT(u8, d, 0) = LOAD(u8, s, 0);
  }
  return d;
}

// The last 64 bytes are read first, so that an overlap with d < s keeps them.
static inline void forward(void* d, const void* s, size_t n) {
  v16 a = LOAD(v16, s, n - 64), b = LOAD(v16, s, n - 48), e = LOAD(v16, s, n - 32),
      f = LOAD(v16, s, n - 16);
  for (size_t i = 0; i + 64 < n; i += 64) {
    v16 p = LOAD(v16, s, i), q = LOAD(v16, s, i + 16), r = LOAD(v16, s, i + 32),
        t = LOAD(v16, s, i + 48);
    AT(v16, d, i) = p;
    AT(v16, d, i + 16) = q;
    AT(v16, d, i + 32) = r;
    AT(v16, d, i + 48) = t;
  }
  AT(v16, d, n - 64) = a;
  AT(v16, d, n - 48) = b;
  AT(v16, d, n - 32) = e;
  AT(v16, d, n - 16) = f;
}

static inline void backward(void* d, const void* s, size_t n) {
  v16 a = LOAD(v16, s, 0), b = LOAD(v16, s, 16), e = LOAD(v16, s, 32), f = LOAD(v16, s, 48);
  for (size_t i = n; i > 64; i -= 64) {
    v16 p = LOAD(v16, s, i - 16), q = LOAD(v16, s, i - 32), r = LOAD(v16, s, i - 48),
        t = LOAD(v16, s, i - 64);
    AT(v16, d, i - 16) = p;
    AT(v16, d, i - 32) = q;
    AT(v16, d, i - 48) = r;
    AT(v16, d, i - 64) = t;
  }
  AT(v16, d, 0) = a;
  AT(v16, d, 16) = b;
  AT(v16, d, 32) = e;
  AT(v16, d, 48) = f;
}

void* memcpy(void* restrict d, const void* restrict s, size_t n) {
  if (n <= 64) {
    return small(d, s, n);
  }
  if (n >= string_instruction_from) {
    void* to = d;
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(s), "+c"(n) : : "memory");
    return d;
  }
  forward(d, s, n);
  return d;
}

void* memmove(void* d, const void* s, size_t n) {
  if (n <= 64) {
    return small(d, s, n);
  }
  size_t distance = (size_t)d - (size_t)s;
  if (distance >= n) {  // no overlap, or d below s
    if (n >= string_instruction_from && (size_t)s - (size_t)d >= n) {
      void* to = d;
      __asm__ volatile("rep movsb" : "+D"(to), "+S"(s), "+c"(n) : : "memory");
      return d;
    }
    forward(d, s, n);
  } else {
    backward(d, s, n);
  }
  return d;
}

void* memset(void* d, int c, size_t n) {
  if (n >= string_instruction_from) {
    void* to = d;
    __asm__ volatile("rep stosb" : "+D"(to), "+c"(n) : "a"(c) : "memory");
    return d;
  }
  u64 word = (u8)c * 0x0101010101010101ul;
  v16 wide = {(long)word, (long)word};
  if (n >= 16) {
    for (size_t i = 0; i + 16 < n; i += 16) {
      AT(v16, d, i) = wide;
    }
    AT(v16, d, n - 16) = wide;
  } else if (n >= 8) {
    AT(u64, d, 0) = word;
    AT(u64, d, n - 8) = word;
  } else if (n >= 4) {
    AT(u32, d, 0) = (unsigned)word;
    AT(u32, d, n - 4) = (unsigned)word;
  } else if (n >= 2) {
    AT(u16, d, 0) = (unsigned short)word;
    AT(u16, d, n - 2) = (unsigned short)word;
  } else if (n == 1) {
    AT(u8, d, 0) = (u8)c;
  }
  return d;
}
