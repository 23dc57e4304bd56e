/** What the execution layer asks of the consensus layer, and its hash in the header. EIP-7685, EIP-6110, EIP-7002, EIP-7251. */
import { createHash } from 'node:crypto'
import { bytesToBigint, concatBytes, EMPTY_BYTES } from '../../primitives/bytes.ts'
import { type Address, bytesToHex, type Hash } from '../../primitives/hex.ts'
import type { Log } from '../../primitives/receipt.ts'
import type { RunContext } from '../evm.ts'
import { InvalidBlockError } from './invalidBlock.ts'
import { CONSOLIDATION_REQUESTS, runSystemCall, WITHDRAWAL_REQUESTS } from './systemCalls.ts'

const DEPOSIT_TYPE = 0
const WITHDRAWAL_TYPE = 1
const CONSOLIDATION_TYPE = 2

/** keccak-256 of DepositEvent(bytes,bytes,bytes,bytes,bytes). */
const DEPOSIT_TOPIC: Hash = '0x649bbc62d0e31342afea4e5cd82d4049e7e1ee912fc0889aa790803be39038c5'
/** The event's fields in order, in bytes: key, credentials, amount, signature, index. */
const DEPOSIT_FIELDS = [48, 32, 8, 96, 8] as const
/** Five offsets, then each field with its length before it, padded to words. */
const DEPOSIT_DATA_BYTES = 576
const WORD = 32

/** Those that are not empty, each `type ‖ data`, in the order of their types. Runs the system calls after a block's transactions. */
export async function collectRequests(
  context: RunContext,
  logs: readonly Log[],
  depositContract: Address,
): Promise<readonly Uint8Array[]> {
  const deposits = logs
    .filter(({ address, topics }) => address === depositContract && topics[0] === DEPOSIT_TOPIC)
    .map(({ data }) => readDeposit(data))
  const found: readonly (readonly [type: number, data: Uint8Array])[] = [
    [DEPOSIT_TYPE, concatBytes(...deposits)],
    [WITHDRAWAL_TYPE, await readQueue(context, WITHDRAWAL_REQUESTS)],
    [CONSOLIDATION_TYPE, await readQueue(context, CONSOLIDATION_REQUESTS)],
  ]
  return found
    .filter(([, data]) => data.length > 0)
    .map(([type, data]) => concatBytes(Uint8Array.of(type), data))
}

/** SHA-256 over the SHA-256 of each request. */
export function requestsHash(requests: readonly Uint8Array[]): Hash {
  const outer = createHash('sha256')
  for (const request of requests) outer.update(createHash('sha256').update(request).digest())
  return bytesToHex(outer.digest())
}

async function readQueue(context: RunContext, contract: Address): Promise<Uint8Array> {
  const { hasCode, succeeded, returnData } = await runSystemCall(context, contract, EMPTY_BYTES)
  if (!hasCode) throw new InvalidBlockError('requests', `there is no contract at ${contract}`)
  if (!succeeded) throw new InvalidBlockError('requests', `the system call to ${contract} fails`)
  return returnData
}

/** The fields one after the other. Anything but the layout that the deposit contract writes makes the block invalid. */
function readDeposit(data: Uint8Array): Uint8Array {
  if (data.length !== DEPOSIT_DATA_BYTES) throw malformedDeposit()
  const fields: Uint8Array[] = []
  let offset = DEPOSIT_FIELDS.length * WORD
  for (const [index, size] of DEPOSIT_FIELDS.entries()) {
    const start = offset + WORD
    if (wordAt(data, index * WORD) !== BigInt(offset) || wordAt(data, offset) !== BigInt(size))
      throw malformedDeposit()
    fields.push(data.subarray(start, start + size))
    offset = start + Math.ceil(size / WORD) * WORD
  }
  return concatBytes(...fields)
}

function wordAt(data: Uint8Array, at: number): bigint {
  return bytesToBigint(data.subarray(at, at + WORD))
}

function malformedDeposit(): InvalidBlockError {
  return new InvalidBlockError('requests', 'a log of the deposit contract has another layout')
}
