/** The simulated L1's beacon node and blob servers: slots from timestamps, true commitments, 404 for what is missed. */
import { createHash } from 'node:crypto'
import kzg from 'c-kzg'
import { describe, expect, test } from 'vitest'
import { bytesToHex, type Hex, hexToBytes } from '../../../src/primitives/hex.ts'
import { versionedHashOf } from '../../support/l1/blob.ts'
import { createBusyChain } from '../../support/l1/busyChain.ts'
import { serveL1 } from '../../support/l1/server.ts'
import type { SimulatedL1 } from '../../support/l1/simulatedL1.ts'

const l1 = createBusyChain({ seed: 1 })
/** Block 6 holds a foreign blob, then two of ours. */
const busy = l1.blockAt(6)
const ours = busy.transactions[2]!.blobHashes

async function get(path: string, chain: SimulatedL1 = l1) {
  const response = await chain.fetch(path)
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked into field by field.
  return { status: response.status, body: (await response.json()) as any }
}

const hashOf = (blob: Hex) => versionedHashOf(kzg.blobToKzgCommitment(hexToBytes(blob)))

describe('blobs', () => {
  test('of a slot are those of its transactions, in order, and c-kzg commits to their hashes', async () => {
    const { status, body } = await get(`/eth/v1/beacon/blobs/${busy.beacon.slot}`)
    expect(status).toBe(200)
    expect(body.data.map(hashOf)).toEqual(busy.transactions.flatMap(({ blobHashes }) => blobHashes))
    expect(body.finalized).toBe(false)
  })

  test('can be asked for by versioned hash, repeated or with commas, and by root or head', async () => {
    const base = `/eth/v1/beacon/blobs/${busy.beacon.root}?versioned_hashes=`
    for (const query of [ours.join(','), ours.join('&versioned_hashes=')])
      expect((await get(base + query)).body.data.map(hashOf)).toEqual(ours)
    expect((await get('/eth/v1/beacon/blobs/head')).body.data).toEqual([])
  })

  test('come as SSZ to who asks for it', async () => {
    const headers = { accept: 'application/octet-stream' }
    const response = await l1.fetch(`/eth/v1/beacon/blobs/${busy.beacon.slot}`, { headers })
    const bytes = new Uint8Array(await response.arrayBuffer())
    expect(bytes).toEqual(new Uint8Array(Buffer.concat(busy.blobs.map((blob) => blob.bytes))))
  })

  test('have proofs in the older sidecars, which c-kzg accepts', async () => {
    const { body } = await get(`/eth/v1/beacon/blob_sidecars/${busy.beacon.slot}?indices=1,2`)
    expect(body.data.map(({ index }: { index: string }) => index)).toEqual(['1', '2'])
    for (const { blob, kzg_commitment, kzg_proof } of body.data)
      expect(
        kzg.verifyBlobKzgProof(hexToBytes(blob), hexToBytes(kzg_commitment), hexToBytes(kzg_proof)),
      ).toBe(true)
  })

  test('can be had of blob servers, inline and by reference', async () => {
    const [hash] = ours
    const { body } = await get(`/blobs/${hash}`)
    expect([body.versionedHash, hashOf(body.data)]).toEqual([hash, hash])
    const reference = (await get(`http://archive.test/blobscan/blobs/${hash}`)).body
    expect(reference.data).toBeUndefined()
    const data = await l1.fetch(reference.dataStorageReferences[0].url)
    expect(hashOf(bytesToHex(new Uint8Array(await data.arrayBuffer())))).toBe(hash)
    expect((await get(`/blobs/0x${'ab'.repeat(32)}`)).status).toBe(404)
  })

  test('are gone where sidecars are retired or the slot is too old', async () => {
    const chain = createBusyChain({ seed: 1, blobSidecars: false, blobRetentionSlots: 4 })
    expect((await get('/eth/v1/beacon/blob_sidecars/head', chain)).status).toBe(410)
    expect((await get(`/eth/v1/beacon/blobs/${chain.blockAt(9).beacon.slot}`, chain)).body.data).toHaveLength(
      1,
    )
    expect((await get(`/eth/v1/beacon/blobs/${chain.blockAt(3).beacon.slot}`, chain)).status).toBe(404)
  })
})

