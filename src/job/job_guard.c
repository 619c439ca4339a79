// SPDX-License-Identifier: GPL-3.0-or-later
//
// Sources and sinks of chunks that end with their job.
#include "job/job.h"

static uint64_t
guarded_n_rows(RkChunkSource *source, uint32_t table)
{
    RkChunkSource *inner = ((RkJobSource *)source)->inner;
    return inner->n_rows(inner, table);
}

static RkChunk *
guarded_read(RkChunkSource *source, uint32_t table, uint32_t i, const gboolean *columns,
             GError **error)
{
    const RkJobSource *guard = (RkJobSource *)source;
    return rk_job_check(guard->job, error)
               ? guard->inner->read(guard->inner, table, i, columns, error)
               : NULL;
}

static gboolean
guarded_chunk(RkChunkSink *sink, const RkChunk *chunk, GError **error)
{
    const RkJobSink *guard = (RkJobSink *)sink;
    return rk_job_check(guard->job, error) && guard->inner->chunk(guard->inner, chunk, error);
}

RkJobSource
rk_job_guard_source(const RkJob *job, RkChunkSource *inner)
{
    return (RkJobSource){{inner->schema, guarded_n_rows, guarded_read}, inner, job};
}

RkJobSink
rk_job_guard_sink(const RkJob *job, RkChunkSink *inner)
{
    return (RkJobSink){{guarded_chunk}, inner, job};
}
