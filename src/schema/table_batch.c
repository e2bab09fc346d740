#include "schema/table_batch.h"

#include <stdlib.h>

void table_batch_release(struct table_batch *batch)
{
    free(batch->bytes.bytes);
    free(batch->columns);
    *batch = (struct table_batch){ 0 };
}
