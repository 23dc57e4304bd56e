/** An experiment on a chain in memory, stopped at every line of its log and gone on with. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { keccak256, parseTransaction, recoverTransactionAddress } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { afterAll, expect, test } from 'vitest'
import { createRpcEndpoint, type RpcRequest } from '../../../src/l1/rpcEndpoint.ts'
import { type Address, type Hash, type Hex, toQuantity } from '../../../src/primitives/hex.ts'
import { createBlobProver } from '../../../src/propose/blobProver.ts'
import { createL1Rpc } from '../../../src/propose/l1Rpc.ts'
import type { ProbeDeps } from '../../../src/research/probe/deps.ts'
import { type ProbeEvent, parseEvent } from '../../../src/research/probe/events.ts'
import { openProbeLog, type ProbeLog } from '../../../src/research/probe/log.ts'
import type { Plan } from '../../../src/research/probe/plan.ts'
import { runProbes } from '../../../src/research/probe/run.ts'
import { createDevnetSpec } from '../../../src/spec/devnet.ts'

const KEY: Hex = `0x${'42'.repeat(32)}`
const PAYER = privateKeyToAccount(KEY)
const SENSITIVE: Address = `0x${'5a'.repeat(20)}`
const CHAIN_ID = 1670042n
const PLAN: Plan = {
  run: `0x${'07'.repeat(16)}`,
  chain: { name: 'memory', l1ChainId: '31337', l2ChainId: String(CHAIN_ID) },
  payer: PAYER.address.toLowerCase() as Address,
  seed: 3,
  groups: 2,
  entries: ['rpc'],
  classes: ['transfer', 'call', 'sensitive'],
  intervalMs: 0,
  cutoffMs: 1_000,
  until: 'safe',
  sensitive: [SENSITIVE],
  contract: null,
}
const PROBES = PLAN.groups * PLAN.classes.length
const SPEC = createDevnetSpec({
  l1ChainId: 31_337n,
  l2ChainId: CHAIN_ID,
  inbox: `0x${'11'.repeat(20)}`,
  startBlock: 0n,
  genesisTime: 0n,
  secondsPerSlot: 12n,
  genesis: { hash: `0x${'00'.repeat(32)}`, stateRoot: `0x${'00'.repeat(32)}` },
})

const root = mkdtempSync(join(tmpdir(), 'plumbline-probe-run-'))
afterAll(() => rmSync(root, { recursive: true }))

/** Every transaction is a block at once; what is sent to the sensitive address is taken and forgotten. */
function createMemoryChain() {
  const blocks: Hash[] = []
  const nonces = new Map<string, number>()
  const forgotten: Hash[] = []
  const take = async (raw: Hex): Promise<Hash> => {
    const hash = keccak256(raw)
    const { nonce = 0, to } = parseTransaction(raw)
    const sender = (
      await recoverTransactionAddress({ serializedTransaction: raw as `0x02${string}` })
    ).toLowerCase()
    if (blocks.includes(hash)) throw Object.assign(new Error('already known'), { code: -32000 })
    if (to?.toLowerCase() === SENSITIVE) {
      forgotten.push(hash)
      return hash
    }
    if (nonce !== (nonces.get(sender) ?? 0)) throw Object.assign(new Error('nonce too low'), { code: -32000 })
    nonces.set(sender, nonce + 1)
    blocks.push(hash)
    return hash
  }
  const request: RpcRequest = async (method, [first]) => {
    switch (method) {
      case 'eth_sendRawTransaction':
        return take(first as Hex)
      case 'eth_getBlockByNumber':
        return {
          number: toQuantity(blocks.length),
          hash: blocks.at(-1) ?? `0x${'00'.repeat(32)}`,
          baseFeePerGas: '0x989680',
        }
      case 'eth_maxPriorityFeePerGas':
        return '0xf4240'
      case 'eth_getTransactionCount':
        return toQuantity(nonces.get((first as string).toLowerCase()) ?? 0)
      case 'eth_getBalance':
        return toQuantity(10n ** 20n)
      case 'eth_getTransactionReceipt':
      case 'eth_getTransactionByHash': {
        const index = blocks.indexOf(first as Hash)
        return index < 0 ? null : { status: '0x1', blockNumber: toQuantity(index + 1), logs: [] }
      }
      default:
        throw Object.assign(new Error(`the method ${method} does not exist`), { code: -32601 })
    }
  }
  return { request, blocks, nonces, forgotten }
}

