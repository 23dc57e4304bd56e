/** Requests for promises that have to be refused, each for the error that the documentation names. */
import { type Address, bytesToHex, type Hex, hexToBytes } from '../../../src/primitives/hex.ts'
import { committerOf } from '../../../src/promise/signature.ts'
import { EXECUTION_TYPE, encodeTransactionRequest } from '../../../src/promise/transactionPromise.ts'
import { signTransaction } from '../l1/transaction.ts'

export type BadRequest = { readonly kind: BadKind; readonly body: Uint8Array }
export type BadKind = keyof typeof EXPECTED

/** By kind of request, the errors of which one has to come. */
export const EXPECTED = {
  wrongDomain: ['wrongSlasher'],
  pastSlot: ['slotPast'],
  farSlot: ['slotTooFar'],
  /** Somebody else's transaction that is in the chain already. */
  replay: ['nonceTooLow', 'alreadyPromised'],
  oversize: ['oversized'],
  unfunded: ['unfunded'],
  underpriced: ['underpriced'],
  garbage: ['malformedRequest'],
  garbagePayload: ['malformedPayload'],
  garbageTransaction: ['malformedTransaction', 'unsupportedTransaction'],
} as const

/** At the end of a window nothing is promised, whatever is asked; and an address that asks too fast is not listened to. */
export const AT_ANY_TIME = ['notEnoughTime', 'windowNotOpen', 'rateLimited'] as const

const OVERSIZE_BYTES = 200_000
/** Of accounts without ether. */
const POOR_KEYS = 50
const SINK: Address = `0x${'5e'.repeat(20)}`
const GWEI = 10n ** 9n

/** One maker for each kind; the index makes requests of a kind differ. */
export function makeBadRequests(load: {
  readonly slasher: Address
  readonly l2ChainId: string
  readonly lastSlot: () => number
  /** A good transaction of an account with ether. */
  readonly sign: (nonce: number) => Uint8Array
}): readonly ((index: number) => BadRequest)[] {
  const used = load.sign(0)
  const free = signPoor(load, hexToBytes(`0x${'77'.repeat(32)}`), { tip: 0n, nonce: 0n })
  const poor = Array.from({ length: POOR_KEYS }, (_, i) =>
    signPoor(load, hexToBytes(`0x${(0xdead0000 + i).toString(16).padStart(64, '0')}`), {
      tip: GWEI,
      nonce: 0n,
    }),
  )
  const big = new Uint8Array(OVERSIZE_BYTES).fill(1)
  const body = (raw: Uint8Array, slot: number, slasher = load.slasher) =>
    json(bytesToHex(encodeTransactionRequest({ slot: BigInt(slot), transaction: raw })), slasher)
  const oversized = body(big, 1)
  const { lastSlot } = load
  return [
    (i) => ({ kind: 'wrongDomain', body: body(poor[i % POOR_KEYS]!, lastSlot(), `0x${'ee'.repeat(20)}`) }),
    (i) => ({ kind: 'pastSlot', body: body(poor[i % POOR_KEYS]!, 1) }),
    (i) => ({ kind: 'farSlot', body: body(poor[i % POOR_KEYS]!, lastSlot() + 100_000) }),
    () => ({ kind: 'replay', body: body(used, lastSlot()) }),
    () => ({ kind: 'oversize', body: oversized }),
    (i) => ({ kind: 'unfunded', body: body(poor[i % POOR_KEYS]!, lastSlot()) }),
    () => ({ kind: 'underpriced', body: body(free, lastSlot()) }),
    (i) => ({ kind: 'garbage', body: Buffer.from(`{"commitment_type": ${i}, "payload":`) }),
    (i) => ({
      kind: 'garbagePayload',
      body: json(`0x${i.toString(16).padStart(64, 'f')}`, load.slasher),
    }),
    (i) => ({ kind: 'garbageTransaction', body: body(Uint8Array.of(2, 0xc3, i & 0x7f, 1, 2), lastSlot()) }),
  ]
}

function json(payload: Hex, slasher: Address): Uint8Array {
  return Buffer.from(JSON.stringify({ commitment_type: Number(EXECUTION_TYPE), payload, slasher }))
}

function signPoor(
  { l2ChainId }: { readonly l2ChainId: string },
  privateKey: Uint8Array,
  { tip, nonce }: { readonly tip: bigint; readonly nonce: bigint },
): Uint8Array {
  return signTransaction(
    {
      type: 2,
      chainId: BigInt(l2ChainId),
      nonce,
      to: SINK,
      gas: 21_000n,
      value: 1n,
      input: new Uint8Array(0),
      maxFeePerGas: 100n * GWEI,
      maxPriorityFeePerGas: tip,
      maxFeePerBlobGas: 0n,
      blobHashes: [],
    },
    { privateKey, address: committerOf(privateKey) },
  ).raw
}
