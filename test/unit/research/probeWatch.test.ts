/** What looks make of a node that reorganises, and of one that does not answer for a while. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { RpcEndpoint, RpcRequest } from '../../../src/l1/rpcEndpoint.ts'
import { TemporaryError } from '../../../src/primitives/errors.ts'
import { type Hash, toQuantity, ZERO_ADDRESS } from '../../../src/primitives/hex.ts'
import { openProbeLog } from '../../../src/research/probe/log.ts'
import { outcomeAt } from '../../../src/research/probe/outcome.ts'
import type { Plan } from '../../../src/research/probe/plan.ts'
import { createProbeState } from '../../../src/research/probe/state.ts'
import { watchProbes } from '../../../src/research/probe/watch.ts'

const HASH: Hash = `0x${'01'.repeat(32)}`
const QUEUEING = { raw: '0x', hash: `0x${'02'.repeat(32)}`, sidecar: 0 } as const
const PLAN: Plan = {
  run: '0x01',
  chain: { name: 'scripted', l1ChainId: '1', l2ChainId: '2' },
  payer: ZERO_ADDRESS,
  seed: 1,
  groups: 1,
  entries: ['rpc'],
  classes: ['transfer'],
  intervalMs: 0,
  cutoffMs: 60_000,
  until: 'safe',
  sensitive: [],
  contract: null,
}

const root = mkdtempSync(join(tmpdir(), 'plumbline-probe-watch-'))
afterAll(() => rmSync(root, { recursive: true }))

/** One look: its time in ms after sending, the heads, and the receipt's block of the probe, or what a node says instead; or it does not answer. */
type Look =
  | { readonly at: number; readonly latest: number; readonly safe: number; readonly block?: unknown }
  | { readonly at: number; readonly down: true }

/** Follows the script, one step a look; the last step stays. `answeredAt`: of the entry point, ms after sending. With `l1` by force. */
async function watch(
  name: string,
  script: readonly Look[],
  { answeredAt = 5, l1 }: { readonly answeredAt?: number; readonly l1?: RpcRequest } = {},
) {
  const log = openProbeLog(join(root, name))
  const state = createProbeState(log)
  const probe = {
    entry: l1 ? 'forced' : 'rpc',
    class: 'transfer',
    sender: ZERO_ADDRESS,
    to: null,
    raw: '0x',
    hash: HASH,
    ...(l1 && { l1: QUEUEING }),
  } as const
  state.write(
    {
      type: 'group',
      group: 0,
      gasPrice: { maxFeePerGas: '1', maxPriorityFeePerGas: '1' },
      funding: [],
      cost: { l1: '0', l2: '0' },
      probes: [probe],
    },
    { type: 'sending', group: 0, at: 1_000_000 },
  )
  let step = 0
  const answer = () => {
    const at = 1_000_000 + answeredAt
    if (state.record(HASH)?.answer !== undefined || 1_000_000 + current().at < at) return
    state.write({ type: 'answer', hash: HASH, sentAt: 1_000_000, at, outcome: 'accepted', detail: '' })
  }
  const current = () => script[Math.min(step, script.length - 1)]!
  const observer: RpcEndpoint = {
    name: 'scripted',
    async call(calls) {
      const look = current()
      if ('down' in look) throw new TemporaryError('no answer')
      return calls.map(({ method, params }) => {
        if (method === 'eth_getTransactionReceipt')
          return look.block === undefined ? null : { blockNumber: look.block, status: '0x1' }
        if (method !== 'eth_getBlockByNumber') throw new TemporaryError('no such method')
        const number = look[params[0] as 'latest' | 'safe']
        return { number: toQuantity(number), hash: `0x${number.toString(16).padStart(64, '0')}` }
      })
    },
  }
  const warnings: string[] = []
  answer()
  const onLook = () => {
    step++
    answer()
  }
  const isAllSent = () => state.record(HASH)?.answer !== undefined
  await watchProbes(
    { observer, ...(l1 && { l1 }), now: () => 1_000_000 + current().at },
    { plan: PLAN, state, isAllSent, onLook, warn: (sentence) => warnings.push(sentence) },
    new AbortController().signal,
  )
  log.close()
  // Whoever goes on with it reads the same.
  const reread = openProbeLog(join(root, name))
  expect(reread.events()).toEqual(state.events())
  reread.close()
  const told = state.events().filter(({ type }) => !['group', 'sending', 'answer'].includes(type))
  const record = state.record(HASH)!
  return { told, warnings, outcome: outcomeAt(record, 'safe', PLAN), record }
}

