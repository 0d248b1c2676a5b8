// The fields of wasi-libc's pthread_attr_t. It has the first four; the others are spare there.
#pragma once

#define ATTR_STACK_SIZE __u.__s[0]
#define ATTR_GUARD_SIZE __u.__s[1]
#define ATTR_STACK_END __u.__s[2]
#define ATTR_DETACHED __u.__i[3]
#define ATTR_EXPLICIT_SCHEDULING __u.__i[4]
#define ATTR_POLICY __u.__i[5]
#define ATTR_PRIORITY __u.__i[6]
#define ATTR_STACK_IS_CHOSEN __u.__i[7]  // the program, not we, gave the size
