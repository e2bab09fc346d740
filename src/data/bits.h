/* Bits and bytes: builders keep validity and booleans a byte per row, Arrow a bit. */
#ifndef DATA_BITS_H
#define DATA_BITS_H

#include <stdint.h>
#include <string.h>

/* Bytes of 0 or 1 into bits, least significant first: the multiplication brings eight low bits together. */
static inline void bits_pack(const uint8_t *bytes, uint32_t count, uint8_t *bits)
{
    uint32_t i = 0;

    for (; i + 8 <= count; i += 8) {
        uint64_t word;

        memcpy(&word, bytes + i, sizeof(word));
        *bits++ = (uint8_t)((word * 0x0102040810204080u) >> 56);
    }
    if (i < count)
        *bits = 0;
    for (uint32_t bit = 0; i < count; i++, bit++)
        *bits |= (uint8_t)(bytes[i] << bit);
}

/* `count` bits from bit `from` on into bytes. Returns how many of them are 0. */
static inline uint32_t bits_unpack(const uint8_t *bits, uint32_t from, uint32_t count, uint8_t *bytes)
{
    uint32_t zeros = count;

    for (uint32_t i = 0; i < count; i++) {
        bytes[i] = bits[(from + i) / 8] >> ((from + i) % 8) & 1;
        zeros -= bytes[i];
    }
    return zeros;
}

#endif
