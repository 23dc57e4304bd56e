/** Captured inputs of the Taiko provers come out with the block hashes their own clients computed. INV-6, INV-8. */
import { describe, expect, test } from 'vitest'
import { createEngine } from '../../../src/engine/vm.ts'
import { keccak256Hex } from '../../../src/primitives/keccak.ts'
import { encodeRlp } from '../../../src/primitives/rlp.ts'
import { formatWitnessFile } from '../../../src/replay/file/witnessFile.ts'
import { readInput } from '../../../src/replay/readInput.ts'
import { replay } from '../../../src/replay/replay.ts'
import { hasSharedFixture, readSharedText } from '../../support/fixtures.ts'

const CAPTURED = [
  { name: 'surge-dev-shasta-proposal1-10blocks', blocks: 10, kept: 0, dropped: 0 },
  { name: 'taiko-hekla-pacaya-batch1306738', blocks: 1, kept: 1, dropped: 0 },
  { name: 'taiko-mainnet-ontake-block780758', blocks: 1, kept: 2, dropped: 797 },
] as const
const path = (name: string) => `taiko/${name}.guest-input.json`
const HEKLA = path('taiko-hekla-pacaya-batch1306738')
const SURGE = path('surge-dev-shasta-proposal1-10blocks')

async function replayAll(text: string) {
  const input = readInput(text)
  const engine = createEngine({ spec: input.spec })
  const blocks = []
  for await (const block of replay(input, engine)) blocks.push(block)
  await engine.close()
  return { input, blocks }
}

describe.each(CAPTURED)('$name', ({ name, blocks: count, kept, dropped }) => {
  test.skipIf(!hasSharedFixture(path(name)))('re-derives to the exact block hashes', async () => {
    const { blocks } = await replayAll(readSharedText(path(name)))
    expect(blocks.map(({ executed }) => executed.hash)).toEqual(blocks.map(({ expected }) => expected))
    expect(blocks).toHaveLength(count)
    const user = blocks.reduce((sum, { executed }) => sum + executed.transactions.length - 1, 0)
    const skipped = blocks.reduce((sum, { executed }) => sum + executed.dropped.length, 0)
    expect({ user, skipped }).toEqual({ user: kept, skipped: dropped })
  })

  test.skipIf(!hasSharedFixture(path(name)))('is recorded as a witness file that replays alone', async () => {
    const { input, blocks } = await replayAll(readSharedText(path(name)))
    const again = await replayAll(formatWitnessFile(input))
    expect(again.blocks.map(({ executed }) => executed.hash)).toEqual(blocks.map(({ expected }) => expected))
  })
})

/** The parts of a guest input that the tests change. */
type Guest = {
  readonly inputs: {
    readonly parent_state_trie: Node
    readonly parent_storage: Record<string, [Node, unknown]>
    readonly parent_header: Record<string, number>
    readonly ancestor_headers: { gas_used: number }[]
    contracts: string[]
  }[]
  readonly taiko: {
    readonly tx_data_from_blob: number[][]
    readonly l1_header: { state_root: string }
    l1_ancestor_headers: unknown[]
    readonly batch_proposed: { readonly Pacaya: { readonly info: { blobByteSize: number } } }
  }
}

/** The captured text with one thing changed. */
function tampered(file: string, change: (json: Guest) => void): string {
  const json = JSON.parse(readSharedText(file))
  change(json)
  return JSON.stringify(json)
}

const refused = (text: string) => expect(replayAll(text)).rejects

