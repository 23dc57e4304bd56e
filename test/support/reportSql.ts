/**
 * Every number of a report once more, as plain SQL over the dataset's tables: a second implementation that shares no line with the
 * metrics. Values by id, tables by id with their rows in the report's order where that is fixed, else sorted by the caller.
 */
import { DuckDBDecimalValue } from '@duckdb/node-api'
import { expect } from 'vitest'
import { openDuckDb } from '../../src/research/dataset/duckdb.ts'
import { TABLES } from '../../src/research/dataset/tables.ts'
import type { Report } from '../../src/research/report/reportData.ts'

/** Values of one row; columns by position. */
const distribution = (selects: readonly string[]): string =>
  selects
    .map(
      (
        select,
        at,
      ) => `SELECT ${at} AS place, any_value(name), count(v), count(*) FILTER (v IS NULL AND is_case),
        min(v), quantile_cont(v, 0.5), quantile_cont(v, 0.9), quantile_cont(v, 0.95), quantile_cont(v, 0.99), max(v)
        FROM (${select})`,
    )
    .join(' UNION ALL ')
    .concat(' ORDER BY place')
/** One row that carries the name where no case exists. */
const series = (name: string, value: string, from: string): string =>
  `SELECT '${name}' AS name, (${value})::DOUBLE AS v, true AS is_case FROM ${from} UNION ALL SELECT '${name}', NULL, false`

const END = '(SELECT max(timestamp)::BIGINT FROM l1_blocks)'
const GAPS = `(SELECT t AS start, lead(t) OVER (ORDER BY t) AS next FROM (SELECT DISTINCT timestamp::BIGINT AS t FROM proposals))`
const ALL_GAPS = `(SELECT start, coalesce(next, ${END}) - start AS gap, next IS NULL AS ongoing FROM ${GAPS})`
const THETA = `(SELECT 3 * quantile_cont(next - start, 0.5) FROM ${GAPS} WHERE next IS NOT NULL)`
const DOWNTIME = `(SELECT sum(greatest(0, gap - ${THETA})) FROM ${ALL_GAPS})`
const ENDED = `(SELECT * FROM windows WHERE window_end <= ${END})`
const WHOLE = `(SELECT count(*) = count(window_start) FROM ${ENDED})`
const EXECUTED = '(SELECT * FROM transactions WHERE success IS NOT NULL)'
const JOINED = `(SELECT t.*, b.preconfirmed_at, b.safe_at, b.finalized_at, b.executable_at FROM ${EXECUTED} t
  JOIN l2_blocks b USING (block_number) WHERE first_seen_at IS NOT NULL)`
const UNDONE = `(SELECT DISTINCT block_number::BIGINT AS n FROM preconfirmed_blocks WHERE derived_hash IS NOT NULL AND derived_hash <> block_hash)`
const ANSWERED = `(SELECT count(DISTINCT block_number) FROM preconfirmed_blocks WHERE derived_hash IS NOT NULL)`
const PAIRS = `(SELECT a.first_seen_at::BIGINT AS seen_a, b.first_seen_at::BIGINT AS seen_b,
  a.effective_gas_price - x.base_fee_per_gas AS tip_a, b.effective_gas_price - x.base_fee_per_gas AS tip_b, a.block_number AS n,
  greatest(a.first_seen_at, b.first_seen_at) + 50 <= x.timestamp::BIGINT * 1000 AND a.first_seen_at IS NOT NULL AND b.first_seen_at IS NOT NULL AS waited
  FROM ${EXECUTED} a JOIN ${EXECUTED} b ON a.block_number = b.block_number AND a.transaction_index < b.transaction_index
    AND a.from_address <> b.from_address JOIN l2_blocks x ON x.block_number = a.block_number)`
const SEEN = (pairs: string): string =>
  `(SELECT count(*) FILTER (seen_a < seen_b) AS c, count(*) FILTER (seen_a > seen_b) AS d FROM ${pairs} WHERE abs(seen_a - seen_b) >= 50)`
const PAID = (pairs: string): string =>
  `(SELECT count(*) FILTER (tip_a > tip_b) AS c, count(*) FILTER (tip_a < tip_b) AS d FROM ${pairs})`
