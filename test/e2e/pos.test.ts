/** The tests' own proof-of-stake L1 is one: what it says of itself is checked by other code than its own. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bytesToHex, type Hash, type Hex, hexToBytes } from '../../src/primitives/hex.ts'
import { encodeBlobs } from '../../src/protocol/blobCodec.ts'
import { headerRoot, isSignedBy, readHeader } from '../support/pos/beaconHeader.ts'
import { sendBlobTransaction } from '../support/pos/blobTransaction.ts'
import { listenToEvents } from '../support/pos/events.ts'
import { DEV_ACCOUNTS } from '../support/pos/executionGenesis.ts'
import { foldProof, joinGindices, merkleRoot, packUint64s } from '../support/pos/merkle.ts'
import { hasPosL1, type PosL1, posL1Reason, startPosL1 } from '../support/pos/startPosL1.ts'
import { mineTransaction } from '../support/pos/transactions.ts'

const BEACON_ROOTS = '0x000f3df6d732807ef1319fb7b8bb8522d0beac02'
/** Generalized indices of Fulu. */
const LOOKAHEAD_IN_STATE = 101n
const LOOKAHEAD_IN_BLOCK = 741n
const SLOT_IN_BLOCK = 8n
const STATE_ROOT_IN_BLOCK = 11n
const VALIDATORS_IN_STATE = 75n

type ExecutionBlock = { readonly number: Hex; readonly hash: Hash; readonly timestamp: Hex }
type Duties = { dependent_root: Hash; data: { slot: string; validator_index: string; pubkey: Hex }[] }
type Checkpoints = { data: { finalized: { epoch: string; root: Hash } } }

const word = (value: number | bigint) => `0x${value.toString(16).padStart(64, '0')}` as Hex

