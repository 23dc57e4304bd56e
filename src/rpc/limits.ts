/** Bounds on what a caller may make the node do. Reference values: geth's and reth's defaults, tightened where JavaScript is slower. */

export type RpcLimits = {
  /** Bytes of a request body; counted while they arrive. geth: 5 MB. */
  readonly bodyBytesMax: number
  /** Requests in a batch. geth: 1000. */
  readonly batchItemsMax: number
  /** Sum of method costs in a batch: 250 calls, 125 estimates or 100 log queries. */
  readonly batchCostMax: number
  /** Wall clock of a whole batch, in milliseconds; what has not begun by then is refused. */
  readonly batchTimeoutMs: number
  /** Bytes of a response. geth: 25 MB. */
  readonly responseBytesMax: number
  /** Gas of an `eth_call` or an estimate. geth: 50 M. */
  readonly callGasMax: bigint
  /** Wall clock of an `eth_call`, or of a whole estimate, in milliseconds. geth: 5 s. */
  readonly callTimeoutMs: number
  /** Most a caller may ask for as the wall clock of a trace, in milliseconds; a block has as much without asking. */
  readonly traceTimeoutMs: number
  /** Calls and estimates waiting for a free executor. */
  readonly callQueueMax: number
  /** Work one address may ask for in a second, in units of cost: 100 calls, or 2,000 constants. 0: as much as it likes. */
  readonly costPerSecond: number
  /** Blocks in the range of a log query. */
  readonly logBlocksMax: bigint
  /** Logs in an answer. Infura and reth's order of magnitude. */
  readonly logsMax: number
  /** Filters installed over HTTP; the oldest unused one goes first. */
  readonly filtersMax: number
  /** A filter nobody polls for this long is removed, in milliseconds. geth: 5 min. */
  readonly filterTtlMs: number
  /** Time for a request's headers, and for all of it, to arrive, in milliseconds: a connection that trickles is closed. */
  readonly headersTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly connectionsMax: number
  /** Of one address, HTTP and WebSocket together; this machine's own are not counted. */
  readonly connectionsPerAddressMax: number
  /** WebSockets of one address. */
  readonly socketsPerAddressMax: number
  /** Subscriptions of one WebSocket. */
  readonly subscriptionsMax: number
  /** Subscriptions of all WebSockets. */
  readonly subscribersMax: number
  /** A WebSocket client with more than this many unread bytes is disconnected. */
  readonly unreadBytesMax: number
}

export const DEFAULT_LIMITS: RpcLimits = {
  bodyBytesMax: 5 * 1024 * 1024,
  batchItemsMax: 1000,
  batchCostMax: 5000,
  batchTimeoutMs: 20_000,
  responseBytesMax: 25 * 1000 * 1000,
  callGasMax: 50_000_000n,
  callTimeoutMs: 5000,
  traceTimeoutMs: 20_000,
  callQueueMax: 64,
  costPerSecond: 2000,
  logBlocksMax: 10_000n,
  logsMax: 10_000,
  filtersMax: 1000,
  filterTtlMs: 300_000,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  connectionsMax: 500,
  connectionsPerAddressMax: 100,
  socketsPerAddressMax: 50,
  subscriptionsMax: 16,
  subscribersMax: 2000,
  unreadBytesMax: 8 * 1024 * 1024,
}

/** Cost of a method by kind; reliability of the batch limit rests on their order, not on their exact size. */
export const COST = {
  constant: 1,
  read: 2,
  block: 5,
  proof: 10,
  call: 20,
  estimate: 40,
  logs: 50,
  trace: 100,
} as const