const WAITED = `(SELECT * FROM ${PAIRS} WHERE waited)`
const [BY_ARRIVAL, BY_TIP] = [SEEN(PAIRS), PAID(PAIRS)]
const tau = (pairs: string): string =>
  `SELECT CASE WHEN c + d > 0 THEN (c - d)::DOUBLE / (c + d) END FROM ${pairs}`
const REDUNDANT = `(SELECT d.* FROM transactions d WHERE d.success IS NULL AND EXISTS (SELECT 1 FROM transactions e
  WHERE e.success IS NOT NULL AND e.transaction_hash = d.transaction_hash AND e.block_number < d.block_number AND e.proposal_id <> d.proposal_id))`
const SCHEDULED = '(SELECT *, blob_gas_used / 131072 AS blobs FROM l1_blocks WHERE blob_max IS NOT NULL)'
const BATCHES = `(SELECT any_value(l1_execution_fee + l1_blob_fee) AS posting, CASE WHEN count(*) = count(proof_fee) THEN sum(proof_fee) END AS proving,
  sum(transactions) AS n, coalesce(sum(kept), 0) AS fees FROM proposals
  LEFT JOIN (SELECT l1_block_number, proposal_id, sum(tips + shared_base_fee) AS kept FROM l2_blocks GROUP BY ALL) USING (l1_block_number, proposal_id)
  WHERE l1_execution_fee IS NOT NULL AND l1_blob_fee IS NOT NULL GROUP BY l1_transaction_hash)`
const PROMISED =
  '(SELECT block_number::BIGINT AS n, timestamp::BIGINT AS t, preconfirmed_at / 1000 AS heard FROM l2_blocks WHERE preconfirmed_at IS NOT NULL)'
const BLOCK_TIME = `(SELECT quantile_cont(d, 0.5) FROM (SELECT t - lag(t) OVER w AS d, n - lag(n) OVER w AS step FROM ${PROMISED} WINDOW w AS (ORDER BY n)) WHERE step = 1)`
const PROMISE_GAPS = `(SELECT heard - lag(heard) OVER (ORDER BY heard) AS gap FROM ${PROMISED})`
const PROMISE_DOWNTIME = `(SELECT sum(greatest(0, gap - 3 * ${BLOCK_TIME})) FROM ${PROMISE_GAPS})`
/** lowbias32, in two steps and a last one. */
const MIX = [
  'CREATE MACRO mix1(x) AS (xor(x, x >> 16) * 2146121005::UBIGINT) & 4294967295::UBIGINT',
  'CREATE MACRO mix2(x) AS (xor(x, x >> 15) * 2221713035::UBIGINT) & 4294967295::UBIGINT',
  'CREATE MACRO mix3(x) AS xor(x, x >> 16)',
  'CREATE MACRO mix(x) AS mix3(mix2(mix1(x)))',
]
const share = (part: string, whole: string): string =>
  `SELECT CASE WHEN ${whole} > 0 THEN (${part})::DOUBLE / ${whole} END`
const allOrNothing = (column: string): string =>
  `(SELECT CASE WHEN count(*) = count(${column}) THEN coalesce(sum(${column}), 0) END FROM proposers)`

/** Low 64 bits of a word of a log's data; the amounts of these tests are smaller. */
const word = (at: number): string => `('0x' || substr(data, ${3 + 64 * at + 48}, 16))::UBIGINT::BIGINT`
const V2 = "'0xd78ad95fa46c994b6551d0da85fc275fe613ce37657fb8d5e3d130840159d822'"
const SWAPS = `(SELECT l.block_number, l.address AS pool, l.log_index, l.transaction_hash AS hash, t.from_address AS sender, t.to_address AS target,
  ${word(0)} > 0 AS forward, ${word(0)} + ${word(1)} AS paid, ${word(2)} + ${word(3)} AS got
  FROM logs l JOIN ${EXECUTED} t USING (transaction_hash) WHERE l.topic0 = ${V2} AND length(l.data) = 258
    AND (${word(0)} > 0) <> (${word(1)} > 0) AND ${word(2)} + ${word(3)} > 0)`
