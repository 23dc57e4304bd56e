/** Questions to a lookahead schedule on this L1, and who should own a slot by a reading of the rule that is not the contract's. */
import { decodeFunctionResult, encodeFunctionData } from 'viem'
import type { Address, Hash, Hex } from '../../../src/primitives/hex.ts'
import { readArtifact } from '../contracts/artifacts.ts'
import type { PosL1 } from './startPosL1.ts'

export type LookaheadProofInput = {
  readonly header: {
    readonly slot: bigint
    readonly proposerIndex: bigint
    readonly parentRoot: Hash
    readonly stateRoot: Hash
    readonly bodyRoot: Hash
  }
  readonly timestamp: bigint
  readonly lookahead: Hex
  readonly branch: readonly Hash[]
}

/** Fulu's `proposer_lookahead`, from the state's root. */
const LOOKAHEAD_IN_STATE = 101n

type HeaderJson = {
  data: {
    root: Hash
    header: {
      message: { slot: string; proposer_index: string; parent_root: Hash; state_root: Hash; body_root: Hash }
    }
  }
}

/** SSZ of a vector of uint64. */
export function serializeLookahead(indices: readonly number[]): Hex {
  const bytes = Buffer.alloc(8 * indices.length)
  indices.forEach((index, i) => {
    bytes.writeBigUInt64LE(BigInt(index), 8 * i)
  })
  return `0x${bytes.toString('hex')}`
}

/** Of the block at `slot`, which a later block must have followed: `timestamp` is that of the next one. */
export async function lookaheadProofAt(
  l1: PosL1,
  slot: number,
  nextSlot: number,
): Promise<LookaheadProofInput> {
  const { message } = ((await l1.beacon(`/eth/v1/beacon/headers/${slot}`)) as HeaderJson).data.header
  const { branch } = await l1.proof(slot, 'state', LOOKAHEAD_IN_STATE)
  return {
    header: {
      slot: BigInt(message.slot),
      proposerIndex: BigInt(message.proposer_index),
      parentRoot: message.parent_root,
      stateRoot: message.state_root,
      bodyRoot: message.body_root,
    },
    timestamp: BigInt(l1.genesisTime + nextSlot * l1.secondsPerSlot),
    lookahead: serializeLookahead(await l1.lookahead(slot)),
    branch,
  }
}

export const encodeProveLookahead = ({ header, timestamp, lookahead, branch }: LookaheadProofInput): Hex =>
  encodeFunctionData({
    abi: readArtifact('LookaheadSchedule').abi,
    functionName: 'proveLookahead',
    args: [header, timestamp, lookahead, branch],
  })

/** Whether L1 would take the call now. */
export async function accepts(l1: PosL1, to: Address, data: Hex): Promise<boolean> {
  try {
    await l1.rpc('eth_call', [{ to, data, gas: '0xffffff' }, 'latest'])
    return true
  } catch {
    return false
  }
}

export type ContractWindow = {
  readonly registrationRoot: Hash
  readonly committer: Address
  /** Seconds; 0 where the fallback decides. */
  readonly end: number
}

export async function ownerOf(
  l1: PosL1,
  schedule: Address,
  input: { readonly slot: number; readonly lookahead: Hex },
): Promise<ContractWindow> {
  const { abi } = readArtifact('LookaheadSchedule')
  const timestamp = BigInt(l1.genesisTime + input.slot * l1.secondsPerSlot)
  const call = encodeFunctionData({ abi, functionName: 'ownerAt', args: [timestamp, input.lookahead] })
  const data = (await l1.rpc('eth_call', [{ to: schedule, data: call, gas: '0xffffff' }, 'latest'])) as Hex
  return decodeFunctionResult({ abi, functionName: 'ownerAt', data }) as ContractWindow
}

/** The first slot from `slot` on whose proposer has opted in; undefined when there is none up to the end of the lookahead. */
export function expectedOwner<T>(
  slot: number,
  lookahead: { readonly firstSlot: number; readonly indices: readonly number[] },
  operators: ReadonlyMap<number, T>,
): { readonly operator: T; readonly endSlot: number } | undefined {
  for (const [i, validator] of lookahead.indices.entries()) {
    const operator = operators.get(validator)
    if (lookahead.firstSlot + i >= slot && operator !== undefined)
      return { operator, endSlot: lookahead.firstSlot + i }
  }
  return undefined
}
