// A failed check ends the program with its place; the sanitizers do the same for what they find.
#pragma once

#include <stdio.h>
#include <stdlib.h>

#define CHECK(condition)                                                                  \
  do {                                                                                    \
    if (!(condition)) {                                                                   \
      fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition);           \
      abort();                                                                            \
    }                                                                                     \
  } while (0)

#define CHECK_EQUAL(left, right)                                                          \
  do {                                                                                    \
    const long long left_value = static_cast<long long>(left);                            \
    const long long right_value = static_cast<long long>(right);                          \
    if (left_value != right_value) {                                                      \
      fprintf(stderr, "%s:%d: %s is %lld, but %s is %lld\n", __FILE__, __LINE__, #left,   \
              left_value, #right, right_value);                                           \
      abort();                                                                            \
    }                                                                                     \
  } while (0)
