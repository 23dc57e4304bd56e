/** Branches from beacon states, as Lodestar serves them; its own library is the oracle where it is installed. */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeDescriptor, readStateBranch } from '../../../src/l1/beaconProof.ts'
import { createHttpSource } from '../../../src/l1/httpSource.ts'
import { merkleize, rootFromBranch } from '../../../src/l1/ssz.ts'
import { concatBytes } from '../../../src/primitives/bytes.ts'
import { bytesToHex } from '../../../src/primitives/hex.ts'

const LIBRARY = join(
  import.meta.dirname,
  '../../support/pos/node_modules/@chainsafe/persistent-merkle-tree/lib/index.js',
)
type Library = { readonly computeDescriptor: (gindices: readonly bigint[]) => Uint8Array }

const sha = (...parts: readonly Uint8Array[]) =>
  new Uint8Array(
    createHash('sha256')
      .update(concatBytes(...parts))
      .digest(),
  )

/** A full tree: node `gindex` of `depth` levels, from its leaves. */
function createTree(depth: number) {
  const nodes: Uint8Array[] = []
  const width = 2 ** depth
  for (let i = 0; i < width; i++) nodes[width + i] = sha(Uint8Array.of(i))
  for (let i = width - 1; i > 0; i--) nodes[i] = sha(nodes[2 * i]!, nodes[2 * i + 1]!)
  return nodes
}
const TREE = createTree(7)
const ROOT = bytesToHex(TREE[1]!)

/** The server's walk by the descriptor: left before right, down to each node that is part of the proof. */
function serve(descriptor: Uint8Array): readonly Uint8Array[] {
  const bits = [...descriptor].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  const leaves: Uint8Array[] = []
  let at = 0
  const walk = (gindex: number): void => {
    if (bits[at++] === '1') return void leaves.push(TREE[gindex]!)
    walk(2 * gindex)
    walk(2 * gindex + 1)
  }
  walk(1)
  return leaves
}

function ssz(leaves: readonly Uint8Array[], descriptor: Uint8Array): Uint8Array<ArrayBuffer> {
  const head = new DataView(new ArrayBuffer(8))
  head.setUint32(0, 8, true)
  head.setUint32(4, 8 + 32 * leaves.length, true)
  return Uint8Array.from(concatBytes(new Uint8Array(head.buffer), ...leaves, descriptor))
}

type Bend = (leaves: readonly Uint8Array[]) => readonly Uint8Array[]
function source(form: 'ssz' | 'json', bend: Bend = (leaves) => leaves) {
  return createHttpSource({
    name: 'lodestar',
    url: 'http://beacon.test',
    fetch: async (url) => {
      const format = new URL(url).searchParams.get('format')!
      const descriptor = Uint8Array.from(Buffer.from(format.slice(2), 'hex'))
      const leaves = bend(serve(descriptor))
      if (form === 'ssz')
        return new Response(ssz(leaves, descriptor), {
          headers: { 'content-type': 'application/octet-stream' },
        })
      return Response.json({ version: 'fulu', data: { leaves: leaves.map(bytesToHex), descriptor: format } })
    },
  })
}

describe('a branch of the state', () => {
  test.each(['ssz', 'json'] as const)('is the node and its sisters, whatever the node: %s', async (form) => {
    for (const gindex of [1n, 2n, 3n, 101n, 64n, 127n, 75n, 255n]) {
      const { leaf, branch } = (await readStateBranch(source(form), { stateRoot: ROOT, gindex }))!
      expect(leaf).toEqual(TREE[Number(gindex)])
      let at = Number(gindex)
      for (const sister of branch) {
        expect(sister).toEqual(TREE[at ^ 1])
        at >>= 1
      }
      expect(at).toBe(1)
      expect(bytesToHex(rootFromBranch(leaf, branch, gindex))).toBe(ROOT)
    }
  })

  test.each<[string, Bend]>([
    [
      'one bit changed',
      (leaves) => leaves.map((leaf, i) => (i === 2 ? leaf.map((byte, j) => byte ^ (j === 0 ? 1 : 0)) : leaf)),
    ],
    ['two nodes swapped', ([a, b, ...rest]) => [b!, a!, ...rest]],
    ['one node short', (leaves) => leaves.slice(1)],
    ['one node long', (leaves) => [...leaves, leaves[0]!]],
    ['none', () => []],
  ])('is refused when it does not lead to the state root: %s', async (_name, bend) => {
    for (const form of ['ssz', 'json'] as const)
      await expect(
        readStateBranch(source(form, bend), { stateRoot: ROOT, gindex: 101n }),
      ).rejects.toMatchObject({
        name: 'WrongDataError',
      })
  })

  test('is not there where the server has no such route', async () => {
    for (const status of [404, 400, 405, 501]) {
      const server = createHttpSource({
        name: 'other',
        url: 'http://beacon.test',
        fetch: async () => new Response('', { status }),
      })
      expect(await readStateBranch(server, { stateRoot: ROOT, gindex: 101n })).toBeNull()
    }
  })
})

test.skipIf(!existsSync(LIBRARY))('descriptors are those of Lodestar’s library', async () => {
  const { computeDescriptor } = (await import(LIBRARY)) as Library
  fc.assert(
    fc.property(fc.bigInt({ min: 1n, max: 2n ** 60n }), (gindex) => {
      expect(encodeDescriptor(gindex)).toEqual(computeDescriptor([gindex]))
    }),
  )
  expect(encodeDescriptor(101n)).toEqual(computeDescriptor([101n]))
})

test('chunks that do not fill a power of two are filled up with zero chunks', () => {
  const chunk = (value: number) => new Uint8Array(32).fill(value)
  const zero = chunk(0)
  const [a, b, c] = [chunk(1), chunk(2), chunk(3)]
  expect(merkleize([a, b, c])).toEqual(sha(sha(a, b), sha(c, zero)))
  expect(merkleize([a, b, c, a, b])).toEqual(
    sha(sha(sha(a, b), sha(c, a)), sha(sha(b, zero), sha(zero, zero))),
  )
  expect(merkleize([a])).toEqual(a)
})