describe.skipIf(!hasPosL1)(`a proof-of-stake L1 of the mainnet preset, driven by hand${posL1Reason}`, () => {
  let l1: PosL1
  beforeAll(async () => {
    l1 = await startPosL1({ mode: 'manual', chainId: 31_337 })
  })
  afterAll(() => l1?.close())

  const executionBlock = async (tag: string) =>
    (await l1.rpc('eth_getBlockByNumber', [tag, false])) as ExecutionBlock
  const duties = async (version: 1 | 2, epoch: number) =>
    (await l1.beacon(`/eth/v${version}/validator/duties/proposer/${epoch}`)) as Duties

  test('answers as the chain it was asked to be', async () => {
    expect(await l1.rpc('eth_chainId')).toBe('0x7a69')
    expect(await l1.beacon('/eth/v1/beacon/genesis')).toMatchObject({
      data: { genesis_time: String(l1.genesisTime) },
    })
    expect(await l1.beacon('/eth/v1/config/spec')).toMatchObject({
      data: { PRESET_BASE: 'mainnet', SECONDS_PER_SLOT: '12', SLOTS_PER_EPOCH: '32', FULU_FORK_EPOCH: '0' },
    })
    expect(Number((await executionBlock('0x0')).timestamp)).toBe(l1.genesisTime)
    const { data } = (await l1.beacon('/eth/v1/beacon/states/head/validators')) as {
      data: { index: string; validator: { pubkey: Hex } }[]
    }
    expect(data.map(({ validator }) => validator.pubkey)).toEqual(
      Array.from({ length: 64 }, (_, i) => l1.validatorKey(i).publicKey),
    )
  })

  test('whom the lookahead names proposes and signs the block of each slot, over two epoch boundaries', async () => {
    const named: number[] = []
    for (const firstSlot of [0, 32, 64]) {
      const { slot } = await l1.head()
      if (firstSlot > slot) await l1.nextSlot(firstSlot - slot)
      const lookahead = await l1.lookahead('head')
      expect(lookahead).toHaveLength(64)
      // An epoch's proposers are known an epoch before it begins.
      if (firstSlot > 0) expect(lookahead.slice(0, 32)).toEqual(named.slice(firstSlot))
      named.splice(firstSlot, 32, ...lookahead)
    }
    await l1.nextSlot(2)
    for (let slot = 1; slot <= 66; slot++) {
      const header = await readHeader(l1, slot)
      expect([slot, Number(header.header.message.proposer_index)]).toEqual([slot, named[slot]])
      expect(bytesToHex(headerRoot(header))).toBe(header.root)
      expect(await isSignedBy(l1, header, l1.validatorKey(named[slot]!).publicKey)).toBe(true)
    }
    const wrong = (named[66]! + 1) % 64
    expect(await isSignedBy(l1, await readHeader(l1, 66), l1.validatorKey(wrong).publicKey)).toBe(false)
  })

  test('both versions of the duties name the lookahead, each with its own dependent root', async () => {
    const rootBefore = async (slot: number) => (await readHeader(l1, slot - 1)).root
    const [older, newer, head] = [await rootBefore(32), await rootBefore(64), (await l1.head()).root]
    expect([(await duties(1, 2)).dependent_root, (await duties(2, 2)).dependent_root]).toEqual([newer, older])
    expect([(await duties(1, 3)).dependent_root, (await duties(2, 3)).dependent_root]).toEqual([head, newer])
    const both = [...(await duties(1, 2)).data, ...(await duties(2, 3)).data]
    expect(both.map(({ validator_index }) => Number(validator_index))).toEqual(await l1.lookahead('head'))
    expect(both.map(({ slot }) => Number(slot))).toEqual(Array.from({ length: 64 }, (_, i) => 64 + i))
    await expect(duties(2, 4)).rejects.toThrow(/400/)
  })

  test('the execution layer knows the parent root of each beacon block (EIP-4788)', async () => {
    for (const slot of [1, 31, 32, 33, 64, 66]) {
      const { parent_root } = (await readHeader(l1, slot)).header.message
      const timestamp = l1.genesisTime + slot * l1.secondsPerSlot
      const call = { to: BEACON_ROOTS, data: word(timestamp) }
      expect(await l1.rpc('eth_call', [call, 'latest'])).toBe(parent_root)
    }
  })

  test.each(['head', '33', 'genesis'])('proves the lookahead of block %s from its root', async (id) => {
    const { root, header } = await readHeader(l1, id)
    const vector = bytesToHex(merkleRoot(packUint64s(await l1.lookahead(id))))
    const ofBlock = await l1.proof(id, 'block', LOOKAHEAD_IN_BLOCK)
    expect([ofBlock.leaf, ofBlock.root, foldProof(ofBlock)]).toEqual([vector, root, root])
    const ofState = await l1.proof(id, 'state', LOOKAHEAD_IN_STATE)
    expect([ofState.leaf, foldProof(ofState)]).toEqual([vector, header.message.state_root])
    const shifted = [...ofState.branch]
    shifted[0] = ofState.branch[1]!
    expect(foldProof({ ...ofState, branch: shifted })).not.toBe(header.message.state_root)
  })

  test('proves a slot and a public key', async () => {
    const { root, slot } = await l1.head()
    const ofSlot = await l1.proof('head', 'block', SLOT_IN_BLOCK)
    expect([ofSlot.leaf, ofSlot.slot]).toEqual([bytesToHex(packUint64s([slot])[0]!), slot])
    expect(foldProof(ofSlot)).toBe(root)
    // List of 2**40 validators, then the first of a validator's eight fields: two chunks for 48 bytes.
    const gindex = (((VALIDATORS_IN_STATE * 2n) << 40n) + 7n) * 8n
    const inBlock = joinGindices(STATE_ROOT_IN_BLOCK, gindex)
    const ofKey = await l1.proof('head', 'block', inBlock)
    const key = Buffer.concat([hexToBytes(l1.validatorKey(7).publicKey), new Uint8Array(16)])
    expect(ofKey.leaf).toBe(bytesToHex(merkleRoot([key.subarray(0, 32), key.subarray(32)])))
    expect(foldProof(ofKey)).toBe(root)
    await expect(l1.proof('head', 'block', 8n << 60n)).rejects.toThrow(/400/)
  })

  test('a skipped slot is a hole: no block, and time goes on', async () => {
    const before = await l1.head()
    await l1.skipSlots(2)
    expect(await l1.head()).toEqual({ ...before, currentSlot: before.slot + 2 })
    const after = await l1.nextSlot()
    expect(after.slot).toBe(before.slot + 3)
    await expect(readHeader(l1, before.slot + 1)).rejects.toThrow(/404/)
    expect((await readHeader(l1, 'head')).header.message.parent_root).toBe(before.root)
    const timestamp = Number((await executionBlock('latest')).timestamp)
    expect(timestamp).toBe(l1.genesisTime + after.slot * l1.secondsPerSlot)
    // The state of an empty slot is that of the block before, moved on.
    expect(await l1.lookahead(before.slot + 1)).toEqual(await l1.lookahead(before.slot))
  })

  test('a reorg takes the newest blocks back, on both layers', async () => {
    const events = await listenToEvents(l1, ['head', 'head_v2', 'chain_reorg'])
    const ancestor = await l1.head()
    const old = await l1.nextSlot(3)
    const { number } = await executionBlock('latest')
    expect(await l1.reorg(3)).toEqual({ ...ancestor, currentSlot: old.slot })
    expect((await executionBlock('latest')).hash).toBe(ancestor.executionHash)
    const next = await l1.nextSlot()
    expect(next.slot).toBe(old.slot + 1)
    const block = await executionBlock('latest')
    expect([block.hash, BigInt(block.number)]).toEqual([next.executionHash, BigInt(number) - 2n])
    expect((await readHeader(l1, 'head')).header.message.parent_root).toBe(ancestor.root)
    expect((await readHeader(l1, old.root)).canonical).toBe(false)
    await expect(readHeader(l1, old.slot)).rejects.toThrow(/404/)
    await expect(l1.reorg(100)).rejects.toThrow(/400/)
    // Three blocks, the reorg, a block; each block is told twice.
    await expect.poll(() => events.heard).toHaveLength(9)
    expect(events.heard.filter(({ topic }) => topic === 'chain_reorg')).toMatchObject([
      { data: { depth: '3', old_head_block: old.root, new_head_block: ancestor.root } },
    ])
    expect(events.heard.filter(({ topic }) => topic === 'head').at(-1)).toMatchObject({
      data: { slot: String(next.slot), block: next.root, epoch_transition: false },
    })
    const v2 = events.heard.filter(({ topic }) => topic === 'head_v2')
    expect(v2).toHaveLength(4)
    expect(v2.at(-1)?.data).toMatchObject({
      version: 'fulu',
      data: {
        current_epoch_dependent_root: (await duties(2, 2)).dependent_root,
        next_epoch_dependent_root: (await duties(2, 3)).dependent_root,
      },
    })
    events.close()
  })

  test('a blob transaction is mined, and its blobs are served whole', async () => {
    const payload = Uint8Array.from({ length: 200_000 }, (_, i) => i * 7)
    const blobs = encodeBlobs(payload)
    const [account, other] = DEV_ACCOUNTS
    const { hash, versionedHashes } = await sendBlobTransaction(l1, {
      account: account!,
      to: other!.address.toLowerCase() as Hex,
      blobs,
    })
    const receipt = await mineTransaction(l1, hash)
    expect(receipt).toMatchObject({ status: '0x1', transactionHash: hash })
    const { slot } = await l1.head()
    const path = `/eth/v1/beacon/blobs/${slot}`
    expect(await l1.beacon(path)).toMatchObject({ data: blobs.map((blob) => bytesToHex(blob)) })
    expect(await l1.beacon(`${path}?versioned_hashes=${versionedHashes[1]}`)).toMatchObject({
      data: [bytesToHex(blobs[1]!)],
    })
    const ssz = await fetch(l1.beaconUrl + path, { headers: { accept: 'application/octet-stream' } })
    expect(Buffer.from(await ssz.arrayBuffer()).equals(Buffer.concat(blobs))).toBe(true)
  })

  test('becomes final, and the execution layer with it', async () => {
    const events = await listenToEvents(l1, ['finalized_checkpoint'])
    const { slot } = await l1.head()
    await l1.nextSlot(160 - slot)
    const checkpoints = (await l1.beacon('/eth/v1/beacon/states/head/finality_checkpoints')) as Checkpoints
    const { epoch, root } = checkpoints.data.finalized
    expect(Number(epoch)).toBeGreaterThanOrEqual(2)
    const finalized = await readHeader(l1, 'finalized')
    expect([finalized.root, Number(finalized.header.message.slot)]).toEqual([root, Number(epoch) * 32])
    expect((await executionBlock('finalized')).timestamp).toBe(
      `0x${(l1.genesisTime + Number(epoch) * 32 * l1.secondsPerSlot).toString(16)}`,
    )
    await expect
      .poll(() => events.heard.at(-1))
      .toMatchObject({ topic: 'finalized_checkpoint', data: { epoch, block: root } })
    events.close()
  })
})

describe.skipIf(!hasPosL1)(
  `a proof-of-stake L1 of the minimal preset, driven by the clock${posL1Reason}`,
  () => {
    test('begins slots by itself, leaves asked ones empty, and ends', async () => {
      const l1 = await startPosL1({ mode: 'clock', preset: 'minimal' })
      try {
        const first = await l1.nextSlot(2)
        expect(l1.secondsPerSlot * first.slot + l1.genesisTime).toBeLessThanOrEqual(Date.now() / 1000)
        expect(await l1.lookahead('head')).toHaveLength(16)
        await l1.skipSlots(1)
        const { slot } = await l1.nextSlot(3)
        const parents: number[] = []
        for (let at = slot; at > first.slot; at--) {
          const header = await readHeader(l1, at).catch(() => undefined)
          if (header) parents.push(at - (await l1.proof(header.header.message.parent_root, 'block', 8n)).slot)
        }
        expect(parents.filter((distance) => distance === 2)).toHaveLength(1)
        expect(parents.filter((distance) => distance > 2)).toEqual([])
      } finally {
        await l1.close()
      }
      await expect(fetch(l1.beaconUrl)).rejects.toThrow()
      await expect(fetch(l1.executionUrl)).rejects.toThrow()
    })
  },
)
