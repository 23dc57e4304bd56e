/** What opening a frame costs, and what the frame gets. EIP-150, EIP-2929, EIP-3860, EIP-7702; failures in the order of revm (unzen.md §1.4). */
import { EMPTY_CODE_HASH_BYTES } from '../../primitives/keccak.ts'
import type { ReadAccount } from '../state/overlay.ts'
import type { CallRequest, CreateRequest, Failure, Frame, Surroundings } from './frame.ts'
import { memoryGas, wordsOf, wordsTo } from './memory.ts'
import { isZero, toAddress, toSize, type Word } from './word.ts'

const CALL = 0xf1
const CALLCODE = 0xf2
const CREATE2 = 0xf5
const UINT64_MAX = 2n ** 64n - 1n
const CALL_VALUE_GAS = 9000
const CALL_STIPEND = 2300
const NEW_ACCOUNT_GAS = 25_000
/** Beyond the warm price. EIP-2929. */
const COLD_ACCOUNT_GAS = 2500
/** Of the account that code is delegated to. EIP-7702. */
const WARM_DELEGATE_GAS = 100
const COLD_DELEGATE_GAS = 2600
const CREATE_GAS = 32_000
const INITCODE_WORD_GAS = 2
const HASH_WORD_GAS = 6
/** EIP-3860. */
export const INITCODE_BYTES_MAX = 49_152
/** 0xef0100 and an address. EIP-7702. */
const DELEGATION_BYTES = 23

export type CallGas = { readonly type: 'paid'; readonly gas: number; readonly request: CallRequest }
export type CreateGas = { readonly type: 'paid'; readonly gas: number; readonly request: CreateRequest }
/** `counted`: gas that counts as spent by the step, for zk gas. */
type Failed = { readonly type: 'failed'; readonly failure: Failure; readonly counted: number }
export type GasAnswer<Paid> = Paid | Failed | { readonly type: 'wait'; readonly on: Promise<unknown> }

/** `gas` is what is left after the static charge. Nothing has happened unless it is paid. */
export function callGas(
  { stack, memory, isStatic }: Frame,
  { journal, state, delegates }: Surroundings,
  opcode: number,
  depth: number,
  gas: number,
): GasAnswer<CallGas> {
  const at = (place: number) => stack[depth - place] as Word
  const sendsValue = opcode === CALL || opcode === CALLCODE
  const value = sendsValue ? at(3) : 0
  const hasValue = !isZero(value)
  if (opcode === CALL && isStatic && hasValue) return keep('static state change', 0)
  const ranges = sendsValue ? 4 : 3
  const [inputOffset, inputLength] = [toSize(at(ranges)), toSize(at(ranges + 1))]
  const [outputOffset, outputLength] = [toSize(at(ranges + 2)), toSize(at(ranges + 3))]

  const inputWords = wordsTo(memory, inputOffset, inputLength)
  const inputGas = memoryGas(inputWords) - memoryGas(memory.words)
  if (!(inputGas <= gas)) return keep('out of gas', 0)
  const words = Math.max(inputWords, wordsTo(memory, outputOffset, outputLength))
  let cost = memoryGas(words) - memoryGas(memory.words)
  if (!(cost <= gas)) return keep('out of gas', inputGas)

  if (hasValue) cost += CALL_VALUE_GAS
  const target = toAddress(at(2))
  const isWarm = journal.isWarm(target)
  if (!isWarm) cost += COLD_ACCOUNT_GAS
  if (cost > gas) return spendAll(gas)
  if (opcode === CALL && hasValue) {
    const account = state.readAccount(target)
    if (account instanceof Promise) return { type: 'wait', on: account }
    if (isEmpty(account)) cost += NEW_ACCOUNT_GAS
    if (cost > gas) return spendAll(gas)
  }
  let delegate: `0x${string}` | undefined
  if (delegates) {
    const code = state.readCode(target)
    if (code instanceof Promise) return { type: 'wait', on: code }
    delegate = delegateOf(code)
    if (delegate !== undefined)
      cost += journal.isWarm(delegate) || delegate === target ? WARM_DELEGATE_GAS : COLD_DELEGATE_GAS
    if (cost > gas) return spendAll(gas)
  }

  journal.warm(target)
  if (delegate !== undefined) journal.warm(delegate)
  if (words > memory.words) memory.grow(words)
  const left = gas - cost
  const given = Math.min(toSize(at(1)), left - Math.floor(left / 64))
  return {
    type: 'paid',
    gas: cost + given,
    request: {
      ...{ type: 'call', opcode, target, value, inputOffset, inputLength, outputOffset, outputLength },
      gas: hasValue ? given + CALL_STIPEND : given,
    },
  }
}

export function createGas(
  { stack, memory, isStatic }: Frame,
  opcode: number,
  depth: number,
  gas: number,
): CreateGas | Failed {
  const at = (place: number) => stack[depth - place] as Word
  if (isStatic) return keep('static state change', 0)
  const size = at(3)
  if (size > UINT64_MAX) return keep('out of gas', 0)
  const length = toSize(size)
  const offset = toSize(at(2))
  let cost = 0
  let words = memory.words
  if (length > 0) {
    if (length > INITCODE_BYTES_MAX) return keep('initcode too large', 0)
    cost += INITCODE_WORD_GAS * wordsOf(length)
    if (cost > gas) return spendAll(gas)
    words = wordsTo(memory, offset, length)
    const grown = memoryGas(words) - memoryGas(memory.words)
    if (!(cost + grown <= gas)) return keep('out of gas', cost)
    cost += grown
  }
  // The salt is taken only here: a stack without it fails after these charges.
  if (opcode === CREATE2 && depth < 4) return keep('stack underflow', cost)
  cost += CREATE_GAS
  if (opcode === CREATE2) cost += HASH_WORD_GAS * wordsOf(length)
  if (cost > gas) return spendAll(gas)

  if (words > memory.words) memory.grow(words)
  const left = gas - cost
  return {
    type: 'paid',
    gas: cost,
    request: {
      ...{ type: 'create', value: at(1), offset, length, gas: left - Math.floor(left / 64) },
      ...(opcode === CREATE2 && { salt: at(4) }),
    },
  }
}

/** EIP-161. */
export function isEmpty(account: ReadAccount | null): account is null {
  if (account === null) return true
  const { nonce, balance, codeHash } = account
  return nonce === 0n && balance === 0n && Buffer.compare(codeHash, EMPTY_CODE_HASH_BYTES) === 0
}

export function delegateOf(code: Uint8Array): `0x${string}` | undefined {
  if (code.length !== DELEGATION_BYTES || code[0] !== 0xef || code[1] !== 0x01 || code[2] !== 0x00)
    return undefined
  return `0x${Buffer.from(code.buffer, code.byteOffset + 3, 20).toString('hex')}`
}

function keep(failure: Failure, counted: number): Failed {
  return { type: 'failed', failure, counted }
}

function spendAll(gas: number): Failed {
  return { type: 'failed', failure: 'out of gas', counted: gas }
}
