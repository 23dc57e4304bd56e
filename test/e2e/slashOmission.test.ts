/** A listed transaction that its window left out: a node that had the list writes it down, and by the command line the bond pays for it. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { hexToBytes } from '../../src/primitives/hex.ts'
import { keccak256Hex } from '../../src/primitives/keccak.ts'
import { type Attester, createAttester, DEFAULT_ATTESTER_OPTIONS } from '../../src/propose/attest.ts'
import { createInboxReader } from '../../src/propose/inbox.ts'
import { createL1Rpc } from '../../src/propose/l1Rpc.ts'
import type { SlotTurn } from '../../src/schedule/schedule.ts'
import { silentLogger } from '../../src/telemetry/log.ts'
import { isBuilt } from '../support/e2e.ts'
import { DEV_ACCOUNTS } from '../support/pos/executionGenesis.ts'
import { type PosNode, readProposals, startPosNode } from '../support/pos/proposers.ts'
import { COMMITTER, keyOf, type SlashWorld, startSlashWorld } from '../support/pos/slashWorld.ts'
import { hasPosL1, posL1Reason } from '../support/pos/startPosL1.ts'
import { signL2, signList } from '../support/preconfLists.ts'

/** Development accounts. The first attests; see lookaheadRollup.ts. */
const [ATTESTER, PAYER] = [0, 8]
/** In slots: L1 is final after two to three epochs, and evidence has to be in time then. */
const WINDOWS = { evidenceAge: 192, slash: 320, unregistration: 352 }
const ROUNDS_MAX = 64
const SLOTS_TO_FINALITY = 100

describe.skipIf(!hasPosL1 || !isBuilt)(
  `evidence of an omission, to the slasher${posL1Reason}`,
  { timeout: 300_000 },
  () => {
    let world: SlashWorld
    let pos: PosNode
    let attester: Attester
    beforeAll(async () => {
      world = await startSlashWorld(WINDOWS)
      const { l1, spec } = world
      pos = await startPosNode(l1, spec)
      const rpc = createL1Rpc({ name: 'execution', url: l1.executionUrl })
      attester = createAttester(
        {
          ...{ rpc, chain: pos.node.chain, inbox: createInboxReader(rpc, spec.l1.inbox) },
          account: DEV_ACCOUNTS[PAYER]!,
          attesters: [DEV_ACCOUNTS[ATTESTER]!],
          logger: silentLogger,
        },
        {
          ...DEFAULT_ATTESTER_OPTIONS,
          l1ChainId: l1.chainId,
          l2ChainId: spec.l2.chainId,
          inbox: spec.l1.inbox,
          upTo: 'safe',
        },
      )
    }, 300_000)
    afterAll(async () => {
      await pos?.close()
      await world?.close()
    })

    const go = async (slots: number) => {
      await world.l1.nextSlot(slots)
      await pos.catchUp()
      await world.setClock()
    }
    /** The operator proposes whenever it may, and knows of no list, until it is so. */
    const proposeUntil = async (isSo: () => Promise<boolean>) => {
      const proposer = pos.createProposer(keyOf(COMMITTER))
      const prover = pos.createLookaheadProver(keyOf(PAYER))
      for (let rounds = 0; !(await isSo()); rounds++) {
        if (rounds === ROUNDS_MAX) throw new Error(`not so after ${ROUNDS_MAX} slots`)
        await prover.step()
        await proposer.step()
        await go(1)
      }
    }
    /** L1 has a checkpoint of all that is derived. */
    const checkpoint = async () => {
      for (let rounds = 0; (await attester.step()).type !== 'upToDate'; rounds++) {
        if (rounds === ROUNDS_MAX) throw new Error(`no checkpoint after ${ROUNDS_MAX} slots`)
        await go(1)
      }
    }
    const proposals = () => readProposals(world.l1, world.rollup.inbox)
    /** The first of the operator that begins from now on. */
    const nextWindow = async (): Promise<SlotTurn['window']> => {
      const { schedule } = world.node
      const current = await schedule.currentSlot()
      for (let slot = current + 1n; ; slot++) {
        const turn = await schedule.at(slot)
        if (turn === undefined) throw new Error('the operator has no window')
        if (turn.window.firstSlot > current && turn.window.turn.type === 'owner') return turn.window
      }
    }

    test('the node that had the list writes it down, and the slasher takes the bond for it', async () => {
      const { node, spec, operator, slash } = world
      // The one before the window's is part of the evidence.
      await proposeUntil(async () => (await proposals()).length > 0)
      const window = await nextWindow()
      const windowEnd = spec.l1.genesisTime + window.lastSlot * spec.l1.secondsPerSlot
      const raw = await signL2({ chainId: spec.l2.chainId })
      const { domain, lists } = node.preconf!
      const list = signList(windowEnd, [raw], {
        key: hexToBytes(keyOf(COMMITTER)),
        l2ChainId: spec.l2.chainId,
        domain,
      })
      expect(await lists.receive(list)).toMatchObject({ type: 'taken' })
      await proposeUntil(async () => {
        const own = await proposals()
        const lastSlot = Number(window.lastSlot)
        return (
          own.some(({ windowEnd: end }) => BigInt(end) === windowEnd) && (own.at(-1)?.slot ?? 0) > lastSlot
        )
      })
      await checkpoint()
      await go(SLOTS_TO_FINALITY)

      const path = await vi.waitFor(() => {
        const [name] = readdirSync(world.evidenceDirectory)
        expect(name).toMatch(/^listViolation-\d+-.*\.json$/)
        return join(world.evidenceDirectory, name!)
      }, 60_000)
      expect(await node.preconf!.evidence.list(10)).toMatchObject([
        { kind: 'listViolation', registrationRoot: operator.root, transaction: keccak256Hex(raw) },
      ])
      const slashed = await slash(path)
      expect([slashed.code, slashed.text]).toEqual([0, expect.any(String)])
      expect(JSON.parse(slashed.text)).toMatchObject({
        operator: operator.root,
        takenEther: '1',
        bondEther: '1',
        // Of what is not burned the sender of the transaction has four fifths.
        rewardEther: '0.1',
      })
      expect(await slash(path)).toMatchObject({
        code: 1,
        text: expect.stringContaining('slashCommitment would fail: FaultAlreadySlashed'),
      })
    })
  },
)