describe.skipIf(!hasSharedFixture(HEKLA))('an input that was tampered with', () => {
  test('is refused for a flipped blob byte, by its versioned hash', async () => {
    const text = tampered(HEKLA, (json) => {
      const blob = json.taiko.tx_data_from_blob[0]!
      blob[100] = blob[100]! ^ 1
    })
    await refused(text).toThrow(/blob 0 of source 0 hashes to/)
  })

  test('is refused for a changed state leaf, by the state root', async () => {
    const text = tampered(HEKLA, (json) => {
      const value = firstLeaf(json.inputs[0]!.parent_state_trie)!
      value[value.length - 1] = value[value.length - 1]! ^ 1
    })
    await refused(text).toThrow(/state trie's root is/)
  })

  test('is refused for a changed storage leaf, by the account', async () => {
    const text = tampered(HEKLA, (json) => {
      const tries = Object.values(json.inputs[0]!.parent_storage)
      const value = tries.map(([trie]) => firstLeaf(trie)).find((leaf) => leaf !== undefined)!
      value[value.length - 1] = value[value.length - 1]! ^ 1
    })
    await refused(text).toThrow(/storage trie of 0x[0-9a-f]{40} has root/)
  })

  test.each(['gas_used', 'timestamp', 'base_fee_per_gas', 'gas_limit'])(
    'is refused for a changed parent %s, by the parent hash',
    async (field) => {
      const text = tampered(HEKLA, (json) => {
        const parent = json.inputs[0]!.parent_header
        parent[field] = parent[field]! + 1
      })
      await refused(text).toThrow(/the parent header hashes to/)
    },
  )

  test('is refused for a changed ancestor, by the chain of hashes', async () => {
    const text = tampered(HEKLA, (json) => {
      json.inputs[0]!.ancestor_headers[7]!.gas_used += 1
    })
    await refused(text).toThrow(/is not the parent of block/)
  })

  test('is refused for a changed L1 header, by the hash the proposal names', async () => {
    const text = tampered(HEKLA, (json) => {
      json.taiko.l1_header.state_root = `0x${'11'.repeat(32)}`
    })
    await refused(text).toThrow(/L1 header 3606913 hashes to/)
  })

  test('is refused for a changed batch info, by its hash', async () => {
    const text = tampered(HEKLA, (json) => {
      json.taiko.batch_proposed.Pacaya.info.blobByteSize -= 1
    })
    await refused(text).toThrow(/the batch info hashes to/)
  })

  test('is refused, never executed otherwise, when code is missing', async () => {
    const text = tampered(HEKLA, (json) => {
      json.inputs[0]!.contracts = []
    })
    await refused(text).toThrow(/code 0x[0-9a-f]{64} is missing/)
  })

  test('is refused at every account whose path is cut off', async () => {
    const original = JSON.parse(readSharedText(HEKLA))
    const leaves = countLeaves(original.inputs[0].parent_state_trie)
    expect(leaves).toBe(14)
    let missing = 0
    for (let index = 0; index < leaves; index++) {
      const text = tampered(HEKLA, (json) => cutLeaf(json.inputs[0]!.parent_state_trie, index))
      await replayAll(text).then(
        ({ blocks }) => expect(blocks[0]!.executed.hash).toBe(blocks[0]!.expected),
        (error: Error) => {
          expect(error.message).toMatch(/is missing/)
          missing++
        },
      )
    }
    // Accounts the file carries and execution never reads may be cut; all others are missed.
    expect(missing).toBeGreaterThanOrEqual(10)
  })
})

describe.skipIf(!hasSharedFixture(SURGE))('a Shasta input', () => {
  test('is refused when an L1 block that a manifest anchors to is missing', async () => {
    const text = tampered(SURGE, (json) => {
      json.taiko.l1_ancestor_headers = json.taiko.l1_ancestor_headers.slice(1)
    })
    await refused(text).toThrow(/lacks L1 block 84/)
  })
})

test.each([
  ['not json', /not JSON/],
  ['{}', /neither a guest input/],
  ['{"taiko":{},"inputs":[]}', /inputs/],
  [`{"format":"plumbline-witness-1"}`, /proposal|spec|blobs/],
])('refuses %s with a reason', (text, reason) => {
  expect(() => readInput(text)).toThrow(reason)
})

type Node = {
  data:
    | string
    | { Branch?: (Node | null)[]; Leaf?: [number[], number[]]; Extension?: [number[], Node]; Digest?: string }
} | null

function firstLeaf(node: Node): number[] | undefined {
  if (node === null || typeof node.data === 'string') return undefined
  if (node.data.Leaf) return node.data.Leaf[1]
  const children = node.data.Branch ?? (node.data.Extension ? [node.data.Extension[1]] : [])
  for (const child of children) {
    const found = firstLeaf(child)
    if (found) return found
  }
  return undefined
}

function* leafPlaces(node: Node): Generator<{ parent: Node[]; at: number }> {
  if (node === null || typeof node.data === 'string') return
  if (node.data.Extension) yield* leafPlaces(node.data.Extension[1])
  for (const [at, child] of (node.data.Branch ?? []).entries()) {
    if (child !== null && typeof child.data !== 'string' && child.data.Leaf)
      yield { parent: node.data.Branch!, at }
    else yield* leafPlaces(child)
  }
}

function countLeaves(trie: Node): number {
  return [...leafPlaces(trie)].length
}

/** Replaces the leaf by its hash, which keeps the state root as it was. */
function cutLeaf(trie: Node, index: number): void {
  const { parent, at } = [...leafPlaces(trie)][index]!
  const digest = leafDigest(parent[at]!)
  parent[at] = { data: { Digest: digest } }
}

function leafDigest(node: Node): string {
  const { Leaf } = node!.data as { Leaf: [number[], number[]] }
  return keccak256Hex(encodeRlp(Leaf.map((part) => Uint8Array.from(part))))
}