/** The first victim of each front, and the first back after it. */
const SANDWICHES = `(WITH s AS ${SWAPS},
  v AS (SELECT f.*, v.log_index AS victim_at, v.hash AS victim, v.target AS victim_target FROM s f JOIN s v ON v.block_number = f.block_number AND v.pool = f.pool
    AND v.log_index > f.log_index AND v.hash <> f.hash AND v.sender <> f.sender AND v.forward = f.forward
    QUALIFY row_number() OVER (PARTITION BY f.block_number, f.log_index ORDER BY v.log_index) = 1),
  b AS (SELECT v.*, k.hash AS back, k.sender AS back_sender, k.paid AS back_paid, k.got AS back_got FROM v JOIN s k ON k.block_number = v.block_number AND k.pool = v.pool
    AND k.log_index > v.victim_at AND k.hash NOT IN (v.hash, v.victim) AND k.forward <> v.forward
    AND (k.sender = v.sender OR (k.target = v.target AND v.target <> ''))
    QUALIFY row_number() OVER (PARTITION BY v.block_number, v.log_index ORDER BY k.log_index) = 1)
  SELECT b.*, abs(back_paid - got) * 100 <= got AS strict, CASE
    WHEN sender <> back_sender AND target = victim_target THEN 'a router everyone uses'
    WHEN (SELECT count(*) FROM s WHERE s.block_number = b.block_number AND s.pool = b.pool AND s.sender = b.sender) > 2 THEN 'swaps more than twice'
    WHEN back_got < paid THEN 'gets back less than it put in' END AS filter FROM b)`

const ENOUGH = `(SELECT min(start) <= ${END} - 59 * 86400 AS ok FROM ${ALL_GAPS} WHERE start >= ${END} - 60 * 86400)`
const ANOMALIES = `(WITH g AS (SELECT * FROM ${ALL_GAPS} WHERE start >= ${END} - 60 * 86400),
    z AS (SELECT g.start, g.gap, g.ongoing, (SELECT avg(o.gap) FROM g o WHERE o.start >= g.start - g.start % 60 - 30 * 86400 AND o.start < g.start - g.start % 60) AS mean,
      (SELECT CASE WHEN count(*) > 1 THEN stddev_pop(o.gap) END FROM g o WHERE o.start >= g.start - g.start % 60 - 30 * 86400 AND o.start < g.start - g.start % 60) AS sigma FROM g)
    SELECT * FROM z WHERE start >= ${END} - 30 * 86400 AND gap > mean AND (sigma = 0 OR (gap - mean) / sigma >= 15))`

