/** Every metric of the node, declared in one place: base units, `_total` for counters, few label values. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

export type Metrics = ReturnType<typeof createMetrics>

const RPC_SECONDS = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 5, 20]
const BLOCK_SECONDS = [0.002, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30]
const REORG_BLOCKS = [1, 2, 3, 5, 8, 16, 32, 64, 128]

export function createMetrics(build: { readonly version: string; readonly commit: string }) {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const registers = [registry]
  const gauge = <L extends string = never>(name: string, help: string, labelNames: readonly L[] = []) =>
    new Gauge<L>({ name: `plumbline_${name}`, help, labelNames, registers })
  const counter = <L extends string = never>(name: string, help: string, labelNames: readonly L[] = []) =>
    new Counter<L>({ name: `plumbline_${name}`, help, labelNames, registers })
  const histogram = <L extends string = never>(
    name: string,
    help: string,
    buckets: number[],
    labelNames: readonly L[] = [],
  ) => new Histogram<L>({ name: `plumbline_${name}`, help, buckets, labelNames, registers })

  const metrics = {
    up: gauge('up', '1 while the node runs'),
    buildInfo: gauge('build_info', 'version and commit of this build', ['version', 'commit']),
    /** l1: head, safe, finalized, current. l2: preconfirmed, unsafe, safe, finalized, executable. */
    refsNumber: gauge<'layer' | 'type'>('refs_number', 'block number of a head', ['layer', 'type']),
    refsLatencySeconds: gauge<'layer' | 'type'>(
      'refs_latency_seconds',
      'age of a head: now less its timestamp',
      ['layer', 'type'],
    ),
    derivationIdle: gauge('derivation_idle', '1 when derivation has reached the L1 head'),
    pipelineResetsTotal: counter('pipeline_resets_total', 'times derivation was rewound', ['reason']),
    l1ReorgDepth: histogram('l1_reorg_depth', 'L1 blocks taken away by a reorg', REORG_BLOCKS),
    l1MissedSlotsTotal: counter('l1_missed_slots_total', 'L1 slots without a block'),
    l2ReorgDepth: histogram('l2_reorg_depth', 'L2 blocks taken away by a rewind', REORG_BLOCKS),
    derivedBlocksTotal: counter('derived_blocks_total', 'L2 blocks derived'),
    batchesTotal: counter('batches_total', 'sources derived, by whether their content was valid', [
      'validity',
    ]),
    batchPostingGapSeconds: gauge('batch_posting_gap_seconds', 'time between the last two proposals'),
    blobFetchTotal: counter('blob_fetch_total', 'blobs asked for', ['source', 'outcome']),
    l1RpcRequestsTotal: counter('l1_rpc_requests_total', 'requests to L1 providers', [
      'method',
      'endpoint',
      'status',
    ]),
    l1RpcDurationSeconds: histogram('l1_rpc_duration_seconds', 'time of L1 requests', RPC_SECONDS, [
      'method',
      'endpoint',
    ]),
    blockExecutionSeconds: histogram('block_execution_seconds', 'time to execute an L2 block', BLOCK_SECONDS),
    mgasPerSecond: gauge('mgas_per_second', 'million gas a second, last L2 block'),
    forcedInclusionPending: gauge('forced_inclusion_pending', 'forced inclusions waiting in the queue'),
    rpcRequestsTotal: counter('rpc_requests_total', 'requests answered; code 0 is success', [
      'method',
      'code',
    ]),
    rpcDurationSeconds: histogram('rpc_duration_seconds', 'time to answer a request', RPC_SECONDS, [
      'method',
    ]),
  }
  metrics.up.set(1)
  metrics.buildInfo.set({ ...build }, 1)
  return {
    ...metrics,
    contentType: registry.contentType,
    /** The page that Prometheus reads. */
    metrics: () => registry.metrics(),
  }
}
