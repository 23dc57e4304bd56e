/** Every fault shows, only where it says, and is what it claims: what must be refuted can be, by an examiner who trusts nothing. */
import kzg from 'c-kzg'
import { describe, expect, test } from 'vitest'
import { hexToBytes } from '../../../src/primitives/hex.ts'
import { versionedHashOf } from '../../support/l1/blob.ts'
import { createBusyChain } from '../../support/l1/busyChain.ts'
import { examineBlock } from '../../support/l1/examine.ts'
import type { Face } from '../../support/l1/face.ts'
import { FAULTS, findFault } from '../../support/l1/faults/index.ts'
import {
  createLoadBalancer,
  createLyingProvider,
  requestOver,
} from '../../support/l1/faults/lyingProvider.ts'
import { createRandom } from '../../support/l1/random.ts'
import { serveL1 } from '../../support/l1/server.ts'
import type { SimulatedL1 } from '../../support/l1/simulatedL1.ts'

const l1 = createBusyChain({ seed: 1 })
l1.setFinalized(4)
const numbers = Array.from({ length: Number(l1.head().header.number) + 1 }, (_, i) => i)
const random = createRandom('faults')
const ofType = <T extends (typeof FAULTS)[number]['type']>(type: T) =>
  FAULTS.filter((fault): fault is Extract<(typeof FAULTS)[number], { type: T }> => fault.type === type)

const hexOf = (number: number) => `0x${number.toString(16)}`
const examineAll = async (face: Face, chain: SimulatedL1 = l1) =>
  (await Promise.all(numbers.map((number) => examineBlock(face.request, chain.blockAt(number).hash)))).flat()

test('faults have names of their own', () => {
  const names = FAULTS.map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
  expect(() => findFault('no such fault')).toThrow(RangeError)
})

test('the examiner finds nothing wrong with the truth', async () => {
  expect(await examineAll(l1)).toEqual([])
})

describe('lies about blocks', () => {
  const faults = [...ofType('block'), ...ofType('answer')].map((fault) => [fault.name, fault] as const)

  test.each(faults)('%s', async (_, fault) => {
    const liar = createLyingProvider(l1, fault, random)
    const found = await examineAll(liar)
    expect(liar.told()).toBeGreaterThan(0)
    if (fault.remedy === 'refute')
      expect(found.filter((what) => what.startsWith('contradiction'))).not.toEqual([])
    // Coherent under the hash it claims, which is not the one that was asked for.
    if (fault.remedy === 'outvote') expect(new Set(found)).toEqual(new Set(['another block']))
    if (fault.remedy === 'wait') expect(found.filter((what) => !what.startsWith('absent'))).toEqual([])
  })

  test('are told in the named methods only', async () => {
    const liar = createLyingProvider(l1, findFault('log-hidden-in-logs'), random)
    const [hash] = [l1.blockAt(3).hash]
    const both = (method: string, params: unknown[]) =>
      Promise.all([liar.request(method, params), l1.request(method, params)])
    const [lie, truth] = await both('eth_getLogs', [{ blockHash: hash }])
    expect((truth as unknown[]).length - (lie as unknown[]).length).toBe(1)
    const [receipts, trueReceipts] = await both('eth_getBlockReceipts', [hash])
    expect(receipts).toEqual(trueReceipts)
  })

  test('are the same whenever and in whatever order they are asked for', async () => {
    const ask = async (order: readonly number[]) => {
      const liar = createLyingProvider(l1, findFault('header-stateRoot-altered'), createRandom(7), {
        rate: 0.5,
      })
      const answers = new Map<number, unknown>()
      for (const number of order)
        answers.set(number, await liar.request('eth_getBlockByNumber', [hexOf(number), false]))
      return numbers.map((number) => answers.get(number))
    }
    const answers = await ask(numbers)
    expect(await ask([...numbers].reverse())).toEqual(answers)
    const truth = await Promise.all(numbers.map((n) => l1.request('eth_getBlockByNumber', [hexOf(n), false])))
    const lies = answers.filter((answer, i) => JSON.stringify(answer) !== JSON.stringify(truth[i]))
    expect(lies.length).toBeGreaterThan(0)
    expect(lies.length).toBeLessThan(truth.length)
  })

  test('a forged block is found under its forged hash, and linked to by nobody', async () => {
    const liar = createLyingProvider(l1, findFault('logs-hidden-and-rehashed'), random)
    const forged = (await liar.request('eth_getBlockByNumber', ['0x3', false])) as { hash: `0x${string}` }
    expect(await examineBlock(liar.request, forged.hash)).toEqual([])
    const next = (await liar.request('eth_getBlockByNumber', ['0x4', false])) as { parentHash: string }
    expect(next.parentHash).not.toBe(forged.hash)
  })
})