test('a block that goes away is told once, and the probe is looked for again', async () => {
  const { told, outcome, record } = await watch('reorg', [
    { at: 250, latest: 1, safe: 0 },
    { at: 500, latest: 2, safe: 1, block: '0x2' },
    { at: 750, latest: 2, safe: 2 },
    { at: 1_000, latest: 2, safe: 2 },
    { at: 1_250, latest: 3, safe: 2, block: '0x3' },
    { at: 1_500, latest: 4, safe: 3, block: '0x3' },
  ])
  const at = (ms: number) => 1_000_000 + ms
  expect(told).toEqual([
    { type: 'seen', hash: HASH, clock: 'latest', after: at(250), at: at(500), block: 2 },
    { type: 'displaced', hash: HASH, at: at(750) },
    { type: 'seen', hash: HASH, clock: 'safe', after: at(1_250), at: at(1_500), block: 3, l1: null },
    { type: 'ended', hash: HASH, at: at(1_500) },
  ])
  expect(outcome).toEqual({ type: 'reached', latency: 1_500, least: 1_250 })
  expect(record.displaced).toBe(1)
})

test('what comes while the node does not answer has no time, and what never comes is missing', async () => {
  const late = await watch('down', [
    { at: 250, latest: 1, safe: 0 },
    { at: 500, down: true },
    { at: 9_000, down: true },
    { at: 9_500, latest: 5, safe: 5, block: '0x3' },
  ])
  expect(late.told).toMatchObject([
    { type: 'seen', clock: 'latest', after: 1_000_250, at: 1_009_500 },
    { type: 'seen', clock: 'safe', after: 1_000_250, at: 1_009_500 },
    { type: 'ended' },
  ])
  expect(late.outcome).toEqual({ type: 'untimed' })
  const never = await watch('never', [
    { at: 250, latest: 1, safe: 0 },
    { at: 59_999, latest: 50, safe: 49 },
    { at: 60_000, latest: 50, safe: 49 },
  ])
  expect(never.told).toEqual([{ type: 'ended', hash: HASH, at: 1_060_000 }])
  expect(never.outcome).toEqual({ type: 'missing' })
})

test('what an entry point says late is looked for from the moment of sending', async () => {
  const { outcome } = await watch(
    'slow',
    [
      { at: 250, latest: 1, safe: 0 },
      { at: 6_000, latest: 2, safe: 0 },
      { at: 6_250, latest: 3, safe: 0, block: '0x3' },
      { at: 6_500, latest: 4, safe: 3, block: '0x3' },
      { at: 7_000, latest: 5, safe: 3, block: '0x3' },
    ],
    { answeredAt: 7_000 },
  )
  expect(outcome).toEqual({ type: 'reached', latency: 6_500, least: 6_250 })
})

test('a receipt that says no block is no word, and the log stays one', async () => {
  const { told } = await watch('malformed', [
    { at: 250, latest: 1, safe: 0, block: null },
    { at: 500, latest: 1, safe: 0, block: 'one' },
    { at: 750, latest: 2, safe: 1, block: '0x1' },
  ])
  expect(told).toMatchObject([
    { type: 'seen', clock: 'latest', at: 1_000_750, block: 1 },
    { type: 'seen', clock: 'safe', at: 1_000_750, block: 1 },
    { type: 'ended' },
  ])
})

test('a node that does not answer for long is told of, once', async () => {
  const { warnings, outcome } = await watch('silent', [
    { at: 250, latest: 1, safe: 0 },
    { at: 20_000, down: true },
    { at: 40_000, down: true },
    { at: 50_000, down: true },
    { at: 60_000, latest: 50, safe: 49 },
  ])
  expect(warnings).toEqual(['scripted: no answer; probes cannot be looked for, trying again'])
  expect(outcome).toEqual({ type: 'missing' })
})

test('an L1 server that does not have the block of a receipt yet is asked again', async () => {
  let asked = 0
  const l1: RpcRequest = async (method) => {
    if (method === 'eth_getTransactionReceipt') return { blockNumber: '0x7', status: '0x1' }
    return ++asked < 2 ? null : { timestamp: '0x54' }
  }
  const { told } = await watch(
    'behind',
    [
      { at: 2_000, latest: 1, safe: 0 },
      { at: 4_000, latest: 2, safe: 0 },
      { at: 6_000, latest: 3, safe: 3, block: '0x3' },
    ],
    { l1 },
  )
  expect(told[0]).toEqual({
    ...{ type: 'queued', hash: HASH, after: 1_000_000, at: 1_004_000 },
    ...{ succeeded: true, l1Block: 7, l1Time: 84 },
  })
})
