/** L1's own proposers take turns, by proofs of real beacon states: opted in through the product's steps, on a proof-of-stake L1. */
import { decodeFunctionResult, encodeAbiParameters, encodeFunctionData } from 'viem'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createL1 } from '../../src/l1/createL1.ts'
import { createL1Client, createOwner, findContracts } from '../../src/preconf/operator.ts'
import { optOut } from '../../src/preconf/optIn.ts'
import {
  type Address,
  bytesToHex,
  type Hash,
  type Hex,
  hexToBytes,
  ZERO_HASH,
} from '../../src/primitives/hex.ts'
import {
  BLOCK_COMMITMENT_TYPE,
  blockCommitmentHash,
  encodeBlockCommitment,
} from '../../src/promise/blockCommitment.ts'
import type { SignedCommitment } from '../../src/promise/commitment.ts'
import { PROMISE_NONCE } from '../../src/promise/domain.ts'
import { signHash } from '../../src/promise/signature.ts'
import { signingDomainOf, signingIdOf } from '../../src/promise/signingRoot.ts'
import type { Proposer } from '../../src/propose/proposer.ts'
import type { LookaheadProver } from '../../src/propose/proveLookahead.ts'
import { readArtifact } from '../support/contracts/artifacts.ts'
import { DEV_ACCOUNTS } from '../support/pos/executionGenesis.ts'
import {
  accepts,
  encodeProveLookahead,
  expectedOwner,
  lookaheadProofAt,
  ownerOf,
} from '../support/pos/lookaheadCalls.ts'
import {
  deployLookaheadRollup,
  GENESIS_FORK_VERSION,
  type LookaheadRollup,
} from '../support/pos/lookaheadRollup.ts'
import { optInOperator, type TestOperator, withSlots } from '../support/pos/operators.ts'
import { L2_GENESIS, type PosNode, posSpec, readProposals, startPosNode } from '../support/pos/proposers.ts'
import { hasPosL1, type PosL1, posL1Reason, startPosL1 } from '../support/pos/startPosL1.ts'
import { deployContract, executeTransaction } from '../support/pos/transactions.ts'

const SLOTS_PER_EPOCH = 32
/** Not yet: the node must not take its own clock for L1's. The same proposers in every run. */
const GENESIS_TIME = 1_900_000_000
/** Of 64 validators; the others have not opted in. */
const VALIDATORS = [
  [0, 1, 2, 3],
  [10, 11, 12, 13],
  [20, 21, 22, 23],
]

/** PreconfSlasher's first fault. */
const EQUIVOCATION = 0

const keyOf = (account: number): Hex => bytesToHex(DEV_ACCOUNTS[account]!.getHdKey().privateKey!)
const addressOf = (account: number) => DEV_ACCOUNTS[account]!.address.toLowerCase() as Address
/** Owners are accounts 2 to 4, committers 5 to 7; account 8 pays for proofs. */
const OWNERS = [2, 3, 4]
const COMMITTERS = [5, 6, 7]

