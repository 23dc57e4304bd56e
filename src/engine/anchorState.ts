/** What derivation needs to know of the parent's state: where the anchor contract stands. taiko.md §2.7, §3.2, §3.3. */
import { bytesToBigint, concatBytes, toWord } from '../primitives/bytes.ts'
import { CriticalError } from '../primitives/errors.ts'
import type { BlockHeader } from '../primitives/header.ts'
import { type Hex, hexToBytes } from '../primitives/hex.ts'
import { GOLDEN_TOUCH_ADDRESS } from '../protocol/goldenTouch.ts'
import type { RollupSpec } from '../spec/rollupSpec.ts'
import type { AncestorHashes, Engine } from './engine.ts'
import type { StateSource } from './state/source.ts'

/** First four bytes of keccak256("getBlockState()"). */
const GET_BLOCK_STATE = hexToBytes('0x0f439bd9')
/** First four bytes of keccak256("getBasefee(uint64,uint32)"). */
const GET_BASE_FEE = hexToBytes('0xa7e022d1')
/** Storage slot 253 of the anchor contract of Ontake and Pacaya: parent gas excess, timestamp and gas target. */
const FEE_SLOT: Hex = `0x${253n.toString(16).padStart(64, '0')}`
const WORD_BYTES = 32

/**
 * Newest L1 block the chain has been told about (Shasta): the first word of the anchor contract's block state.
 * Throws a CriticalError when the contract does not answer, since nothing may be derived on top of such a state.
 */
export function readAnchorBlockNumber(input: AnchorQuestion): Promise<bigint> {
  return askAnchor(input, GET_BLOCK_STATE, 'block state')
}

/**
 * Wei per gas of the block after `header` (before Ontake, D-53). The contract is asked, as the reference driver does, and not
 * computed after: Mainnet and Hekla changed it while the fork ran. Throws a CriticalError when it does not answer.
 */
export function readContractBaseFee(
  input: AnchorQuestion & {
    /** L1 block the next block is anchored to. */
    readonly anchorBlockNumber: bigint
  },
): Promise<bigint> {
  const data = concatBytes(GET_BASE_FEE, toWord(input.anchorBlockNumber), toWord(input.header.gasUsed))
  return askAnchor(input, data, 'base fee')
}

/** Asked of the anchor contract in the state after `header`. */
type AnchorQuestion = {
  readonly spec: RollupSpec
  readonly engine: Pick<Engine, 'call'>
  readonly state: StateSource
  /** Of the block after which `state` is. */
  readonly header: BlockHeader
  readonly ancestorHash: AncestorHashes
}

/** The first word of the answer. */
async function askAnchor(input: AnchorQuestion, data: Uint8Array, what: string): Promise<bigint> {
  const { spec, engine, state, header, ancestorHash } = input
  // From the contract itself: a witness is sure to hold that account, and the default caller it may lack.
  const request = { from: spec.l2.anchor, to: spec.l2.anchor, data }
  const { succeeded, returnData } = await engine.call({ request, header, state, ancestorHash })
  if (!succeeded || returnData.length < WORD_BYTES)
    throw new CriticalError(
      `the anchor contract ${spec.l2.anchor} did not tell its ${what} after L2 block ${header.number}; check that the genesis is the one of ${spec.name}`,
    )
  return bytesToBigint(returnData.subarray(0, WORD_BYTES))
}

/** Nonce of the golden-touch account; 0 before its first transaction. */
export async function readAnchorNonce(state: StateSource): Promise<bigint> {
  return (await state.account(GOLDEN_TOUCH_ADDRESS))?.nonce ?? 0n
}

/** The word of the older base-fee curve (Ontake, Pacaya). */
export async function readFeeSlot(spec: RollupSpec, state: StateSource): Promise<bigint> {
  return bytesToBigint(await state.storage(spec.l2.anchor, FEE_SLOT))
}
