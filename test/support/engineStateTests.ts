/** EEST state tests: unpacked once, read as cases, run through our own filter, overlay and trie. */
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { admitTransaction } from '../../src/engine/admission.ts'
import { createRunContext } from '../../src/engine/evm.ts'
import { loadKzg } from '../../src/engine/kzg.ts'
import { effectiveGasPrice, messageOf } from '../../src/engine/message.ts'
import { ethereumRules } from '../../src/engine/rules/evmRules.ts'
import { runMessage } from '../../src/engine/runMessage.ts'
import { createSenderPool } from '../../src/engine/senderPool.ts'
import { OverlayState } from '../../src/engine/state/overlay.ts'
import type {
  AccountState,
  StateChanges,
  StateSource,
  StorageChanges,
} from '../../src/engine/state/source.ts'
import { bigintToFixedBytes, trimLeadingZeros } from '../../src/primitives/bytes.ts'
import {
  type Address,
  bytesToHex,
  type Hash,
  type Hex,
  hexToBytes,
  ZERO_HASH,
} from '../../src/primitives/hex.ts'
import { EMPTY_TRIE_ROOT, keccak256Hex } from '../../src/primitives/keccak.ts'
import { encodeRlp } from '../../src/primitives/rlp.ts'
import type { EthereumFork } from '../../src/spec/ethereumSpec.ts'
import { SHARED_FIXTURES } from './engineFixtures.ts'

const ARCHIVE = join(SHARED_FIXTURES, 'suites/eest/state_tests.cancun-prague-osaka.tar.xz')
export const canRunStateTests: boolean = existsSync(ARCHIVE) && spawnSync('xz', ['--version']).status === 0

type TestFile = Readonly<Record<string, TestFileEntry>>
type TestFileEntry = {
  readonly env: Readonly<Record<string, Hex>>
  readonly pre: Readonly<
    Record<Address, { nonce: Hex; balance: Hex; code: Hex; storage: Readonly<Record<Hex, Hex>> }>
  >
  readonly transaction: { readonly sender: Address }
  readonly post: Readonly<Record<string, readonly TestPost[]>>
  readonly config: {
    readonly chainid: Hex
    readonly blobSchedule?: Readonly<Record<string, { baseFeeUpdateFraction: Hex }>>
  }
}
type TestPost = {
  readonly hash: Hash
  readonly logs: Hash
  readonly txbytes: Hex
  readonly expectException?: string
}

export type StateTest = {
  readonly name: string
  /** As the suite spells it: `Cancun`, `Prague`, `Osaka`, and a few older ones. */
  readonly fork: string
  readonly entry: TestFileEntry
  readonly post: TestPost
}

/** Every case of the archive, in the order of file and test name. */
export function readStateTests(): StateTest[] {
  const root = join(unpack(), 'state_tests')
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.json'),
  )
  return files.sort().flatMap((path) => {
    const file: TestFile = JSON.parse(readFileSync(join(root, path), 'utf8'))
    return Object.entries(file).flatMap(([name, entry]) =>
      Object.entries(entry.post).flatMap(([fork, posts]) =>
        posts.map((post) => ({ name, fork, entry, post })),
      ),
    )
  })
}

/** Reuses an earlier unpacking of the same archive. */
function unpack(): string {
  const digest = createHash('sha256').update(readFileSync(ARCHIVE)).digest('hex').slice(0, 16)
  const target = join(tmpdir(), `plumbline-eest-${digest}`)
  if (existsSync(target)) return target
  mkdirSync(tmpdir(), { recursive: true })
  const partial = mkdtempSync(join(tmpdir(), 'plumbline-eest-'))
  execFileSync('tar', ['xJf', ARCHIVE, '-C', partial])
  try {
    renameSync(partial, target)
  } catch (error) {
    // Another test process was first.
    rmSync(partial, { recursive: true })
    if (!existsSync(target)) throw error
  }
  return target
}

/** A state holding exactly `changes`, as a suite's subject. */
export type MakeSource = (changes: StateChanges) => Promise<{ readonly source: StateSource }>

export type StateTestResult = {
  readonly stateRoot: Hash
  readonly logsHash: Hash
  /** Rule that refused the transaction. */
  readonly refusedBy?: string
  readonly sender?: Address
}

const EVM_FORKS: Readonly<Record<string, EthereumFork>> = {
  Berlin: 'berlin',
  London: 'london',
  Paris: 'paris',
  Shanghai: 'shanghai',
  Cancun: 'cancun',
  Prague: 'prague',
  Osaka: 'osaka',
}

