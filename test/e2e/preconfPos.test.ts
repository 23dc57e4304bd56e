/**
 * Promises on a proof-of-stake L1: three opted-in operators sequence in the windows that its lookahead gives them, a wallet asks for
 * promises, two followers hear of every block before L1 does, and what was promised is what lands.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { privateKeyToAccount } from 'viem/accounts'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { freePort } from '../../src/cli/outage/freePort.ts'
import { createL1 } from '../../src/l1/createL1.ts'
import { readPromiseDomain } from '../../src/preconf/domain.ts'
import { type Address, bytesToHex, type Hash, type Hex } from '../../src/primitives/hex.ts'
import { serializeRollupSpec } from '../../src/spec/specFile.ts'
import { readGenesis } from '../support/contracts/artifacts.ts'
import { DEV_ACCOUNTS } from '../support/pos/executionGenesis.ts'
import { deployLookaheadRollup, type LookaheadRollup } from '../support/pos/lookaheadRollup.ts'
import { optInOperator } from '../support/pos/operators.ts'
import { L2_GENESIS, type PosNode, posSpec, readProposals, startPosNode } from '../support/pos/proposers.ts'
import { hasPosL1, type PosL1, posL1Reason, startPosL1 } from '../support/pos/startPosL1.ts'
import { contents, describeNodes, eventually } from '../support/preconf/net.ts'
import { createNode, type PreconfNode } from '../support/preconf/node.ts'
import { createWallet, type Promised } from '../support/preconf/wallet.ts'

const SECONDS_PER_SLOT = 4
const SLOTS_PER_EPOCH = 32
/** More slots than what comes before the nodes takes; L1 begins so long ago, and catches up with the clock. */
const SETUP_SLOTS = 205
/** Of 64 validators: a quarter of the slots, so windows of four on average. */
const VALIDATORS = [0, 1, 2].map((operator) => Array.from({ length: 5 }, (_, i) => operator * 20 + i))
/** Sixteen slots: the guard of a new key waits so long, and longer windows are promised for when their end is that near. */
const WINDOW_SECONDS = 16 * SECONDS_PER_SLOT
const SEQUENCING = { blockMs: 1000, fragMs: 200, stopBeforeMs: 8000, batchMs: 12_000 }
const DEADLINE_MS = 480_000
/** Of the contracts' devnet; funded on L2. */
const WALLET_KEY: Hex = '0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d'

const keyOf = (account: number): Hex => bytesToHex(DEV_ACCOUNTS[account]!.getHdKey().privateKey!)
const addressOf = (account: number) => DEV_ACCOUNTS[account]!.address.toLowerCase() as Address
/** Owners are accounts 2 to 4, committers 5 to 7, who post too; account 8 pays for proofs. */
const OWNERS = [2, 3, 4]
const COMMITTERS = [5, 6, 7]