describe('other views', () => {
  const headOf = async (face: Face) => Number(await face.request('eth_blockNumber'))
  const heads = async (name: string) => {
    const face = createLyingProvider(l1, findFault(name), random)
    return Promise.all(Array.from({ length: 40 }, () => headOf(face)))
  }
  const head = numbers.length - 1

  test('a stale head is five blocks behind, and knows nothing newer', async () => {
    const face = createLyingProvider(l1, findFault('head-stale'), random)
    expect(await headOf(face)).toBe(head - 5)
    expect(await face.request('eth_getBlockByHash', [l1.head().hash, false])).toBeNull()
    expect(await face.request('eth_getBlockReceipts', [hexOf(head)])).toBeNull()
    const known = l1.blockAt(head - 5).hash
    expect(await face.request('eth_getBlockByHash', [known, false])).toMatchObject({ hash: known })
    expect((await face.fetch(`/eth/v1/beacon/headers/${l1.head().beacon.slot}`)).status).toBe(404)
  })

  test('a head may go backwards, be frozen, or be split between two', async () => {
    expect(new Set(await heads('head-goes-backwards')).size).toBeGreaterThan(3)
    expect(new Set(await heads('head-split-between-two'))).toEqual(new Set([head, head - 3]))
    const chain = createBusyChain({ seed: 2 })
    const frozen = createLyingProvider(chain, findFault('head-frozen'), random)
    const before = await headOf(frozen)
    chain.mine()
    expect(await headOf(frozen)).toBe(before)
  })

  test.each(['other-branch', 'other-branch-called-final'])(
    '%s is coherent, longer and not ours',
    async (name) => {
      const chain = createBusyChain({ seed: 3 })
      const other = createLyingProvider(chain, findFault(name), random)
      expect(await headOf(other)).toBe(Number(chain.head().header.number) + 1)
      chain.mine()
      const latest = (await other.request('eth_getBlockByNumber', ['latest', false])) as {
        hash: `0x${string}`
        number: string
      }
      expect(Number(latest.number)).toBe(Number(chain.head().header.number) + 1)
      expect(await examineBlock(other.request, latest.hash)).toEqual([])
      const finalized = (await other.request('eth_getBlockByNumber', ['finalized', false])) as {
        hash: string
      }
      expect(finalized.hash === latest.hash).toBe(name === 'other-branch-called-final')
      expect(chain.head().hash).toBe(chain.blockAt(11).hash)
    },
  )

  test('a provider may waver between two branches', async () => {
    expect(new Set(await heads('other-branch-half-of-the-time')).size).toBe(2)
  })

  test('finality may be ahead of the head, or go backwards', async () => {
    const numberOf = async (face: Face, tag: string) =>
      Number(((await face.request('eth_getBlockByNumber', [tag, false])) as { number: string }).number)
    const ahead = createLyingProvider(l1, findFault('finalized-ahead-of-head'), random)
    expect([await numberOf(ahead, 'latest'), await numberOf(ahead, 'finalized')]).toEqual([4, head])
    const backwards = createLyingProvider(l1, findFault('finalized-goes-backwards'), random)
    const seen = await Promise.all(Array.from({ length: 40 }, () => numberOf(backwards, 'finalized')))
    expect([Math.min(...seen), Math.max(...seen)]).toEqual([0, 4])
  })

  test('a load balancer asks now this one, now that one', async () => {
    const stale = createLyingProvider(l1, findFault('head-stale'), random)
    const balanced = createLoadBalancer([l1, stale], random)
    const seen = await Promise.all(Array.from({ length: 20 }, () => headOf(balanced)))
    expect(new Set(seen)).toEqual(new Set([head, head - 5]))
  })
})

