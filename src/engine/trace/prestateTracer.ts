/**
 * The accounts and slots that a transaction looks at, as they were before it; in diff mode those it changed, before and after.
 * As eth/tracers/native/prestate.go prints them.
 */
import { Address as EvmAddress, generateAddress, generateAddress2 } from '@ethereumjs/util'
import { bigintToBytes, bytesToBigint, toWord } from '../../primitives/bytes.ts'
import {
  type Address,
  bytesToHex,
  type Hash,
  type Hex,
  hexToBytes,
  toQuantity,
  ZERO_HASH,
} from '../../primitives/hex.ts'
import { EMPTY_CODE_HASH } from '../../primitives/keccak.ts'
import { delegatedTo, recoverAuthority } from '../authorizations.ts'
import type { RunContext } from '../evm.ts'
import type { Step } from './hooks.ts'
import { isCall, OP } from './opcodes.ts'
import type { TraceConfig, TracedMessage, Tracer } from './tracer.ts'
import { addressOf, readMemory, wordHex } from './words.ts'

type Config = Extract<TraceConfig, { tracer: 'prestateTracer' }>

type Before = {
  readonly balance: bigint
  readonly nonce: bigint
  readonly code: Uint8Array
  readonly codeHash: Hash
  readonly slots: Map<Hash, Hash>
  readonly isEmpty: boolean
}

type AccountJson = {
  balance?: Hex
  code?: Hex
  codeHash?: Hash
  nonce?: number
  storage?: Record<Hash, Hash>
}