describe.skipIf(!hasPosL1)(`promises by the lookahead of a proof-of-stake L1${posL1Reason}`, () => {
  let l1: PosL1
  let rollup: LookaheadRollup
  let room: Awaited<ReturnType<typeof createL1>>
  let pos: PosNode
  let directory: string
  let sequencers: readonly PreconfNode[]
  let followers: readonly PreconfNode[]
  const driving = new AbortController()
  let driver: Promise<void> = Promise.resolve()
  const promises: Promised[] = []

  const timeOf = (slot: number) => (l1.genesisTime + slot * SECONDS_PER_SLOT) * 1000
  /** A block in each slot when its time has come, and the lookahead of each epoch proven. */
  const drive = async () => {
    const prover = pos.createLookaheadProver(keyOf(8))
    while (!driving.signal.aborted) {
      const { currentSlot } = await l1.head()
      const wait = timeOf(currentSlot + 1) - Date.now()
      if (wait > 0) await sleep(wait, undefined, { signal: driving.signal })
      await l1.nextSlot()
      await prover.step()
    }
  }

  beforeAll(async () => {
    const genesisTime = Math.floor(Date.now() / 1000) - SETUP_SLOTS * SECONDS_PER_SLOT
    l1 = await startPosL1({
      mode: 'manual',
      chainId: 31_337,
      genesisTime,
      secondsPerSlot: SECONDS_PER_SLOT,
    })
    await l1.nextSlot(2)
    const l2ChainId = posSpec(l1, { inbox: `0x${'00'.repeat(20)}`, startBlock: 0n }).l2.chainId
    rollup = await deployLookaheadRollup(l1, { chainId: l2ChainId, genesisHash: L2_GENESIS().hash })
    const spec = posSpec(l1, rollup)
    room = await createL1({
      spec,
      endpoints: [{ name: 'execution', url: l1.executionUrl }],
      beacons: [{ name: 'consensus', url: l1.beaconUrl }],
      kzgThreads: 0,
    })
    for (const [i, validators] of VALIDATORS.entries())
      await optInOperator(l1, room.reads, {
        inbox: rollup.inbox,
        ownerKey: keyOf(OWNERS[i]!),
        committer: addressOf(COMMITTERS[i]!),
        validators,
      })
    // From the epoch after the next one on they have turns.
    const { currentSlot } = await l1.head()
    await l1.nextSlot((Math.floor(currentSlot / SLOTS_PER_EPOCH) + 2) * SLOTS_PER_EPOCH - currentSlot)
    while (timeOf((await l1.head()).currentSlot + 1) < Date.now()) await l1.nextSlot()
    pos = await startPosNode(l1, spec)
    driver = drive().catch((error: unknown) => {
      if (!driving.signal.aborted) throw error
    })
    driver.catch(() => {})

    directory = mkdtempSync(join(tmpdir(), 'plumbline-preconf-pos-'))
    const [specFile, genesisFile] = [join(directory, 'rollup.json'), join(directory, 'genesis.json')]
    writeFileSync(specFile, serializeRollupSpec(spec))
    writeFileSync(genesisFile, JSON.stringify(readGenesis()))
    const ports = await Promise.all(Array.from({ length: 5 }, freePort))
    const nodes = ports.map((port, index) =>
      createNode({
        name: index < 3 ? `sequencer ${index}` : `follower ${index - 3}`,
        l1Url: l1.executionUrl,
        beaconUrl: l1.beaconUrl,
        ...{ specFile, genesisFile, port },
        dataDir: join(directory, `node-${index}`),
        // The second follower hears the first.
        sources: (index === 4 ? [3] : [0, 1, 2].filter((i) => i !== index)).map(
          (i) => `ws://127.0.0.1:${ports[i]}`,
        ),
        ...(index < 3 && {
          sequencer: { ...SEQUENCING, key: keyOf(COMMITTERS[index]!), windowSeconds: WINDOW_SECONDS },
        }),
      }),
    )
    sequencers = nodes.slice(0, 3)
    followers = nodes.slice(3)
    await Promise.all(nodes.map((node) => node.start()))
  }, 300_000)

  afterAll(async () => {
    driving.abort()
    await driver.catch(() => {})
    await Promise.all([...(sequencers ?? []), ...(followers ?? [])].map((node) => node.kill()))
    await pos?.close()
    await room?.close()
    await l1?.close()
    if (directory !== undefined) rmSync(directory, { recursive: true, force: true })
  }, 60_000)

  afterEach(({ task }) => {
    if (task.result?.state === 'fail') console.error(describeNodes([...sequencers, ...followers]))
  })

  test(
    'each operator promises in his windows',
    async () => {
      const spec = posSpec(l1, rollup)
      const domain = await readPromiseDomain({ spec, reads: room.reads }, (await l1.head()).executionHash)
      expect(domain.slasher).toBe(rollup.slasher)
      const wallet = createWallet(privateKeyToAccount(WALLET_KEY), { l2ChainId: spec.l2.chainId, domain })
      const deadline = Date.now() + DEADLINE_MS
      const signers = () => new Set(promises.map(({ signer }) => signer))
      const refusals: string[] = []
      while (signers().size < 3 || promises.length < 12) {
        if (Date.now() > deadline)
          throw new Error(
            `${promises.length} promises by ${[...signers()]}; ${refusals.slice(-8).join('; ')}`,
          )
        for (const sequencer of sequencers) {
          const slots = await offersOf(sequencer)
          if (slots.length === 0) continue
          const raw = await wallet.sign()
          // The same request again has the same answer.
          const answer = await again(() =>
            wallet.ask(sequencer.url, raw, { slot: slots[0]!, execution: true }),
          )
          if (answer.type === 'promised') promises.push(answer.promise)
          else {
            refusals.push(`${answer.refusal.error} (${answer.refusal.message})`)
            wallet.unsign()
          }
        }
        await sleep(500)
      }
      expect([...signers()].sort()).toEqual(COMMITTERS.map(addressOf).sort())
    },
    DEADLINE_MS + 60_000,
  )

  test('everything promised lands as it was promised, and followers had it before L1', async () => {
    const last = promises.reduce((max, { execution }) => Math.max(max, Number(execution!.blockNumber)), 0)
    const nodes = [...sequencers, ...followers]
    await eventually(`block ${last} landed`, () => nodes.every((node) => node.safe().number >= last))
    for (const { execution, transactionHash } of promises) {
      const [follower] = followers
      const receipt = await follower!.ask<{ blockHash: Hash; transactionIndex: Hex }>(
        'eth_getTransactionReceipt',
        [transactionHash],
      )
      const block = await follower!.ask<{ number: Hex; parentHash: Hash }>('eth_getBlockByHash', [
        receipt.blockHash,
        false,
      ])
      expect([BigInt(block.number), block.parentHash, Number(receipt.transactionIndex)]).toEqual([
        execution!.blockNumber,
        execution!.parentBlockHash,
        execution!.transactionIndex,
      ])
      for (const node of followers) {
        const changes = node.changes()
        const number = Number(execution!.blockNumber)
        const had = changes.findIndex(({ latest }) => latest.number >= number)
        const landed = changes.findIndex(({ safe }) => safe.number >= number)
        expect(had, `${node.name} had block ${number} before it landed`).toBeLessThan(landed)
      }
    }
  }, 300_000)

  test('handovers took nothing back, and several proposers landed batches', async () => {
    const nodes = [...sequencers, ...followers]
    for (const node of nodes) expect(node.removed(), node.name).toEqual([])
    for (const [number, hashes] of contents(nodes)) expect(hashes.size, `block ${number}`).toBe(1)
    const proposals = await readProposals(l1, rollup.inbox)
    expect(new Set(proposals.map(({ proposer }) => proposer)).size).toBe(3)
    // A node that hears no sequencer has derived the same.
    await pos.catchUp()
    const { safe } = pos.node.chain.heads()
    const [follower] = followers
    await eventually('the follower is as far', () => follower!.safe().number >= Number(safe.number))
    const same = await follower!.ask<{ hash: Hash }>('eth_getBlockByNumber', [
      `0x${safe.number.toString(16)}`,
      false,
    ])
    expect(same.hash).toBe(safe.hash)
  }, 120_000)
})

/** A kept connection may close just when it is used again. */
async function again<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (attempt === 3) throw error
    }
  }
}

async function offersOf(node: PreconfNode): Promise<readonly number[]> {
  const response = await again(() => fetch(new URL('/commitments/v0/gateway/slots', node.url)))
  // Refused with a sentence while the node has not caught up.
  const { slots = [] } = (await response.json()) as { readonly slots?: readonly { readonly slot: number }[] }
  return slots.map(({ slot }) => slot)
}
