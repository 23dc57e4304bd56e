/** What looks make of a node that reorganises, and of one that does not answer for a while. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { RpcEndpoint } from '../../../src/l1/rpcEndpoint.ts'
import { TemporaryError } from '../../../src/primitives/errors.ts'
import { type Hash, toQuantity, ZERO_ADDRESS } from '../../../src/primitives/hex.ts'
import { openProbeLog } from '../../../src/research/probe/log.ts'
import { outcomeAt } from '../../../src/research/probe/outcome.ts'
import type { Plan } from '../../../src/research/probe/plan.ts'
import { createProbeState } from '../../../src/research/probe/state.ts'
import { watchProbes } from '../../../src/research/probe/watch.ts'

const HASH: Hash = `0x${'01'.repeat(32)}`
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

/** One look: its time in ms after sending, the heads, and the block of the probe; null: the node does not answer. */
type Look =
  | { readonly at: number; readonly latest: number; readonly safe: number; readonly block?: number }
  | { readonly at: number; readonly down: true }

/** Follows the script, one step a look; the last step stays. */
async function watch(name: string, script: readonly Look[]) {
  const log = openProbeLog(join(root, name))
  const state = createProbeState(log)
  const probe = {
    entry: 'rpc',
    class: 'transfer',
    sender: ZERO_ADDRESS,
    to: null,
    raw: '0x',
    hash: HASH,
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
    { type: 'answer', hash: HASH, sentAt: 1_000_000, at: 1_000_005, outcome: 'accepted', detail: '' },
  )
  let step = 0
  const current = () => script[Math.min(step, script.length - 1)]!
  const observer: RpcEndpoint = {
    name: 'scripted',
    async call(calls) {
      const look = current()
      if ('down' in look) throw new TemporaryError('no answer')
      return calls.map(({ method, params }) => {
        if (method === 'eth_getTransactionReceipt')
          return look.block === undefined ? null : { blockNumber: toQuantity(look.block), status: '0x1' }
        if (method !== 'eth_getBlockByNumber') throw new TemporaryError('no such method')
        const number = look[params[0] as 'latest' | 'safe']
        return { number: toQuantity(number), hash: `0x${number.toString(16).padStart(64, '0')}` }
      })
    },
  }
  await watchProbes(
    { observer, now: () => 1_000_000 + current().at },
    { plan: PLAN, state, isAllSent: () => true, onLook: () => step++ },
    new AbortController().signal,
  )
  log.close()
  const told = state.events().slice(2)
  return { told, outcome: outcomeAt(state.record(HASH)!, 'safe', PLAN), record: state.record(HASH)! }
}

test('a block that goes away is told once, and the probe is looked for again', async () => {
  const { told, outcome, record } = await watch('reorg', [
    { at: 250, latest: 1, safe: 0 },
    { at: 500, latest: 2, safe: 1, block: 2 },
    { at: 750, latest: 2, safe: 2 },
    { at: 1_000, latest: 2, safe: 2 },
    { at: 1_250, latest: 3, safe: 2, block: 3 },
    { at: 1_500, latest: 4, safe: 3, block: 3 },
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
    { at: 9_500, latest: 5, safe: 5, block: 3 },
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