describe.skipIf(!hasPosL1)(
  `turns by the lookahead of a proof-of-stake L1${posL1Reason}`,
  { timeout: 300_000 },
  () => {
    let l1: PosL1
    let rollup: LookaheadRollup
    let room: Awaited<ReturnType<typeof createL1>>
    const operators: TestOperator[] = []
    /** Committers by validator index. */
    const committers = new Map<number, Address>()

    const slotsUntil = async (slot: number) => slot - (await l1.head()).currentSlot
    const lookaheadOf = async (epoch: number) => ({
      firstSlot: epoch * SLOTS_PER_EPOCH,
      indices: await l1.lookahead(epoch * SLOTS_PER_EPOCH),
    })
    /** Proves the lookahead of the block before the newest. */
    const prove = async () => {
      const { slot } = await l1.nextSlot(2)
      const proof = await lookaheadProofAt(l1, slot - 1, slot)
      await executeTransaction(l1, {
        account: DEV_ACCOUNTS[8]!,
        to: rollup.schedule,
        data: encodeProveLookahead(proof),
      })
      return proof
    }

    beforeAll(async () => {
      l1 = await startPosL1({ mode: 'manual', chainId: 31_337, genesisTime: GENESIS_TIME })
      await l1.nextSlot(2)
      rollup = await deployLookaheadRollup(l1, {
        chainId: posSpec(l1, { inbox: `0x${'00'.repeat(20)}`, startBlock: 0n }).l2.chainId,
        genesisHash: L2_GENESIS().hash,
      })
      room = await createL1({
        spec: posSpec(l1, rollup),
        endpoints: [{ name: 'execution', url: l1.executionUrl }],
        beacons: [{ name: 'consensus', url: l1.beaconUrl }],
        kzgThreads: 0,
      })
      for (const [i, validators] of VALIDATORS.entries()) {
        const committer = addressOf(COMMITTERS[i]!)
        operators.push(
          await optInOperator(l1, room.reads, {
            inbox: rollup.inbox,
            ownerKey: keyOf(OWNERS[i]!),
            committer,
            validators,
          }),
        )
        for (const validator of validators) committers.set(validator, committer)
      }
    }, 300_000)
    afterAll(async () => {
      await room?.close()
      await l1?.close()
    })

    test('a proof is taken from every slot of two epochs, and refused when anything of it is changed', async () => {
      const epoch = Math.ceil((await l1.head()).currentSlot / SLOTS_PER_EPOCH)
      const firstSlot = epoch * SLOTS_PER_EPOCH
      await l1.nextSlot(await slotsUntil(firstSlot + 2 * SLOTS_PER_EPOCH))
      for (let slot = firstSlot; slot < firstSlot + 2 * SLOTS_PER_EPOCH; slot++) {
        const proof = await lookaheadProofAt(l1, slot, slot + 1)
        expect([slot, await accepts(l1, rollup.schedule, encodeProveLookahead(proof))]).toEqual([slot, true])
      }

      const good = await lookaheadProofAt(l1, firstSlot + 5, firstSlot + 6)
      const flip = (hex: Hex, byte: number): Hex => {
        const bytes = Buffer.from(hex.slice(2), 'hex')
        bytes[byte]! ^= 1
        return `0x${bytes.toString('hex')}`
      }
      const { header, branch, lookahead, timestamp } = good
      const swapped = [branch[1]!, branch[0]!, ...branch.slice(2)]
      const secondsPerSlot = BigInt(l1.secondsPerSlot)
      const changed = {
        'a bit of the first entry': { ...good, lookahead: flip(lookahead, 0) },
        'a bit of the last entry': { ...good, lookahead: flip(lookahead, 511) },
        'a bit of a sibling': { ...good, branch: [flip(branch[0]!, 31), ...branch.slice(1)] },
        'the index of the field': { ...good, branch: swapped },
        'a branch one shorter': { ...good, branch: branch.slice(1) },
        'a branch one longer': { ...good, branch: [...branch, branch[0]!] },
        'the slot': { ...good, header: { ...header, slot: header.slot + 1n } },
        'the proposer': { ...good, header: { ...header, proposerIndex: header.proposerIndex + 1n } },
        'the state': { ...good, header: { ...header, stateRoot: flip(header.stateRoot, 3) } },
        'the block that L1 named': { ...good, timestamp: timestamp + secondsPerSlot },
        'a time without a block': { ...good, timestamp: timestamp + 1n },
        'a vector cut in half': { ...good, lookahead: lookahead.slice(0, 2 + 512) as Hex },
      }
      for (const [what, proof] of Object.entries(changed))
        expect([what, await accepts(l1, rollup.schedule, encodeProveLookahead(proof))]).toEqual([what, false])
    })

    test('a schedule that takes the epoch for another fork refuses the same proof', async () => {
      const [account] = DEV_ACCOUNTS
      const { abi, bytecode } = readArtifact('ValidatorMap')
      const settings = {
        beaconRoots: '0x000f3df6d732807ef1319fb7b8bb8522d0beac02',
        beaconGenesis: l1.genesisTime,
        secondsPerSlot: l1.secondsPerSlot,
        slotsPerEpoch: l1.slotsPerEpoch,
        gloasForkEpoch: 0n,
      }
      const map = await deployContract(l1, {
        account: account!,
        artifact: { abi, bytecode },
        args: [rollup.registry, settings],
      })
      const gloas = await deployContract(l1, {
        account: account!,
        artifact: readArtifact('LookaheadSchedule'),
        args: [map.address, rollup.slasher, rollup.schedule],
      })
      const { slot } = await l1.head()
      const data = encodeProveLookahead(await lookaheadProofAt(l1, slot - 1, slot))
      expect([await accepts(l1, rollup.schedule, data), await accepts(l1, gloas.address, data)]).toEqual([
        true,
        false,
      ])
    })

    test('each slot of two epochs belongs to whom the beacon chain lets propose it or next, among those opted in', async () => {
      for (let epochs = 0; epochs < 2; epochs++) {
        const epoch = Math.ceil((await l1.head()).currentSlot / SLOTS_PER_EPOCH)
        await l1.nextSlot(await slotsUntil(epoch * SLOTS_PER_EPOCH))
        const { lookahead } = await prove()
        const expected = await lookaheadOf(epoch)
        for (let slot = expected.firstSlot; slot < expected.firstSlot + SLOTS_PER_EPOCH; slot++) {
          const owner = expectedOwner(slot, expected, committers)
          const window = await ownerOf(l1, rollup.schedule, { slot, lookahead })
          expect([slot, window.committer.toLowerCase(), window.end]).toEqual([
            slot,
            owner?.operator ?? `0x${'00'.repeat(20)}`,
            owner === undefined ? 0 : l1.genesisTime + owner.endSlot * l1.secondsPerSlot,
          ])
        }
      }
    })

    describe('with three proposers and one node', () => {
      let pos: PosNode
      let proposers: Proposer[]
      let prover: LookaheadProver

      beforeAll(async () => {
        pos = await startPosNode(l1, posSpec(l1, rollup))
        proposers = COMMITTERS.map((account) => pos.createProposer(keyOf(account)))
        prover = pos.createLookaheadProver(keyOf(8))
        await l1.nextSlot()
        await pos.catchUp()
      })
      afterAll(() => pos?.close())

      /** Everybody looks, then L1 moves on by a slot, taken or missed. */
      const round = async (isMissed = false) => {
        await prover.step()
        for (const proposer of proposers) await proposer.step()
        await (isMissed ? l1.skipSlots(1) : l1.nextSlot())
        await pos.catchUp()
      }
      /** On to the slot before `slot`, with the lookahead proven on the way. */
      const goBefore = async (slot: number) => {
        for (;;) {
          const left = (await slotsUntil(slot)) - 1
          if (left <= 0) return
          await l1.nextSlot(Math.min(left, 6))
          await pos.catchUp()
          await prover.step()
        }
      }
      const expectedAt = async (slot: number) => {
        const epoch = Math.floor(slot / SLOTS_PER_EPOCH)
        const lookahead = {
          firstSlot: epoch * SLOTS_PER_EPOCH,
          indices: await l1.lookahead(Math.min((await l1.head()).slot, slot)),
        }
        const head = Math.floor((await l1.head()).slot / SLOTS_PER_EPOCH)
        return expectedOwner(
          slot,
          { ...lookahead, firstSlot: Math.min(head, epoch) * SLOTS_PER_EPOCH },
          committers,
        )
      }
      const proposalsSince = async (slot: number) =>
        (await readProposals(l1, rollup.inbox)).filter((proposal) => proposal.slot >= slot)
      const rpc = async (method: string, params: readonly unknown[]) => {
        const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
        const headers = { 'content-type': 'application/json' }
        const response = await fetch(pos.node.rpc.url, { method: 'POST', headers, body })
        return ((await response.json()) as { result: unknown }).result
      }

      test('they take turns over epoch boundaries, each in its windows only', async () => {
        const from = (await l1.head()).currentSlot + 1
        const owners = new Set<Address>()
        for (let windows = 0; windows < 12 && (owners.size < 3 || windows < 6); windows++) {
          const owner = await expectedAt((await l1.head()).currentSlot + 1)
          if (owner === undefined) throw new Error('nobody who opted in proposes in two epochs')
          owners.add(owner.operator)
          await goBefore(owner.endSlot)
          await round()
          await round()
        }
        const proposals = await proposalsSince(from)
        for (const { slot, proposer, windowEnd } of proposals) {
          const lookahead = await lookaheadOf(Math.floor(slot / SLOTS_PER_EPOCH))
          const owner = expectedOwner(slot, lookahead, committers)
          expect([slot, proposer, windowEnd]).toEqual([
            slot,
            owner?.operator,
            l1.genesisTime + (owner?.endSlot ?? 0) * l1.secondsPerSlot,
          ])
        }
        expect(owners.size).toBe(3)
        expect(proposals.length).toBeGreaterThan(6)
        expect(new Set(proposals.map(({ proposer }) => proposer)).size).toBe(3)
      })

      test('the node says whose turn it was and is', async () => {
        const last = (await readProposals(l1, rollup.inbox)).at(-1)!
        const block = `0x${pos.node.chain.heads().latest.number.toString(16)}` as Hex
        expect(await rpc('based_orderingProvider', [block])).toMatchObject({ proposer: last.proposer })
        const { currentSlot } = await l1.head()
        for (let slot = currentSlot + 1; slot < currentSlot + 8; slot++) {
          const owner = await expectedAt(slot)
          expect([slot, JSON.stringify(await rpc('based_sequencerForSlot', [slot]))]).toEqual([
            slot,
            expect.stringContaining(owner!.operator),
          ])
        }
      })

      test('a missed slot ends a window: the proposal does not land late, and the next owner goes on', async () => {
        const owner = (await expectedAt((await l1.head()).currentSlot + 2))!
        await goBefore(owner.endSlot)
        await round(true)
        for (let slots = 0; slots < 4; slots++) await round()
        const after = await proposalsSince(owner.endSlot)
        expect(after.length).toBeGreaterThan(0)
        for (const { slot, proposer } of after) {
          const lookahead = await lookaheadOf(Math.floor(slot / SLOTS_PER_EPOCH))
          expect([slot, proposer]).toEqual([slot, expectedOwner(slot, lookahead, committers)?.operator])
        }
      })

      test('who opts out has its turns of this epoch and the next, and none after', async () => {
        const client = createL1Client(l1.executionUrl)
        const contracts = await findContracts(client, rollup.inbox)
        const owner = await createOwner(client, l1.executionUrl, keyOf(OWNERS[2]!))
        const { root, validators } = operators[2]!
        await withSlots(l1, optOut(client, contracts, { owner, root }))
        const last = Math.floor((await l1.head()).slot / SLOTS_PER_EPOCH) + 1
        const left = new Map([...committers].filter(([validator]) => !validators.includes(validator)))
        for (const [epoch, owners] of [
          [last, committers],
          [last + 1, left],
        ] as const) {
          await l1.nextSlot(await slotsUntil(epoch * SLOTS_PER_EPOCH))
          const { lookahead } = await prove()
          const expected = await lookaheadOf(epoch)
          for (let slot = expected.firstSlot; slot < expected.firstSlot + SLOTS_PER_EPOCH; slot++) {
            // What lies in the epoch after is measured an epoch later.
            const who = expectedOwner(slot, expected, committers)
            const settled = who && who.endSlot < expected.firstSlot + SLOTS_PER_EPOCH
            const then = expectedOwner(slot, expected, settled ? owners : left)
            const window = await ownerOf(l1, rollup.schedule, { slot, lookahead })
            expect([slot, window.committer.toLowerCase()]).toEqual([
              slot,
              then?.operator ?? `0x${'00'.repeat(20)}`,
            ])
          }
        }
      })
    })

    test('two promises for one position cost their committer its bond, once, and pay who shows them', async () => {
      const domain = {
        l1ChainId: BigInt(l1.chainId),
        domain: signingDomainOf(GENESIS_FORK_VERSION),
        signingId: signingIdOf(BigInt(l1.chainId), rollup.registry),
        slasher: rollup.slasher,
      }
      const windowEnd = BigInt(l1.genesisTime + ((await l1.head()).currentSlot + 20) * l1.secondsPerSlot)
      const sign = (transactionsRoot: Hash): SignedCommitment => {
        const promise = {
          l2ChainId: posSpec(l1, rollup).l2.chainId,
          blockNumber: 7n,
          parentCommitmentHash: ZERO_HASH,
          parentBlockHash: `0x${'77'.repeat(32)}` as Hash,
          transactionsRoot,
          anchorBlockNumber: 3n,
          windowEnd,
          isEndOfWindow: false,
        }
        const payload = bytesToHex(encodeBlockCommitment(promise))
        return {
          commitment: {
            commitmentType: BLOCK_COMMITMENT_TYPE,
            payload,
            requestHash: ZERO_HASH,
            slasher: rollup.slasher,
          },
          nonce: PROMISE_NONCE,
          signingId: domain.signingId,
          signature: signHash(blockCommitmentHash(promise, domain), hexToBytes(keyOf(COMMITTERS[0]!))),
        }
      }
      const { abi } = readArtifact('ProposerRegistry')
      const signedCommitment = abi
        .filter((item) => item.type === 'function')
        .find(({ name, inputs }) => name === 'slashCommitment' && inputs.length === 3)!.inputs[1]!
      const [one, two] = [sign(`0x${'11'.repeat(32)}`), sign(`0x${'22'.repeat(32)}`)]
      const evidence = encodeAbiParameters(
        [{ type: 'uint8' }, { type: 'bytes' }],
        [EQUIVOCATION, encodeAbiParameters([signedCommitment], [two])],
      )
      const data = encodeFunctionData({
        abi,
        functionName: 'slashCommitment',
        args: [operators[0]!.root, one, evidence],
      })
      const read = async (functionName: string, args: readonly unknown[]) => {
        const call = { to: rollup.registry, data: encodeFunctionData({ abi, functionName, args }) }
        return decodeFunctionResult({
          abi,
          functionName,
          data: (await l1.rpc('eth_call', [call, 'latest'])) as Hex,
        })
      }
      const bond = async () => {
        const args = [operators[0]!.root, rollup.slasher]
        return ((await read('getSlasherCommitment', args)) as { bondWei: bigint }).bondWei
      }
      const challenger = DEV_ACCOUNTS[9]!
      const before = await bond()
      await executeTransaction(l1, { account: challenger, to: rollup.registry, data })
      const ether = 10n ** 18n
      expect([before, await bond()]).toEqual([2n * ether, ether])
      expect(await read('rewards', [challenger.address])).toBe(ether / 2n)
      expect(await accepts(l1, rollup.registry, data)).toBe(false)
    })
  },
)
