/** The header of a simulated block before its calls are known. execution-apis, ethsimulatev1-notes: what is not overridden. */
import { EMPTY_BYTES } from '../../primitives/bytes.ts'
import { type BlockHeader, EMPTY_OMMERS_HASH } from '../../primitives/header.ts'
import { type Hash, ZERO_HASH } from '../../primitives/hex.ts'
import { EMPTY_TRIE_ROOT } from '../../primitives/keccak.ts'
import { BLOOM_BYTES } from '../../primitives/receipt.ts'
import { nextBaseFee as nextRollupBaseFee } from '../../protocol/shasta/baseFee.ts'
import { blobParametersAt, type EthereumFork, isForkActive } from '../../spec/ethereumSpec.ts'
import type { ExecutionSpec } from '../../spec/executionSpec.ts'
import { nextBaseFee as nextEthereumBaseFee } from '../ethereum/baseFee.ts'
import { nextExcessBlobGas } from '../ethereum/blobFee.ts'
import { overrideHeader } from '../overrides.ts'
import { rulesAt } from '../rules/rulesAt.ts'
import type { PlannedBlock } from './plan.ts'

export type ParentBlock = {
  readonly hash: Hash
  readonly header: BlockHeader
  /** Of its parent, in seconds. */
  readonly timestampBefore: bigint
}

const NO_NONCE = new Uint8Array(8)
const NO_BLOOM = new Uint8Array(BLOOM_BYTES)

/** Roots, gas and bloom are those of an empty block. Without validation the base fee is zero, so that nobody needs money to call. */
export function draftHeader(
  execution: ExecutionSpec,
  parent: ParentBlock,
  block: PlannedBlock,
  validates: boolean,
): BlockHeader {
  const { number, timestamp, overrides } = block
  const { fork } = rulesAt(execution, { number, timestamp })
  const { coinbase, gasLimit, difficulty } = parent.header
  const draft: BlockHeader = {
    parentHash: parent.hash,
    ommersHash: EMPTY_OMMERS_HASH,
    coinbase,
    stateRoot: EMPTY_TRIE_ROOT,
    transactionsRoot: EMPTY_TRIE_ROOT,
    receiptsRoot: EMPTY_TRIE_ROOT,
    logsBloom: NO_BLOOM,
    difficulty: isForkActive(fork, 'paris') ? 0n : difficulty,
    number,
    gasLimit,
    gasUsed: 0n,
    timestamp,
    // A rollup's says what share of the base fee the coinbase has.
    extraData: execution.type === 'rollup' ? parent.header.extraData : EMPTY_BYTES,
    mixHash: ZERO_HASH,
    nonce: NO_NONCE,
    ...(isForkActive(fork, 'london') && {
      baseFeePerGas: validates ? nextBaseFee(execution, parent) : 0n,
    }),
    ...blobFields(execution, fork, parent.header, block),
  }
  return { ...overrideHeader(draft, overrides), number, timestamp }
}

function nextBaseFee(execution: ExecutionSpec, { header, timestampBefore }: ParentBlock): bigint {
  if (execution.type === 'ethereum') return nextEthereumBaseFee(header)
  const { number, timestamp, gasLimit, gasUsed, baseFeePerGas = 0n } = header
  return nextRollupBaseFee(
    { number, timestamp, gasLimit, gasUsed, baseFeePerGas, grandparentTimestamp: timestampBefore },
    execution.spec.shasta.baseFeeMin,
  )
}

/** On a rollup fields without content, from Unzen on: it has neither blobs nor a beacon chain (D-91). */
function blobFields(
  execution: ExecutionSpec,
  fork: EthereumFork,
  parent: BlockHeader,
  { timestamp, overrides }: PlannedBlock,
): Partial<BlockHeader> {
  if (!isForkActive(fork, 'cancun')) return {}
  const blobs = execution.type === 'ethereum' ? blobParametersAt(execution.spec, timestamp) : undefined
  return {
    excessBlobGas: blobs ? nextExcessBlobGas(parent, blobs, isForkActive(fork, 'osaka')) : 0n,
    parentBeaconBlockRoot: overrides.beaconRoot ?? ZERO_HASH,
  }
}