export const VALUE_SQL: Readonly<Record<string, string>> = {
  proposers: 'SELECT count(*) FROM proposers WHERE proposals > 0',
  'nakamoto-half': `SELECT min(k) FROM (SELECT row_number() OVER w AS k, sum(proposals) OVER w AS reached, sum(proposals) OVER () AS total
    FROM proposers WHERE proposals > 0 WINDOW w AS (ORDER BY proposals DESC, proposer ROWS UNBOUNDED PRECEDING)) WHERE 2 * reached > total`,
  'max-share': 'SELECT max(proposals) / sum(proposals) FROM proposers',
  'range-length': 'SELECT max(timestamp)::BIGINT - min(timestamp)::BIGINT FROM l1_blocks',
  'cost-per-transaction-proven': `SELECT CASE WHEN sum(n) > 0 THEN sum(posting + proving)::HUGEINT // sum(n)::HUGEINT END FROM ${BATCHES} WHERE proving IS NOT NULL`,
  fees: 'SELECT sum(fees) FROM proposers',
  cost: `SELECT ${allOrNothing('cost')}`,
  'cost-per-transaction': `SELECT CASE WHEN (SELECT sum(transactions) FROM proposers) > 0 THEN ${allOrNothing('cost')}::HUGEINT // (SELECT sum(transactions)::HUGEINT FROM proposers) END`,
  'unposted-age': `SELECT ${END} - max(timestamp) FROM proposals`,
  'downtime-threshold': `SELECT ${THETA}`,
  downtime: `SELECT ${DOWNTIME}`,
  uptime: `SELECT 1 - ${DOWNTIME} / (${END} - (SELECT min(timestamp) FROM proposals))`,
  'anomaly-downtime': `SELECT CASE WHEN (SELECT ok FROM ${ENOUGH}) THEN coalesce(sum(gap - mean - 15 * sigma), 0) END FROM ${ANOMALIES}`,
  'anomaly-uptime': `SELECT CASE WHEN (SELECT ok FROM ${ENOUGH}) THEN 1 - coalesce(sum(gap - mean - 15 * sigma), 0) / 2592000 END FROM ${ANOMALIES}`,
  'expected-block-time': `SELECT ${BLOCK_TIME}`,
  'longest-preconfirmation-gap': `SELECT max(gap) FROM ${PROMISE_GAPS}`,
  'preconfirmation-downtime': `SELECT ${PROMISE_DOWNTIME}`,
  'preconfirmation-uptime': `SELECT 1 - ${PROMISE_DOWNTIME} / (max(heard) - min(heard)) FROM ${PROMISED}`,
  'missed-window-rate': share(
    `SELECT count(*) FROM ${ENDED} WHERE outcome = 'missed'`,
    `(SELECT CASE WHEN count(*) = count(window_start) THEN count(*) END FROM ${ENDED})`,
  ),
  'empty-window-rate': share(
    `SELECT count(*) FROM ${ENDED} WHERE outcome = 'empty'`,
    `(SELECT count(*) FROM ${ENDED})`,
  ),
  'empty-block-rate': share(
    'SELECT count(*) FROM l2_blocks WHERE transactions = 0',
    '(SELECT count(*) FROM l2_blocks)',
  ),
  'l1-missed-slot-rate': 'SELECT sum(missed_slots) / (count(*) + sum(missed_slots)) FROM l1_blocks',
  'forced-included': "SELECT count(*) FROM forced_inclusions WHERE outcome = 'included'",
  'forced-pending': "SELECT count(*) FROM forced_inclusions WHERE outcome = 'pending'",
  'forced-voided': "SELECT count(*) FROM forced_inclusions WHERE outcome = 'voided'",
  'forced-overdue': `SELECT count(*) FROM forced_inclusions WHERE (outcome = 'included' AND included_at > due_at) OR (outcome = 'pending' AND due_at < ${END})`,
  'kept-rate': share(
    "SELECT count(*) FROM promises WHERE outcome = 'kept'",
    "(SELECT count(*) FROM promises WHERE outcome IN ('kept', 'broken'))",
  ),
  equivocations:
    'SELECT count(*) FROM (SELECT 1 FROM preconfirmed_blocks GROUP BY block_number, window_end HAVING count(DISTINCT block_hash) > 1)',
  'preconfirmed-reorg-rate': share(`SELECT 10000 * count(*) FROM ${UNDONE}`, ANSWERED),
  'preconfirmed-reorg-depth': `SELECT CASE WHEN ${ANSWERED} > 0 THEN coalesce(max(depth), 0) END FROM (SELECT count(*) AS depth FROM
    (SELECT n - row_number() OVER (ORDER BY n) AS island FROM ${UNDONE}) GROUP BY island)`,
  'handover-gap': `SELECT max(timestamp::BIGINT - before) FROM (SELECT timestamp, proposer, lag(timestamp::BIGINT) OVER w AS before, lag(proposer) OVER w AS former
    FROM l2_blocks WINDOW w AS (ORDER BY block_number)) WHERE former <> proposer`,
  'blob-fill': share(
    'SELECT sum(payload_bytes) FROM sources WHERE payload_bytes IS NOT NULL',
    '(SELECT sum(blobs) * 130044 FROM sources WHERE payload_bytes IS NOT NULL)',
  ),
  'compression-ratio': share(
    'SELECT sum(payload_length) FROM transactions',
    '(SELECT sum(blobs) * 131072 FROM sources WHERE payload_bytes IS NOT NULL)',
  ),
  redundancy: share(`SELECT count(*) FROM ${REDUNDANT}`, '(SELECT count(*) FROM transactions)'),
  'blobs-per-l1-block': 'SELECT avg(blob_gas_used / 131072) FROM l1_blocks',
  'blobs-over-target': `SELECT sum(blobs) / sum(blob_target) FROM ${SCHEDULED}`,
  'blobs-over-maximum': `SELECT sum(blobs) / sum(blob_max) FROM ${SCHEDULED}`,
  'revert-rate': share(
    `SELECT count(*) FROM ${EXECUTED} WHERE NOT success`,
    `(SELECT count(*) FROM ${EXECUTED})`,
  ),
  'revert-gas-rate': share(
    `SELECT coalesce(sum(gas_used), 0) FROM ${EXECUTED} WHERE NOT success`,
    `(SELECT sum(gas_used) FROM ${EXECUTED})`,
  ),
  'kendall-arrival': tau(BY_ARRIVAL),
  'kendall-tip': tau(BY_TIP),
  'sandwich-candidates': `SELECT count(*) FROM ${SANDWICHES}`,
  'sandwich-unfiltered': `SELECT count(*) FROM ${SANDWICHES} WHERE filter IS NULL`,
  'sandwich-strict': `SELECT count(*) FROM ${SANDWICHES} WHERE filter IS NULL AND strict`,
  geography: 'SELECT nullif(count(DISTINCT country), 0) FROM proposers',
  hosting: 'SELECT nullif(count(DISTINCT host), 0) FROM proposers',
  'labelled-share': share(
    'SELECT sum(proposals) FROM proposers WHERE label IS NOT NULL',
    '(SELECT sum(proposals) FROM proposers)',
  ),
}