export function createPrestateTracer(config: Config, { state, rules, info }: RunContext): Tracer {
  const seen = new Map<Address, Before>()
  const created = new Set<Address>()
  const destroyed = new Set<Address>()
  const followsDelegations = rules.transactionTypes.includes(4)
  /** What the last step added, should it turn out not to execute. */
  let added: (() => void)[] = []

  async function look(address: Address): Promise<void> {
    if (seen.has(address)) return
    const found = await read(address)
    seen.set(address, found)
    added.push(() => seen.delete(address))
  }

  async function read(address: Address): Promise<Before> {
    const evmAddress = new EvmAddress(hexToBytes(address))
    const account = await state.getAccount(evmAddress)
    const code = await state.getCode(evmAddress)
    const balance = account?.balance ?? 0n
    const nonce = account?.nonce ?? 0n
    const codeHash = account === undefined ? ZERO_HASH : bytesToHex(account.codeHash)
    const isEmpty = balance === 0n && nonce === 0n && code.length === 0
    return { balance, nonce, code, codeHash, slots: new Map(), isEmpty }
  }

  async function lookWithDelegation(address: Address): Promise<void> {
    if (!followsDelegations) return
    const target = delegatedTo(await state.getCode(new EvmAddress(hexToBytes(address))))
    if (target !== null) await look(bytesToHex(target))
  }

  async function lookAtSlot(address: Address, slot: Hash): Promise<void> {
    const account = seen.get(address)
    if (config.disableStorage || account === undefined || account.slots.has(slot)) return
    account.slots.set(slot, await readSlot(address, slot))
    added.push(() => account.slots.delete(slot))
  }

  async function readSlot(address: Address, slot: Hash): Promise<Hash> {
    const value = await state.getStorage(new EvmAddress(hexToBytes(address)), hexToBytes(slot))
    return wordHex(bytesToBigint(value))
  }

  async function lookAtCreated(address: Address): Promise<void> {
    await look(address)
    if (created.has(address)) return
    created.add(address)
    added.push(() => created.delete(address))
  }

  function step(step: Step): void | Promise<void> {
    const { op, stack, address, error } = step
    added = []
    if (error !== undefined) return
    const top = stack.at(-1) ?? 0n
    if (op === OP.SLOAD || op === OP.SSTORE) return lookAtSlot(address, wordHex(top))
    if (isCall(op)) {
      const target = addressOf(stack.at(-2) ?? 0n)
      return look(target).then(() => lookWithDelegation(target))
    }
    if (op === OP.CREATE) return lookAtCreate(address)
    if (op === OP.CREATE2) return lookAtCreated(create2Address(step))
    if (op === OP.SELFDESTRUCT) {
      if (!rules.destroysOnlyNew || created.has(address)) {
        destroyed.add(address)
        added.push(() => destroyed.delete(address))
      }
      return look(addressOf(top))
    }
    if (op === OP.BALANCE || op === OP.EXTCODECOPY || op === OP.EXTCODEHASH || op === OP.EXTCODESIZE)
      return look(addressOf(top))
  }

  async function lookAtCreate(address: Address): Promise<void> {
    const account = await state.getAccount(new EvmAddress(hexToBytes(address)))
    await lookAtCreated(createAddress(address, account?.nonce ?? 0n))
  }

  async function begin({ sender, to, authorizations }: TracedMessage): Promise<void> {
    if (to !== null) await lookWithDelegation(to)
    await look(sender)
    const target = to ?? createAddress(sender, seen.get(sender)?.nonce ?? 0n)
    if (to === null) created.add(target)
    await look(target)
    await look(info.coinbase)
    for (const authorization of authorizations ?? []) {
      const authority = recoverAuthority(authorization)
      if (authority !== null) await look(bytesToHex(authority))
    }
  }

  function beforeJson(account: Before): AccountJson {
    const { balance, nonce, code, codeHash, slots } = account
    const hasCode = codeHash !== ZERO_HASH && codeHash !== EMPTY_CODE_HASH
    return {
      balance: toQuantity(balance),
      ...(!config.disableCode && code.length > 0 && { code: bytesToHex(code) }),
      ...(hasCode && { codeHash }),
      ...(nonce > 0n && { nonce: Number(nonce) }),
      ...(slots.size > 0 && { storage: Object.fromEntries(slots) }),
    }
  }

  /** Null for an account that did not change; slots that did not are dropped from `before`. */
  async function changesOf(address: Address, before: Before): Promise<AccountJson | null> {
    const after = await read(address)
    const json: AccountJson = {}
    if (after.balance !== before.balance) json.balance = toQuantity(after.balance)
    let isChanged = json.balance !== undefined
    if (after.nonce !== before.nonce) {
      isChanged = true
      if (after.nonce > 0n) json.nonce = Number(after.nonce)
    }
    // An account that was not there counts as one without code; one that is no longer there has no hash at all.
    const hashBefore = before.codeHash === ZERO_HASH ? EMPTY_CODE_HASH : before.codeHash
    if (after.codeHash !== hashBefore) {
      isChanged = true
      json.codeHash = after.codeHash
    }
    if (!config.disableCode && Buffer.compare(after.code, before.code) !== 0) {
      isChanged = true
      json.code = bytesToHex(after.code)
    }
    const storage: Record<Hash, Hash> = {}
    for (const [slot, value] of before.slots) {
      const now = await readSlot(address, slot)
      if (value === ZERO_HASH || value === now) before.slots.delete(slot)
      if (value === now) continue
      isChanged = true
      if (now !== ZERO_HASH) storage[slot] = now
    }
    if (Object.keys(storage).length > 0) json.storage = storage
    return isChanged ? json : null
  }

  async function diff(): Promise<string> {
    const pre: Record<Address, AccountJson> = {}
    const post: Record<Address, AccountJson> = {}
    for (const [address, before] of seen) {
      const changes = destroyed.has(address) ? undefined : await changesOf(address, before)
      if (changes === null) continue
      if (changes !== undefined) post[address] = changes
      if (!before.isEmpty) pre[address] = beforeJson(before)
    }
    return JSON.stringify({ post, pre })
  }

  return {
    begin,
    hooks: {
      step,
      stepFailed() {
        for (const undo of added.splice(0)) undo()
      },
    },
    finish() {
      if (config.diffMode) return diff()
      const shown = [...seen].filter(([, account]) => config.includeEmpty || !account.isEmpty)
      return JSON.stringify(
        Object.fromEntries(shown.map(([address, account]) => [address, beforeJson(account)])),
      )
    },
  }
}

function createAddress(creator: Address, nonce: bigint): Address {
  return bytesToHex(generateAddress(hexToBytes(creator), bigintToBytes(nonce)))
}

function create2Address(step: Step): Address {
  const { stack, address } = step
  const initcode = readMemory(step, stack.at(-2) ?? 0n, stack.at(-3) ?? 0n)
  return bytesToHex(generateAddress2(hexToBytes(address), toWord(stack.at(-4) ?? 0n), initcode))
}