describe('wrong blobs', () => {
  const block = l1.blockAt(6)
  const wanted = block.blobs.map((blob) => blob.versionedHash)
  const hashOf = (blob: string): string => {
    try {
      return versionedHashOf(kzg.blobToKzgCommitment(hexToBytes(blob)))
    } catch {
      return 'not a blob'
    }
  }

  test.each(ofType('blobs').map((fault) => [fault.name, fault] as const))('%s', async (_, fault) => {
    const liar = createLyingProvider(l1, fault, random)
    const { data } = (await (await liar.fetch(`/eth/v1/beacon/blobs/${block.beacon.slot}`)).json()) as {
      data: string[]
    }
    const served = data.map(hashOf)
    const missing = wanted.filter((hash) => !served.includes(hash))
    expect(liar.told()).toBe(1)
    if (fault.remedy === 'tolerate') expect(missing).toEqual([])
    else expect(missing).not.toEqual([])
    // Nothing but what was asked for: incomplete, not wrong.
    if (fault.remedy === 'wait') expect(served.filter((hash) => !wanted.includes(hash as never))).toEqual([])
  })

  test('reach the older sidecars and blob servers too', async () => {
    const liar = createLyingProvider(l1, findFault('blob-foreign-with-its-commitment'), random)
    const sidecars = await (await liar.fetch(`/eth/v1/beacon/blob_sidecars/${block.beacon.slot}`)).json()
    for (const { blob, kzg_commitment, kzg_proof } of (sidecars as { data: Record<string, string>[] }).data) {
      const [bytes, commitment, proof] = [blob, kzg_commitment, kzg_proof].map((hex) => hexToBytes(hex!))
      // The pair is valid; it is only not the one that L1 names.
      expect(kzg.verifyBlobKzgProof(bytes!, commitment!, proof!)).toBe(true)
      expect(wanted).not.toContain(versionedHashOf(commitment!))
    }
    const archived = (await (await liar.fetch(`/blobs/${wanted[0]}`)).json()) as {
      data: string
      versionedHash: string
    }
    expect(archived.versionedHash).toBe(wanted[0])
    expect(hashOf(archived.data)).not.toBe(wanted[0])
  })
})

describe('the wire', () => {
  const BODY_MAX = 1_000_000
  const calls = [1, 2, 3].map((id) => ({
    jsonrpc: '2.0',
    id,
    method: 'eth_getBlockByNumber',
    params: [hexOf(id), false],
  }))

  /** A reader with a deadline and a cap, as every client should be. */
  async function readBatch(fetch: Face['fetch'], url: string, deadlineMs: number): Promise<unknown> {
    const signal = AbortSignal.timeout(deadlineMs)
    const response = await fetch(url, { method: 'POST', body: JSON.stringify(calls), signal })
    if (!response.ok) return `HTTP ${response.status}`
    const chunks: Uint8Array[] = []
    let size = 0
    for await (const chunk of response.body ?? []) {
      signal.throwIfAborted()
      size += (chunk as Uint8Array).length
      if (size > BODY_MAX) return 'too large'
      chunks.push(chunk as Uint8Array)
    }
    const answers = JSON.parse(Buffer.concat(chunks).toString()) as {
      id: number
      result?: { hash: string }
    }[]
    return calls.map(({ id }) => answers.find((answer) => answer.id === id)?.result?.hash)
  }
  /** Where the symptom is the same in process and over a socket. */
  const OUTCOMES: Readonly<Record<string, RegExp>> = {
    'http-429': /^HTTP 429$/,
    'http-503': /^HTTP 503$/,
    hang: /^failed: TimeoutError/,
    'hang-in-body': /^failed: TimeoutError/,
    'connection-refused': /^failed: TypeError: fetch failed$/,
    'connection-cut': /^failed: TypeError: terminated$/,
    'body-truncated': /^failed: SyntaxError/,
    'body-html': /^failed: SyntaxError/,
    'body-oversized': /^too large$/,
  }
  const truth = calls.map(({ id }) => l1.blockAt(id).hash)

  test.each(ofType('transport').map((fault) => [fault.name, fault] as const))('%s', async (_, fault) => {
    const liar = createLyingProvider(l1, fault, random)
    const server = await serveL1(liar)
    try {
      for (const [fetch, url] of [[liar.fetch, '/'] as const, [globalThis.fetch, server.url] as const]) {
        const deadlineMs = fault.name.startsWith('hang') ? 200 : 20_000
        const outcome = await readBatch(fetch, url, deadlineMs).catch((error: unknown) => `failed: ${error}`)
        if (fault.remedy === 'tolerate') expect(outcome).toEqual(truth)
        else expect(outcome).not.toEqual(truth)
        if (fault.name in OUTCOMES) expect(outcome).toMatch(OUTCOMES[fault.name]!)
      }
      expect(liar.told()).toBe(2)
    } finally {
      await server.close()
    }
  })

  test('says how long to wait with a 429', async () => {
    const response = await createLyingProvider(l1, findFault('http-429'), random).fetch(
      '/eth/v1/node/version',
    )
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '1'])
  })

  test('fails as often as asked, and honestly answers otherwise', async () => {
    const flaky = createLyingProvider(l1, findFault('http-503'), random, { rate: 0.2 })
    const request = requestOver(flaky.fetch)
    const outcomes = await Promise.all(
      Array.from({ length: 200 }, () => request('eth_chainId').catch(() => 'failed')),
    )
    const failures = outcomes.filter((outcome) => outcome === 'failed').length
    expect(failures).toBe(flaky.told())
    expect(failures).toBeGreaterThan(20)
    expect(failures).toBeLessThan(60)
    expect(new Set(outcomes)).toEqual(new Set(['failed', '0x7a69']))
  })
})