const concentrationOf = (measure: string, by: string): string => {
  const entities = `(SELECT sum(${measure})::HUGEINT AS x FROM proposers GROUP BY ${by === 'address' ? 'proposer' : 'coalesce(label, proposer)'} HAVING sum(${measure}) > 0)`
  const ranked = `(SELECT x, row_number() OVER (ORDER BY x DESC) AS k, sum(x) OVER (ORDER BY x DESC ROWS UNBOUNDED PRECEDING) AS reached, sum(x) OVER () AS total,
    count(*) OVER () AS n, x::DOUBLE / sum(x) OVER () AS s, avg(x) OVER () AS mean FROM ${entities})`
  const nakamoto = (numerator: number, denominator: number, strict: boolean) =>
    `min(k) FILTER (reached * ${denominator} ${strict ? '>' : '>='} total * ${numerator})`
  const known = `(SELECT count(*) = count(${measure}) FROM proposers)`
  const columns = [
    'count(*)',
    'max(s)',
    ...[
      [1, 3],
      [1, 2],
      [2, 3],
    ].flatMap(([a, b]) => [nakamoto(a!, b!, true), nakamoto(a!, b!, false)]),
    'coalesce(sum((100 * s) * (100 * s)), 0)',
    '10000 / sum((100 * s) * (100 * s))',
    'sum((n + 1 - 2 * k) * x)::DOUBLE / (any_value(n) * sum(x))',
    'coalesce(-sum(s * log2(s)), 0)',
    '-log2(sum(s * s))',
    '-log2(max(s))',
    'avg((x / mean) * ln(x / mean))',
  ].map((column) => `CASE WHEN ${known} THEN ${column} END`)
  return `SELECT '${measure}', '${by}', ${columns.join(', ')} FROM ${ranked}`
}

const strictNakamoto = (counts: string, a: number, b: number): string =>
  `SELECT seed, min(k) AS coefficient FROM (SELECT seed, row_number() OVER w AS k, sum(x) OVER w AS reached, sum(x) OVER (PARTITION BY seed) AS total
    FROM ${counts} WINDOW w AS (PARTITION BY seed ORDER BY x DESC, entity ROWS UNBOUNDED PRECEDING)) WHERE reached * ${b} > total * ${a} GROUP BY seed`
const bootstrapOf = (at: number, by: string, name: string, a: number, b: number): string => {
  const placed = `(SELECT ${by === 'address' ? 'proposer' : 'coalesce(label, proposer)'} AS entity, (row_number() OVER (ORDER BY l1_block_number, l1_log_index) - 1)::UBIGINT AS i,
    count(*) OVER () AS n FROM proposals LEFT JOIN (SELECT proposer, label FROM proposers) USING (proposer))`
  const drawn = `(SELECT seed, ((mix(xor(mix(seed::UBIGINT), mix(i))) * n::UBIGINT) >> 32) AS i FROM ${placed}, range(1, 201) seeds(seed))`
  const samples = strictNakamoto(
    `(SELECT seed, entity, count(*) AS x FROM ${drawn} JOIN ${placed} USING (i) GROUP BY ALL)`,
    a,
    b,
  )
  const itself = strictNakamoto(
    `(SELECT 0 AS seed, entity, count(*) AS x FROM ${placed} GROUP BY entity)`,
    a,
    b,
  )
  return `SELECT ${at} AS place, '${by}', '${name}', (SELECT any_value(coefficient) FROM (${itself})), quantile_cont(coefficient, 0.025), quantile_cont(coefficient, 0.975) FROM (${samples})`
}