class KilledError extends Error {}

/** A process: it ends when the log comes to a line, `before` or after it is written, and nothing of it goes on. */
async function runOnce(
  chain: ReturnType<typeof createMemoryChain>,
  path: string,
  end?: { readonly line: number; readonly before: boolean },
): Promise<number> {
  const log = openProbeLog(path)
  let lines = 0
  let isDead = false
  const dieWhenDead = () => {
    if (isDead) throw new KilledError()
  }
  const dying: ProbeLog = {
    ...log,
    append(...events) {
      dieWhenDead()
      lines++
      isDead = lines === end?.line
      if (isDead && end?.before) throw new KilledError()
      log.append(...events)
      dieWhenDead()
    },
  }
  const request: RpcRequest = async (method, params) => {
    dieWhenDead()
    const answer = await chain.request(method, params)
    dieWhenDead()
    return answer
  }
  const deps: ProbeDeps = {
    spec: SPEC,
    l2: createL1Rpc({ name: 'memory', request, limits: { requestsPerSecond: 10_000 } }),
    observer: createRpcEndpoint({ name: 'memory', request, limits: { requestsPerSecond: 10_000 } }),
    payer: PAYER,
    payerKey: KEY,
    prover: createBlobProver(0),
    now: Date.now,
  }
  try {
    await runProbes(deps, PLAN, dying, {
      budget: 10n ** 18n,
      signal: new AbortController().signal,
      warn: () => {},
      onProgress: () => {},
    })
  } catch (error) {
    if (!isDead) throw error
  } finally {
    log.close()
  }
  return lines
}

function expectWhole(chain: ReturnType<typeof createMemoryChain>, path: string): void {
  const events = readFileSync(path, 'utf8').split('\n').slice(0, -1).map(parseEvent)
  const of = <T extends ProbeEvent['type']>(type: T) =>
    events.filter((event): event is Extract<ProbeEvent, { readonly type: T }> => event.type === type)
  expect(of('group').map(({ group }) => group)).toEqual([0, 1])
  expect(of('sending').map(({ group }) => group)).toEqual([0, 1])
  const hashes = of('group').flatMap(({ probes }) => probes.map(({ hash }) => hash))
  expect(new Set(of('answer').map(({ hash }) => hash)).size).toBe(PROBES)
  expect(of('answer')).toHaveLength(PROBES)
  expect(of('ended')).toHaveLength(PROBES)
  // On the chain: money for each, the contract, and every probe that is not kept out, once.
  expect(chain.nonces.get(PLAN.payer)).toBe(PROBES + 1)
  const landed = of('group').flatMap(({ probes }) => probes.filter(({ class: each }) => each !== 'sensitive'))
  expect(chain.blocks.filter((hash) => hashes.includes(hash)).sort()).toEqual(
    landed.map(({ hash }) => hash).sort(),
  )
  expect(chain.blocks).toHaveLength(PROBES + 1 + landed.length)
  for (const clock of ['latest', 'safe'])
    expect(
      of('seen')
        .flatMap((event) => (event.clock === clock ? event.hash : []))
        .sort(),
    ).toEqual(landed.map(({ hash }) => hash).sort())
}

test('runs to its end, and a second time sends nothing', async () => {
  const chain = createMemoryChain()
  const path = join(root, 'whole.ndjson')
  await runOnce(chain, path)
  expectWhole(chain, path)
  const before = readFileSync(path, 'utf8')
  expect(await runOnce(chain, path)).toBe(0)
  expect(readFileSync(path, 'utf8')).toBe(before)
  expect(chain.forgotten).toHaveLength(PLAN.groups)
})

test('stopped before or after any line of its log, it goes on without losing or repeating anything', async () => {
  const lines = await runOnce(createMemoryChain(), join(root, 'count.ndjson'))
  expect(lines).toBeGreaterThan(20)
  const stops = Array.from({ length: lines }, (_, index) => index + 1).flatMap((line) => [
    { line, before: true },
    { line, before: false },
  ])
  await Promise.all(
    stops.map(async (stop) => {
      const chain = createMemoryChain()
      const path = join(root, `${stop.line}-${stop.before}.ndjson`)
      await runOnce(chain, path, stop)
      await runOnce(chain, path)
      expectWhole(chain, path)
    }),
  )
}, 180_000)
