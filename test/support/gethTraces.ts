/** Vectors of go-ethereum's tests of its tracers: accounts, one transaction, and the trace it must give. */
import { recoverSender } from '../../src/engine/sender.ts'
import type { AccountState, StateSource } from '../../src/engine/state/source.ts'
import type { BlockToRun } from '../../src/engine/storedBlock.ts'
import { traceBlock } from '../../src/engine/trace/traceBlock.ts'
import type { TraceConfig } from '../../src/engine/trace/tracer.ts'
import { decodeTransaction } from '../../src/engine/transaction.ts'
import { trimLeadingZeros } from '../../src/primitives/bytes.ts'
import { type BlockHeader, EMPTY_OMMERS_HASH } from '../../src/primitives/header.ts'
import {
  type Address,
  bytesToHex,
  type Hash,
  type Hex,
  hexToBytes,
  ZERO_HASH,
} from '../../src/primitives/hex.ts'
import { EMPTY_TRIE_ROOT, keccak256Hex } from '../../src/primitives/keccak.ts'
import { parseEthereumSpec } from '../../src/spec/parseEthereumSpec.ts'

type Account = {
  readonly balance?: string
  readonly nonce?: string
  readonly code?: string
  readonly storage?: Readonly<Record<string, string>>
}

export type GethTraceVector = {
  readonly genesis: {
    readonly config: Readonly<Record<string, unknown>>
    readonly alloc: Readonly<Record<string, Account>>
    readonly mixHash?: Hash
  }
  readonly context: {
    readonly number: string
    readonly difficulty?: string
    readonly timestamp: string
    readonly gasLimit: string
    readonly miner: string
    readonly baseFeePerGas?: string
  }
  readonly input: string
  readonly tracerConfig?: Readonly<Record<string, boolean>>
  readonly result: unknown
}

const SOME_ROOT: Hash = `0x${'11'.repeat(32)}`

export async function traceVector(
  { genesis, context, input, tracerConfig = {}, result }: GethTraceVector,
  tracer: 'callTracer' | 'prestateTracer',
): Promise<{ readonly actual: unknown; readonly expected: unknown }> {
  const raw = hexToBytes(input.startsWith('0x') ? input : `0x${input}`)
  const decoded = decodeTransaction(raw)
  if (decoded.type === 'undecodable') throw new Error(`the transaction cannot be decoded: ${decoded.detail}`)
  const sender = bytesToHex(recoverSender(decoded.transaction)!)
  const config = readConfig(genesis.config)
  const block: BlockToRun = {
    header: headerOf(context, genesis.mixHash),
    transactions: [{ raw, hash: keccak256Hex(raw), sender }],
  }
  const { json } = await traceBlock({
    execution: { type: 'ethereum', spec: parseEthereumSpec({ ...genesis, config }, 'vector') },
    ...{ block, index: 0, bytesMax: 10 ** 8 },
    config: configOf(tracer, tracerConfig),
    state: stateOf(genesis.alloc),
    ancestorHash: () => ZERO_HASH,
  })
  return { actual: plain(JSON.parse(json)), expected: plain(result) }
}

/** One vector writes a fork's name with a capital, which Go does not mind; others leave out what does not matter to them. */
function readConfig(config: GethTraceVector['genesis']['config']): object {
  const { terminalTotalDifficulty: total, ...fields } = config
  const named = Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [key.replace(/^I/, 'i'), value]),
  )
  const cancun = { target: 3, max: 6, baseFeeUpdateFraction: 3_338_477 }
  return {
    ...(named.cancunTime !== undefined && { blobSchedule: { cancun } }),
    ...(Number(total ?? 0) === 0 ? { terminalTotalDifficulty: total } : { mergeNetsplitBlock: 10 ** 9 }),
    ...named,
  }
}

function headerOf(context: GethTraceVector['context'], mixHash = ZERO_HASH): BlockHeader {
  return {
    ...{
      parentHash: ZERO_HASH,
      ommersHash: EMPTY_OMMERS_HASH,
      coinbase: context.miner.toLowerCase() as Address,
    },
    ...{ stateRoot: ZERO_HASH, transactionsRoot: ZERO_HASH, receiptsRoot: ZERO_HASH, mixHash },
    ...{
      logsBloom: new Uint8Array(256),
      extraData: new Uint8Array(0),
      nonce: new Uint8Array(8),
      gasUsed: 0n,
    },
    number: BigInt(context.number),
    difficulty: BigInt(context.difficulty ?? 0),
    timestamp: BigInt(context.timestamp),
    gasLimit: BigInt(context.gasLimit),
    baseFeePerGas: BigInt(context.baseFeePerGas ?? 0),
    excessBlobGas: 0n,
    parentBeaconBlockRoot: ZERO_HASH,
  }
}

function stateOf(alloc: GethTraceVector['genesis']['alloc']): StateSource {
  const accounts = new Map<Address, AccountState>()
  const slots = new Map<string, Uint8Array>()
  const codes = new Map<Hash, Uint8Array>()
  for (const [key, { balance = '0', nonce = '0', code = '0x', storage = {} }] of Object.entries(alloc)) {
    const address = `0x${key.replace(/^0x/, '').toLowerCase()}` as Address
    const bytes = hexToBytes(code)
    const codeHash = keccak256Hex(bytes)
    codes.set(codeHash, bytes)
    const written = Object.entries(storage).filter(([, value]) => BigInt(value) !== 0n)
    for (const [slot, value] of written)
      slots.set(address + word(slot), trimLeadingZeros(hexToBytes(word(value))))
    const storageRoot = written.length > 0 ? SOME_ROOT : EMPTY_TRIE_ROOT
    accounts.set(address, { balance: BigInt(balance), nonce: BigInt(nonce), codeHash, storageRoot })
  }
  return {
    stateRoot: ZERO_HASH,
    account: (address) => accounts.get(address) ?? null,
    storage: (address, slot) => slots.get(address + slot) ?? new Uint8Array(0),
    code: (codeHash) => codes.get(codeHash)!,
    rootAfter: () => Promise.reject(new Error('a vector has no tries')),
  }
}

const word = (hex: string): Hex => `0x${hex.replace(/^0x/, '').padStart(64, '0')}`

function configOf(
  tracer: 'callTracer' | 'prestateTracer',
  given: Readonly<Record<string, boolean>>,
): TraceConfig {
  const is = (name: string) => given[name] === true
  if (tracer === 'callTracer') return { tracer, onlyTopCall: is('onlyTopCall'), withLog: is('withLog') }
  const [diffMode, includeEmpty] = [is('diffMode'), is('includeEmpty')]
  return {
    tracer,
    diffMode,
    includeEmpty,
    disableCode: is('disableCode'),
    disableStorage: is('disableStorage'),
  }
}

/** Hex in lower case; an index of a log that a vector leaves out is zero, as Go's own comparison has it. */
function plain(value: unknown): unknown {
  if (typeof value === 'string') return value.startsWith('0x') ? value.toLowerCase() : value
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  const fields = Object.entries(value).map(([key, field]) => [
    key.startsWith('0x') ? key.toLowerCase() : key,
    plain(field),
  ])
  const isLog = 'topics' in value && !('index' in value)
  return { ...Object.fromEntries(fields), ...(isLog && { index: '0x0' }) }
}