const WILSON = (c: string, n: string): string =>
  `(${c} / ${n} + 1.959963984540054 ^ 2 / (2 * ${n})) / (1 + 1.959963984540054 ^ 2 / ${n})`
const SPREAD = (c: string, n: string): string =>
  `1.959963984540054 * sqrt((${c} / ${n}) * (1 - ${c} / ${n}) / ${n} + 1.959963984540054 ^ 2 / (4 * ${n} ^ 2)) / (1 + 1.959963984540054 ^ 2 / ${n})`
const biasOf = (at: number, order: string, pairs: string): string =>
  `SELECT ${at} AS place, '${order}', n::BIGINT, c::BIGINT, c / n, ${WILSON('c', 'n')} - ${SPREAD('c', 'n')}, ${WILSON('c', 'n')} + ${SPREAD('c', 'n')}
   FROM (SELECT c::DOUBLE AS c, CASE WHEN c + d > 0 THEN (c + d)::DOUBLE END AS n FROM ${pairs})`

const OUTCOMES = (of: string, names: readonly string[]): string =>
  names.map((name) => `count(*) FILTER (outcome = '${name}')`).join(', ') + of

/** Tables whose first selected column is only for order drop it. */
export const TABLE_SQL: Readonly<Record<string, string>> = {
  concentration: ['proposals', 'blocks', 'gas_used', 'fees', 'stake']
    .flatMap((measure) => ['address', 'operator'].map((by) => concentrationOf(measure, by)))
    .map((select, at) => `SELECT ${at} AS place, * FROM (${select})`)
    .join(' UNION ALL ')
    .concat(' ORDER BY place'),
  'proposer-economics': `SELECT 0 AS place, proposer, label, proposals, blocks, transactions, fees, cost, fees - cost,
    CASE WHEN transactions > 0 THEN cost::HUGEINT // transactions END FROM proposers ORDER BY proposer`,
  'posting-gap-statistics': [
    ['30 days', 30],
    ['90 days', 90],
    ['all', 20_000],
  ]
    .map(
      (
        [name, days],
        at,
      ) => `SELECT ${at} AS place, '${name}', count(*), ceil(sum(next - start) / count(*))::BIGINT, min(next - start), max(next - start)
        FROM ${GAPS} WHERE next IS NOT NULL AND start > ${END} - ${days} * 86400`,
    )
    .join(' UNION ALL ')
    .concat(' ORDER BY place'),
  'posting-gap-series': `SELECT 0 AS place, start, gap, ongoing FROM ${ALL_GAPS} ORDER BY start`,
  'windows-by-proposer': `SELECT min(window_end) AS place, proposer, count(*), ${OUTCOMES('', ['proposed', 'empty'])},
    CASE WHEN ${WHOLE} THEN count(*) FILTER (outcome = 'missed') END, CASE WHEN ${WHOLE} THEN count(*) FILTER (outcome = 'missed') / count(*) END FROM ${ENDED} GROUP BY proposer ORDER BY place`,
  'inclusion-delay': distribution([
    series('own RPC to preconfirmed', '(preconfirmed_at::BIGINT - first_seen_at::BIGINT) / 1000', JOINED),
    series('own RPC to safe', '(safe_at::BIGINT * 1000 - first_seen_at::BIGINT) / 1000', JOINED),
    series('own RPC to finalized', '(finalized_at::BIGINT * 1000 - first_seen_at::BIGINT) / 1000', JOINED),
    series('own RPC to executable', '(executable_at::BIGINT * 1000 - first_seen_at::BIGINT) / 1000', JOINED),
    series(
      'preconfirmation request to promise',
      '(answered_at::BIGINT - requested_at::BIGINT) / 1000',
      '(SELECT * FROM promises WHERE is_ours AND transaction_hash IS NOT NULL)',
    ),
    series(
      'forced inclusion to safe',
      'included_at::BIGINT - saved_at::BIGINT',
      "(SELECT * FROM forced_inclusions WHERE outcome <> 'voided')",
    ),
  ]),
  'forced-delay': distribution([
    series(
      'seconds',
      'included_at::BIGINT - saved_at::BIGINT',
      "(SELECT * FROM forced_inclusions WHERE outcome <> 'voided')",
    ),
  ]),
  'forced-delay-blocks': distribution([
    series(
      'L1 blocks',
      'included_in_block::BIGINT - saved_in_block::BIGINT',
      "(SELECT * FROM forced_inclusions WHERE outcome = 'pending' OR (outcome = 'included' AND saved_in_block IS NOT NULL))",
    ),
  ]),
  'promises-by-signer': `SELECT min(slot) AS place, signer, count(*), ${OUTCOMES('', ['kept', 'broken', 'expired', 'pending'])},
    count(*) FILTER (outcome = 'kept') / nullif(count(*) FILTER (outcome IN ('kept', 'broken')), 0) FROM promises GROUP BY signer ORDER BY signer`,
  'clock-lags': distribution([
    series('timestamp to preconfirmed', 'preconfirmed_at::BIGINT / 1000 - timestamp', 'l2_blocks'),
    series('timestamp to safe', 'safe_at::BIGINT - timestamp::BIGINT', 'l2_blocks'),
    series('safe to finalized', 'finalized_at::BIGINT - safe_at::BIGINT', 'l2_blocks'),
    series('safe to executable', 'executable_at::BIGINT - safe_at::BIGINT', 'l2_blocks'),
    series('withdrawal time', 'executable_at::BIGINT - timestamp::BIGINT', 'l2_blocks'),
  ]),
  'redundancy-by-proposal': `SELECT 0 AS place, r.proposal_id, any_value(l.n), count(*), count(*) / any_value(l.n)
    FROM ${REDUNDANT} r JOIN (SELECT proposal_id, count(*) AS n FROM transactions GROUP BY proposal_id) l USING (proposal_id) GROUP BY r.proposal_id ORDER BY r.proposal_id`,
  'reverts-by-position': `WITH placed AS (SELECT success, 1 + (10 * (row_number() OVER (PARTITION BY block_number ORDER BY transaction_index) - 1)) // count(*) OVER (PARTITION BY block_number) AS decile FROM ${EXECUTED})
    SELECT 0 AS place, d, count(success), count(*) FILTER (NOT success), count(*) FILTER (NOT success) / nullif(count(success), 0) FROM range(1, 11) r(d) LEFT JOIN placed ON decile = d GROUP BY d ORDER BY d`,
  'ordering-bias': [
    biasOf(0, 'first seen', BY_ARRIVAL),
    biasOf(1, 'first seen, both waiting', SEEN(WAITED)),
    biasOf(2, 'priority fee', BY_TIP),
    biasOf(3, 'priority fee, both waiting', PAID(WAITED)),
  ]
    .join(' UNION ALL ')
    .concat(' ORDER BY place'),
  'sandwich-candidates': `SELECT 0 AS place, block_number, pool, hash, victim, back, strict, filter FROM ${SANDWICHES} ORDER BY block_number, log_index`,
  'posting-anomalies': `SELECT 0 AS place, start, gap, CASE WHEN sigma > 0 THEN ((gap - mean) / sigma)::VARCHAR ELSE 'infinite' END, ongoing
    FROM ${ANOMALIES}, ${ENOUGH} WHERE ok ORDER BY start DESC`,
  'nakamoto-bootstrap': ['address', 'operator']
    .flatMap((by, first) =>
      [
        ['1/3', 1, 3],
        ['1/2', 1, 2],
        ['2/3', 2, 3],
      ].map(([name, a, b], second) =>
        bootstrapOf(3 * first + second, by, String(name), Number(a), Number(b)),
      ),
    )
    .join(' UNION ALL ')
    .concat(' ORDER BY place'),
  'batch-economics': distribution([
    series('cost per transaction', 'posting / n', `(SELECT * FROM ${BATCHES} WHERE n > 0)`),
    series(
      'cost per transaction with proving',
      '(posting + proving) / n',
      `(SELECT * FROM ${BATCHES} WHERE n > 0)`,
    ),
    series('profit', 'fees - posting - proving', BATCHES),
  ]),
  'blobs-of-blocks': distribution([
    series('target', 'blobs / blob_target', SCHEDULED),
    series('maximum', 'blobs / blob_max', SCHEDULED),
  ]),
  'kendall-by-block': distribution(
    [
      ['first seen', 'abs(seen_a - seen_b) >= 50', 'seen_a < seen_b', 'seen_a > seen_b'],
      ['priority fee', 'true', 'tip_a > tip_b', 'tip_a < tip_b'],
    ].map(([name, tells, c, d]) =>
      series(
        String(name),
        '(c - d) / nullif(c + d, 0)',
        `(SELECT count(*) FILTER (${tells} AND ${c}) AS c, count(*) FILTER (${tells} AND ${d}) AS d
          FROM (SELECT DISTINCT block_number AS n FROM ${EXECUTED}) LEFT JOIN ${PAIRS} USING (n) GROUP BY n)`,
      ),
    ),
  ),
  places: ['country', 'host']
    .map(
      (
        kind,
        at,
      ) => `SELECT ${at} AS place, '${kind}' AS kind, ${kind} AS name, count(*), sum(proposals), sum(proposals) / (SELECT sum(proposals) FROM proposers)
        FROM proposers WHERE ${kind} IS NOT NULL GROUP BY ${kind}`,
    )
    .join(' UNION ALL ')
    .concat(' ORDER BY place, name'),
}