describe('blocks', () => {
  test('stand at the slot of their timestamp; a missed slot and a malformed one are told apart', async () => {
    const [before, after] = [l1.blockAt(3), l1.blockAt(4)]
    expect(after.beacon.slot - before.beacon.slot).toBe(4)
    const spec = (await get('/eth/v1/config/spec')).body.data
    const genesis = (await get('/eth/v1/beacon/genesis')).body.data
    const slot = (after.header.timestamp - BigInt(genesis.genesis_time)) / BigInt(spec.SECONDS_PER_SLOT)
    const { body } = await get(`/eth/v2/beacon/blocks/${slot}`)
    expect(body.data.message.body.execution_payload.block_hash).toBe(after.hash)
    for (const missed of [1, 2, 3])
      expect((await get(`/eth/v1/beacon/blobs/${before.beacon.slot + missed}`)).status).toBe(404)
    expect((await get('/eth/v1/beacon/headers/latest')).status).toBe(400)
  })

  test('name the commitments of their blobs', async () => {
    const { body } = await get(`/eth/v2/beacon/blocks/${busy.beacon.slot}`)
    const hashes = body.data.message.body.blob_kzg_commitments.map((c: Hex) => versionedHashOf(hexToBytes(c)))
    expect(hashes).toEqual(busy.blobs.map((blob) => blob.versionedHash))
  })

  test('have the hash tree root of their header as root', async () => {
    const { body } = await get(`/eth/v1/beacon/headers/${busy.beacon.slot}`)
    const { slot, proposer_index, parent_root, state_root, body_root } = body.data.header.message
    const number = (value: string) => {
      const chunk = Buffer.alloc(32)
      chunk.writeBigUInt64LE(BigInt(value))
      return chunk
    }
    const sha = (...parts: Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest()
    const root = (hex: string) => Buffer.from(hex.slice(2), 'hex')
    const zero = Buffer.alloc(32)
    const left = sha(sha(number(slot), number(proposer_index)), sha(root(parent_root), root(state_root)))
    const right = sha(sha(root(body_root), zero), sha(zero, zero))
    expect(body.data.root).toBe(`0x${sha(left, right).toString('hex')}`)
    expect(l1.blockAt(7).header.parentBeaconBlockRoot).toBe(body.data.root)
  })
})

describe('finality', () => {
  test('moves on command, in both layers', async () => {
    const chain = createBusyChain({ seed: 1 })
    const finalized = async () => {
      const { data } = (await get('/eth/v1/beacon/states/head/finality_checkpoints', chain)).body
      const header = (await get(`/eth/v1/beacon/headers/${data.finalized.root}`, chain)).body
      const block = (await chain.request('eth_getBlockByNumber', ['finalized', false])) as {
        parentHash: string
      }
      return {
        slot: Number(header.data.header.message.slot),
        epoch: data.finalized.epoch,
        parentHash: block.parentHash,
      }
    }
    expect(await finalized()).toMatchObject({ slot: 0, epoch: '0' })
    chain.setFinalized(6)
    const block = chain.blockAt(6)
    expect(await finalized()).toEqual({
      slot: block.beacon.slot,
      epoch: '1',
      parentHash: block.header.parentHash,
    })
    expect((await get(`/eth/v1/beacon/blobs/${block.beacon.slot}`, chain)).body.finalized).toBe(true)
    expect((await get('/eth/v1/beacon/blobs/head', chain)).body.finalized).toBe(false)
  })
})

describe('after a reorg', () => {
  test('a slot answers for the new branch, a root still for the old one', async () => {
    const chain = createBusyChain({ seed: 1 })
    const old = chain.blockAt(9)
    chain.reorg({ depth: 2, transactions: 'drop' })
    expect(chain.blockAt(9).beacon.slot).toBe(old.beacon.slot)
    expect((await get(`/eth/v1/beacon/blobs/${old.beacon.slot}`, chain)).body.data).toEqual([])
    expect((await get(`/eth/v1/beacon/blobs/${old.beacon.root}`, chain)).body.data).toHaveLength(1)
    const header = await get(`/eth/v1/beacon/headers/${old.beacon.root}`, chain)
    expect(header.body.data.canonical).toBe(false)
  })
})

test('a socket serves the same answers', async () => {
  const server = await serveL1(l1)
  try {
    for (const path of [
      `/eth/v1/beacon/blobs/${busy.beacon.slot}`,
      '/eth/v1/config/spec',
      '/eth/v1/beacon/headers/999',
    ]) {
      const [near, far] = await Promise.all([l1.fetch(path), fetch(server.url + path)])
      expect([far.status, await far.text()]).toEqual([near.status, await near.text()])
    }
  } finally {
    await server.close()
  }
})
