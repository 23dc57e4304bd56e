/** What a message touches, as an access list that it could have had. EIP-2930; geth's `eth_createAccessList` (internal/ethapi, eth/tracers/logger). */
import { generateAddress } from '@ethereumjs/util'
import { bigintToBytes } from '../primitives/bytes.ts'
import { type Address, bytesToHex, type Hash, hexToBytes } from '../primitives/hex.ts'
import { recoverAuthority } from './authorizations.ts'
import { type CallInput, prepareCall, runCall } from './call.ts'
import { refuseCall } from './callRequest.ts'
import type { RunContext } from './evm.ts'
import { AUTHORIZATION_GAS } from './rules/intrinsicGas.ts'
import type { EvmMessage } from './runMessage.ts'
import type { Step } from './trace/hooks.ts'
import { isCall, OP } from './trace/opcodes.ts'
import { wordsFor } from './trace/vmErrors.ts'
import { watchEvm } from './trace/watch.ts'
import { addressOf, wordHex } from './trace/words.ts'
import type { AccessListEntry } from './transaction.ts'

export type AccessListResult =
  | {
      readonly type: 'listed'
      /** Sorted. */
      readonly list: readonly AccessListEntry[]
      readonly gasUsed: bigint
      /** Why the message fails all the same. */
      readonly error?: string
    }
  /** It would not run at all. */
  | { readonly type: 'refused'; readonly reason: string }

type Touched = Map<Address, Set<Hash>>

/** Runs until the list that a run is given is the one it leads to: each may go another way for having other gas left. */
export async function createAccessList(input: CallInput): Promise<AccessListResult> {
  const { authorizations = [], gas } = input.request
  if (gas !== undefined && BigInt(authorizations.length) * AUTHORIZATION_GAS > gas)
    return refused('insufficient gas to process all authorizations')
  let before: Touched | undefined
  for (;;) {
    const prepared = await prepareCall(input)
    const { context, fees } = prepared
    if (prepared.refusal !== null) return refused(prepared.refusal)
    const excluded = await excludedFrom(context, prepared.message, input)
    const given = before ?? toTouched(prepared.message.accessList, excluded)
    const list = toList(given)
    const message = { ...prepared.message, accessList: list }
    const refusal = await refuseCall(context, message, fees, { allowsFree: true })
    if (refusal !== null) return refused(refusal.message)
    const after = toTouched(list, excluded)
    watchEvm(context, { step: (step) => note(step, after, excluded) }, 0)
    const { gasUsed, error } = await runCall(context, message)
    if (isSame(after, given))
      return { type: 'listed', list, gasUsed, ...(error !== undefined && { error: wordsFor(error) }) }
    before = after
  }
}

/** Warm without a list: sender, receiver, precompiles, and accounts whose authorization counts. */
async function excludedFrom(
  { state, precompiles, chainId }: RunContext,
  { sender, to, authorizations = [] }: EvmMessage,
  { request }: CallInput,
): Promise<ReadonlySet<Address>> {
  const from = bytesToHex(sender)
  const excluded = new Set<Address>(precompiles.map((address) => `0x${address}` as const))
  excluded.add(from)
  if (to !== null) excluded.add(bytesToHex(to))
  else {
    const nonce = request.nonce ?? (await state.readAccount(from))?.nonce ?? 0n
    excluded.add(bytesToHex(generateAddress(hexToBytes(from), bigintToBytes(nonce))))
  }
  for (const authorization of authorizations) {
    const isForHere = authorization.chainId === 0n || authorization.chainId === chainId
    const authority = isForHere ? recoverAuthority(authorization) : null
    if (authority !== null) excluded.add(bytesToHex(authority))
  }
  return excluded
}

function note({ op, stack, address }: Step, touched: Touched, excluded: ReadonlySet<Address>): void {
  const top = stack.at(-1)
  if (top === undefined) return
  if (op === OP.SLOAD || op === OP.SSTORE) slotsOf(touched, address).add(wordHex(top))
  else if (TOUCHING.has(op)) touch(touched, addressOf(top), excluded)
  else if (isCall(op) && stack.length >= 5) touch(touched, addressOf(stack.at(-2) ?? 0n), excluded)
}

const TOUCHING = new Set<number>([
  OP.EXTCODECOPY,
  OP.EXTCODEHASH,
  OP.EXTCODESIZE,
  OP.BALANCE,
  OP.SELFDESTRUCT,
])

function touch(touched: Touched, address: Address, excluded: ReadonlySet<Address>): void {
  if (!excluded.has(address)) slotsOf(touched, address)
}

function slotsOf(touched: Touched, address: Address): Set<Hash> {
  const known = touched.get(address)
  if (known !== undefined) return known
  const slots = new Set<Hash>()
  touched.set(address, slots)
  return slots
}

/** Who is excluded is so with his slots, until the message touches one. */
function toTouched(list: readonly AccessListEntry[], excluded: ReadonlySet<Address>): Touched {
  const touched: Touched = new Map()
  for (const { address, slots } of list) {
    const key = bytesToHex(address)
    if (excluded.has(key)) continue
    const known = slotsOf(touched, key)
    for (const slot of slots) known.add(bytesToHex(slot))
  }
  return touched
}

function toList(touched: Touched): readonly AccessListEntry[] {
  return [...touched]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([address, slots]) => ({ address: hexToBytes(address), slots: [...slots].sort().map(hexToBytes) }))
}

function isSame(a: Touched, b: Touched): boolean {
  if (a.size !== b.size) return false
  for (const [address, slots] of a) {
    const others = b.get(address)
    if (others?.size !== slots.size || [...slots].some((slot) => !others.has(slot))) return false
  }
  return true
}

function refused(reason: string): AccessListResult {
  return { type: 'refused', reason }
}
