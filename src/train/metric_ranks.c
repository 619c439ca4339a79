// SPDX-License-Identifier: GPL-3.0-or-later
//
// Ranking. Items of equal score form a block whose order is chance: each figure is its exact mean
// over every order of the block, which is what McSherry and Najork derive in "Computing
// Information Retrieval Performance Measures Efficiently in the Presence of Tied Scores" (ECIR
// 2008). The luckiest and unluckiest orders are blocks of wanted items alone, first or last.
#include "train/metric-private.h"

#include <math.h>

typedef struct {
    uint32_t above;  // candidates with greater scores
    uint32_t size;   // candidates of this score
    uint32_t wanted; // of them, the wanted ones
} Block;

typedef struct {
    const Block *blocks; // those with wanted items, best first
    uint32_t n_blocks;
    uint32_t n_wanted; // in all blocks
    uint32_t k;
} Query;

// Of a query with at least one wanted item.
typedef double QueryFigure(const Query *query);

// How many places of a block are among the first k.
static uint32_t
places_within(const Block *block, uint32_t k)
{
    return block->above >= k ? 0 : MIN(block->size, k - block->above);
}

// ---- the figures of a query ----------------------------------------------------------------

// The expected number of wanted items among the first k.
static double
hits(const Query *query)
{
    double sum = 0;
    for (uint32_t b = 0; b < query->n_blocks; b++) {
        const Block *block = &query->blocks[b];
        sum += (double)block->wanted * places_within(block, query->k) / block->size;
    }
    return sum;
}

static double
query_recall(const Query *query)
{
    return hits(query) / query->n_wanted;
}

static double
query_precision(const Query *query)
{
    return hits(query) / query->k;
}

// The best block decides: none of its wanted items is among j of its places with probability
// C(size - wanted, j) / C(size, j).
static double
query_hit_rate(const Query *query)
{
    const Block *block = &query->blocks[0];
    uint32_t j = places_within(block, query->k);
    double none = 1;
    for (uint32_t i = 0; i < j && none > 0; i++) {
        double others = (double)block->size - block->wanted - i;
        none *= MAX(others, 0) / (double)(block->size - i);
    }
    return 1 - none;
}

// Gains of 1, discounts of 1 / log2(rank + 1) (Järvelin and Kekäläinen, "Cumulated gain-based
// evaluation of IR techniques", TOIS 2002), by that of the best list of k.
static double
query_ndcg(const Query *query)
{
    double gain = 0;
    double ideal = 0;
    for (uint32_t b = 0; b < query->n_blocks; b++) {
        const Block *block = &query->blocks[b];
        double discounts = 0;
        for (uint32_t i = 1; i <= places_within(block, query->k); i++)
            discounts += 1 / log2((double)block->above + i + 1);
        gain += discounts * block->wanted / block->size;
    }
    for (uint32_t rank = 1; rank <= MIN(query->n_wanted, query->k); rank++)
        ideal += 1 / log2((double)rank + 1);
    return gain / ideal;
}

// The first wanted item stands at place i of the best block when none stood before it.
static double
query_mrr(const Query *query)
{
    const Block *block = &query->blocks[0];
    double none_before = 1;
    double sum = 0;
    for (uint32_t i = 1; i <= places_within(block, query->k) && none_before > 0; i++) {
        double here = (double)block->wanted / ((double)block->size - i + 1);
        sum += none_before * MIN(here, 1) / ((double)block->above + i);
        none_before *= MAX(1 - here, 0);
    }
    return sum;
}

// Precision at each place that holds a wanted item, over min(wanted, k). Given one at place i of
// a block, each of the i - 1 before it is one with probability (wanted - 1) / (size - 1).
static double
query_map(const Query *query)
{
    double sum = 0;
    uint32_t before = 0; // wanted items in better blocks
    for (uint32_t b = 0; b < query->n_blocks; b++) {
        const Block *block = &query->blocks[b];
        double density = block->size > 1 ? (block->wanted - 1.0) / (block->size - 1.0) : 0;
        for (uint32_t i = 1; i <= places_within(block, query->k); i++)
            sum += (double)block->wanted / block->size * (before + 1 + (i - 1) * density) /
                   ((double)block->above + i);
        before += block->wanted;
    }
    return sum / MIN(query->n_wanted, query->k);
}

// ---- their mean ----------------------------------------------------------------------------

static int
compare_counts(const void *a, const void *b)
{
    uint32_t x = ((const RkRankCounts *)a)->greater;
    uint32_t y = ((const RkRankCounts *)b)->greater;
    return (x > y) - (x < y);
}

// Wanted items with as many candidates above them have the same score. They lead or close their
// block in the order that ties ask for.
static uint32_t
make_blocks(RkRankCounts *ranks, uint32_t n, RkTies ties, Block *blocks)
{
    uint32_t n_blocks = 0;
    qsort(ranks, n, sizeof *ranks, compare_counts);
    for (uint32_t i = 0, end = 0; i < n; i = end) {
        while (end < n && ranks[end].greater == ranks[i].greater)
            end++;
        Block block = {ranks[i].greater, ranks[i].equal + 1, end - i};
        block.size = MAX(block.size, block.wanted);
        if (ties == RK_TIES_PESSIMISTIC)
            block.above += block.size - block.wanted;
        if (ties != RK_TIES_EXPECTED)
            block.size = block.wanted;
        blocks[n_blocks++] = block;
    }
    return n_blocks;
}

static double
mean(const RkAnswers *answers, uint32_t k, QueryFigure *figure)
{
    const RkRankings *r = answers->rankings;
    g_autoptr(GArray) ranks = g_array_new(FALSE, FALSE, sizeof(RkRankCounts));
    g_autoptr(GArray) blocks = g_array_new(FALSE, FALSE, sizeof(Block));
    double sum = 0;
    double n = 0;
    for (uint32_t q = 0, start = 0; q < r->n; start = r->ends[q++]) {
        uint32_t n_wanted = r->ends[q] - start;
        double times = rk_times(answers, q);
        if (n_wanted == 0 || times == 0)
            continue;
        g_array_set_size(ranks, 0);
        g_array_append_vals(ranks, r->ranks + start, n_wanted);
        g_array_set_size(blocks, n_wanted);
        Query query = {(const Block *)(const void *)blocks->data, 0, n_wanted,
                       k > 0 ? k : UINT32_MAX};
        query.n_blocks = make_blocks((RkRankCounts *)(void *)ranks->data, n_wanted, answers->ties,
                                     (Block *)(void *)blocks->data);
        sum += times * figure(&query);
        n += times;
    }
    return sum / n;
}

double
rk_metric_recall_at(const RkAnswers *answers, uint32_t k)
{
    return mean(answers, k, query_recall);
}

double
rk_metric_precision_at(const RkAnswers *answers, uint32_t k)
{
    return mean(answers, k, query_precision);
}

double
rk_metric_hit_rate_at(const RkAnswers *answers, uint32_t k)
{
    return mean(answers, k, query_hit_rate);
}

double
rk_metric_ndcg_at(const RkAnswers *answers, uint32_t k)
{
    return mean(answers, k, query_ndcg);
}

double
rk_metric_mrr_at(const RkAnswers *answers, uint32_t k)
{
    return mean(answers, k, query_mrr);
}

double
rk_metric_map_at(const RkAnswers *answers, uint32_t k)
{
    return mean(answers, k, query_map);
}
