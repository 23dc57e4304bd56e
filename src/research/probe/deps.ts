/** What an experiment speaks to. */
import type { LocalAccount } from 'viem'
import type { RpcEndpoint } from '../../l1/rpcEndpoint.ts'
import type { Hex } from '../../primitives/hex.ts'
import type { PromiseDomain } from '../../promise/domain.ts'
import type { BlobProver } from '../../propose/blobProver.ts'
import type { RpcRequest } from '../../propose/l1Rpc.ts'
import type { RollupSpec } from '../../spec/rollupSpec.ts'

export type ProbeDeps = {
  readonly spec: RollupSpec
  /** The L2 node that is probed: transactions go in here, and so does the money for their senders. */
  readonly l2: RpcRequest
  /** The L2 node whose heads and receipts are looked at. */
  readonly observer: RpcEndpoint
  /** Absent where nothing goes through L1 and no promise is asked for. */
  readonly l1?: RpcRequest
  readonly preconf?: { readonly url: string; readonly domain: PromiseDomain }
  readonly payer: LocalAccount
  readonly payerKey: Hex
  readonly prover: BlobProver
  /** Milliseconds since 1970. */
  readonly now: () => number
}