const CLOSE = 1e-9

/** Compares every value and every table of a report with the SQL; returns the values that were compared. */
export async function expectSameBySql(report: Report, parquet: string) {
  const { connection, close } = await openDuckDb()
  try {
    for (const { name } of TABLES)
      await connection.run(
        `CREATE VIEW "${name}" AS SELECT * FROM read_parquet('${parquet.replace('*', `*__${name}__*`)}')`,
      )
    for (const macro of MIX) await connection.run(macro)
    const ask = async (sql: string) =>
      (await connection.runAndReadAll(sql)).getRows().map((row) => row.map(plain))
    const values = report.sections.flatMap((section) => section.values)
    for (const { id, value } of values) {
      const sql = VALUE_SQL[id]
      if (sql === undefined) throw new Error(`no SQL for value ${id}`)
      expectCell(plain(value), (await ask(sql))[0]![0]!, id)
    }
    for (const { id, columns, rows } of report.sections.flatMap((section) => section.tables)) {
      const sql = TABLE_SQL[id]
      if (sql === undefined) throw new Error(`no SQL for table ${id}`)
      const theirs = (await ask(sql)).map((row) => row.slice(1))
      const key = ({ 0: a, 1: b }: readonly unknown[]) => `${a} ${b}`
      const [left, right] = SORTED.has(id)
        ? [[...rows].sort(by(key)), [...theirs].sort(by(key))]
        : [rows, theirs]
      expect(right.length, `rows of ${id}`).toBe(left.length)
      for (const [at, row] of left.entries())
        for (const [index, cell] of row.entries())
          expectCell(plain(cell), right[at]![index] ?? null, `${id}, row ${at}, ${columns[index]!.name}`)
    }
    return values
  } finally {
    close()
  }
}

/** Tables whose rows come by first appearance. */
const SORTED = new Set([
  'windows-by-proposer',
  'promises-by-signer',
  'redundancy-by-proposal',
  'sandwich-candidates',
])

const by =
  (key: (row: readonly unknown[]) => string) =>
  (a: readonly unknown[], b: readonly unknown[]): number =>
    key(a) < key(b) ? -1 : 1

function plain(value: unknown): number | string | boolean | null {
  if (value instanceof DuckDBDecimalValue) return plain(value.value.toString())
  if (typeof value === 'bigint') return plain(value.toString())
  if (typeof value === 'string' && /^-?\d+(\.\d+)?(e[+-]?\d+)?$/.test(value)) return Number(value)
  return (value ?? null) as number | string | boolean | null
}

function expectCell(ours: ReturnType<typeof plain>, theirs: ReturnType<typeof plain>, what: string): void {
  if (typeof ours === 'number' && typeof theirs === 'number')
    expect(Math.abs(ours - theirs), `${what}: ${ours}, by SQL ${theirs}`).toBeLessThanOrEqual(
      CLOSE * Math.max(1, Math.abs(theirs)),
    )
  else expect(theirs, what).toBe(ours)
}
