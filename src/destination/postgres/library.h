/* libpq, opened at run time: starting up costs nothing, and a user's own version is used. Only calls that libpq has had since Postgres 13. */
#ifndef POSTGRES_LIBRARY_H
#define POSTGRES_LIBRARY_H

#include <libpq-fe.h>

#include "base/error.h"

#define PQ_CALLS(X) \
    X(libVersion) X(connectStartParams) X(connectPoll) X(finish) X(status) X(transactionStatus) X(socket) X(errorMessage) X(serverVersion) \
    X(parameterStatus) X(backendPID) X(setErrorVerbosity) X(setNoticeReceiver) X(connectionNeedsPassword) X(getCancel) X(freeCancel) X(cancel) \
    X(execParams) X(getResult) X(putCopyData) X(putCopyEnd) X(resultStatus) X(resultErrorMessage) X(resultErrorField) X(cmdStatus) X(cmdTuples) \
    X(ntuples) X(nfields) X(nparams) X(getvalue) X(getlength) X(getisnull) X(clear) X(prepare) X(describePrepared) X(sendQueryPrepared) X(setSingleRowMode) \
    X(fname) X(ftype) X(fmod)

/* The calls, by their names without the prefix. */
struct pq_library {
    void *handle;
#define PQ_MEMBER(name) __typeof__(PQ##name) *name;
    PQ_CALLS(PQ_MEMBER)
#undef PQ_MEMBER
};

/* Finds and opens the library. SPILE_DESTINATION with every place searched when there is none. */
enum spile_status pq_library_open(struct pq_library *library, struct spile_error *err);
void pq_library_close(struct pq_library *library);

/* Where it is, and its version. Its file's name tells only half of that, so it is opened. */
enum spile_status pq_library_locate(char *path, char *version, size_t size, struct spile_error *err);

#endif