export const STATE_TEST_FORKS: readonly string[] = Object.keys(EVM_FORKS)

const senders = createSenderPool(0)

export async function runStateTest(
  test: StateTest,
  makeSource: MakeSource,
  loop: 'own' | 'stock' = 'own',
): Promise<StateTestResult> {
  await loadKzg()
  const { env, config } = test.entry
  const { source } = await makeSource(allocationOf(test.entry.pre))
  const state = new OverlayState(source)
  const baseFeePerGas = BigInt(env.currentBaseFee ?? 0)
  const blobBaseFee = blobBaseFeeOf(test)
  const context = await createRunContext({
    chainId: BigInt(config.chainid),
    rules: ethereumRules(EVM_FORKS[test.fork]!),
    state,
    info: {
      number: BigInt(env.currentNumber!),
      parentHash: ZERO_HASH,
      coinbase: env.currentCoinbase!,
      timestamp: BigInt(env.currentTimestamp!),
      gasLimit: BigInt(env.currentGasLimit!),
      mixHash: bytesToHex(bigintToFixedBytes(BigInt(env.currentRandom ?? 0), 32)),
      baseFeePerGas,
      difficulty: BigInt(env.currentDifficulty ?? 0),
      ...(blobBaseFee !== undefined && { blobBaseFee }),
    },
    // What state tests agree on: the hash of block n is the keccak of its decimal digits.
    ancestorHash: (number) => keccak256Hex(Buffer.from(number.toString())),
    loop,
  })
  const raw = hexToBytes(test.post.txbytes)
  const admission = await admitTransaction(context, senders, raw, BigInt(env.currentGasLimit!))
  if (admission.type === 'refused') {
    const stateRoot = await source.rootAfter(state.takeChanges())
    return { stateRoot, logsHash: keccak256Hex(encodeRlp([])), refusedBy: admission.refusal.rule }
  }
  const { admitted } = admission
  const price = effectiveGasPrice(admitted.transaction, baseFeePerGas)
  const message = messageOf(admitted, price, {
    isCharged: true,
    ...(blobBaseFee !== undefined && { blobBaseFee }),
  })
  // Ethereum burns the base fee; the tip is the coinbase's.
  const result = await runMessage(context, message, (gasUsed) => [
    [hexToBytes(env.currentCoinbase!), gasUsed * (price - baseFeePerGas)],
  ])
  const logs = result.logs.map(([address, topics, data]) => [address, topics, data])
  return {
    stateRoot: await source.rootAfter(state.takeChanges()),
    logsHash: keccak256Hex(encodeRlp(logs)),
    sender: bytesToHex(admitted.sender),
  }
}

/** EIP-4844: MIN_BASE_FEE_PER_BLOB_GAS · e^(excess / fraction), by the spec's integer series. */
function blobBaseFeeOf({ entry, fork }: StateTest): bigint | undefined {
  const fraction = entry.config.blobSchedule?.[fork]?.baseFeeUpdateFraction
  const excess = entry.env.currentExcessBlobGas
  if (fraction === undefined || excess === undefined) return undefined
  const denominator = BigInt(fraction)
  let sum = 0n
  let term = denominator
  for (let i = 1n; term > 0n; i++) {
    sum += term
    term = (term * BigInt(excess)) / (denominator * i)
  }
  return sum / denominator
}

function allocationOf(pre: TestFileEntry['pre']): StateChanges {
  const accounts = new Map<Address, AccountState>()
  const storage = new Map<Address, StorageChanges>()
  const codes = new Map<Hash, Uint8Array>()
  for (const [key, account] of Object.entries(pre)) {
    const address = key.toLowerCase() as Address
    const code = hexToBytes(account.code)
    const codeHash = keccak256Hex(code)
    if (code.length > 0) codes.set(codeHash, code)
    const { nonce, balance } = account
    accounts.set(address, {
      nonce: BigInt(nonce),
      balance: BigInt(balance),
      storageRoot: EMPTY_TRIE_ROOT,
      codeHash,
    })
    const slots = new Map<Hex, Uint8Array>()
    for (const [slot, value] of Object.entries(account.storage)) {
      const bytes = trimLeadingZeros(bigintToFixedBytes(BigInt(value), 32))
      if (bytes.length > 0) slots.set(bytesToHex(bigintToFixedBytes(BigInt(slot), 32)), bytes)
    }
    if (slots.size > 0) storage.set(address, { cleared: false, slots })
  }
  return { accounts, storage, code: codes }
}
