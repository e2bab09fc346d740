/* What must hold, also when assert() is compiled away: the fuzzer keeps the input that ends here. */
#ifndef TESTS_FUZZ_CHECK_H
#define TESTS_FUZZ_CHECK_H

#include <stdio.h>
#include <stdlib.h>

#define check(condition, what) \
    do { \
        if (!(condition)) { \
            fprintf(stderr, "%s\n", what); \
            abort(); \
        } \
    } while (0)

#endif
