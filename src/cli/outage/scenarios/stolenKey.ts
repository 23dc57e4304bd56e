/** A thief has a committer's key, and signs other blocks for places that the committer fills. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Abi, parseAbi } from 'viem'
import { parseEvidenceFile } from '../../../preconf/evidence/file.ts'
import { type Slashed, slash } from '../../../preconf/evidence/slash.ts'
import { defined } from '../../../primitives/assert.ts'
import { CLOCKS_IN_ORDER, COMES_BACK, FINALITY_STANDS } from '../../../research/outage/promises/clocks.ts'
import {
  BOND_PAYS_ONCE,
  FIRST_HEARD_STANDS,
  L1_WINS,
  LIES_ARE_EVIDENCE,
  STOLEN_KEY_ENDS,
} from '../../../research/outage/promises/slashing.ts'
import { DEPLOYER_KEY } from '../../devnet/keys.ts'
import { compareSafe } from '../compare.ts'
import { freePort } from '../freePort.ts'
import type { Scenario } from '../scenario.ts'
import { startSequencers } from '../sequencers.ts'
import { deploySlashable } from '../slashable.ts'
import { publishRival, type Rival, signRival } from '../thief.ts'

const SLOTS_PER_EPOCH = 6
/** Slots of the fault in which something happens. */
const AT = { signLate: 1, publishLate: 2, behindEnd: 3, slash: [6, 8], again: 10, remove: 10 } as const
const REMOVE_ABI = parseAbi(['function removeOperator(address operator)'])

export const stolenKey: Scenario = {
  id: 'stolen-committer-key',
  title: 'a thief signs other blocks with the key of a committer',
  heeds: [],
  operators: () => 2,
  slotsPerEpoch: SLOTS_PER_EPOCH,
  drawTurn: () => (epoch) => epoch % 2,
  warmUpSlots: 16,
  beginsWith: { epoch: 0, of: 2 },
  phases: () => [
    { name: 'steady', what: 'two operators take turns', slots: 2 * SLOTS_PER_EPOCH },
    {
      name: 'fault',
      what: 'a thief signs with the key of operator-0; its bond pays, and its turns are ended',
      slots: 12,
    },
    { name: 'recovery', what: 'the other operator has every window; the thief goes on', slots: 14 },
  ],
  async open(world) {
    const victim = defined(world.operators[0], 'the victim')
    const bonded = await deploySlashable(world, victim.account)
    const bond = { bondWei: String(bonded.bondWei), safetyPenaltyWei: String(bonded.safetyPenaltyWei) }
    world.setDomain(bonded.domain, bond)
    const port = await freePort()
    const { follower, sequencers } = await startSequencers(world, { follows: [`ws://127.0.0.1:${port}`] })
    const streams = sequencers().map(({ node }) => node.rpc.wsUrl)
    const thief = await world.start({ name: 'thief', follows: streams, port })
    const challenger = await bonded.ownerOf(world.stranger.key)
    const scheduleOwner = await bonded.ownerOf(DEPLOYER_KEY)
    const evidenceDir = join(world.place.dataDir, 'follower', 'preconf', 'evidence')
    const latest = () => follower.node.chain.heads().latest
    let late: Rival | undefined
    let isFirstKept = true
    let [rivals, taken, slashes, afterRemoval] = [0, 0n, 0, 0]
    let underWay: Promise<unknown> = Promise.resolve()
    const begin = (work: Promise<unknown>): void => {
      underWay = work
      // It fails where it is waited for, which is a slot later; until then nobody would have heard.
      work.catch(() => {})
    }

    const hears = async (rival: Rival): Promise<boolean> => {
      publishRival(thief, rival)
      await world.settle()
      return (await follower.node.chain.blockNumberOf(rival.hash)) !== undefined
    }
    const files = async () =>
      (await readdir(evidenceDir).catch(() => [])).filter((name) => name.endsWith('.json')).sort()
    const bring = async (index: number): Promise<Slashed> => {
      const name = defined((await files())[index], `evidence ${index}`)
      const evidence = parseEvidenceFile(await readFile(join(evidenceDir, name), 'utf8'))
      return slash(bonded.client, bonded.contracts, {
        challenger,
        evidence,
        operator: bonded.registrationRoot,
      })
    }

    return {
      measured: follower,
      async before({ phase, index }) {
        if (phase === 'fault' && index === 0) world.note('the key of operator-0 is stolen')
        // What was sent in the slot before is in a block only after this one.
        if (phase === 'recovery' && index === 1) await underWay
      },
      async during({ phase, index }) {
        if (phase !== 'warmUp') await world.pay({ user: 0, sender: 'user', path: 'pool', to: sequencers() })
        if (phase === 'fault') await inFault(index)
        // Its own epoch, as it would have been; nobody gives the thief one any more.
        if (phase === 'recovery' && (index === 2 || index === 8)) {
          afterRemoval += (await hears(await signRival(world, thief, victim))) ? 1 : 0
          world.fact('takenAfterRemoval', afterRemoval)
        }
      },
      async finish() {
        const other = defined(sequencers()[1], 'operator-1')
        const { same, blocks } = await compareSafe(follower.node, other.node)
        world.fact('sameBlocks', same)
        world.fact('comparedBlocks', blocks)
      },
    }

    async function inFault(index: number): Promise<void> {
      if (index === AT.signLate) late = await signRival(world, thief, victim)
      if (index === AT.publishLate && late !== undefined) {
        const kept = latest().hash
        await hears(late)
        isFirstKept &&= (await follower.node.chain.blockNumberOf(late.hash)) === undefined
        isFirstKept &&= (await follower.node.chain.blockNumberOf(kept)) !== undefined
        world.note('the thief’s block for a place that is filled is heard')
        world.fact('rivalBlocks', ++rivals)
      }
      if (index === AT.behindEnd) {
        await hears(await signRival(world, thief, victim))
        world.note('the thief’s block behind the end of the window is heard')
        world.fact('rivalBlocks', ++rivals)
      }
      if (index > AT.behindEnd) {
        world.fact('keptFirst', isFirstKept)
        world.fact('evidenceFiles', (await files()).length)
      }
      const nth = AT.slash.indexOf(index as (typeof AT.slash)[number])
      if (nth >= 0 && nth < (await files()).length)
        begin(
          bring(nth).then(({ takenWei }) => {
            taken += takenWei
            world.fact('takenWei', String(taken))
            world.fact('faultsSlashed', ++slashes)
            world.note(`the bond of operator-0 pays ${takenWei} wei`)
          }),
        )
      if (AT.slash.includes((index - 1) as (typeof AT.slash)[number])) await underWay
      if (index === AT.again) {
        const isRefused = await bring(0).then(
          () => false,
          () => true,
        )
        world.fact('secondRefused', isRefused)
      }
      if (index === AT.remove) {
        begin(
          scheduleOwner.send({
            ...{ address: world.schedule, abi: REMOVE_ABI as Abi, functionName: 'removeOperator' },
            args: [victim.address],
          }),
        )
        world.note('the owner of the whitelist ends its turns')
      }
      if (index === AT.remove + 1) await underWay
    }
  },
  promises: [
    LIES_ARE_EVIDENCE,
    FIRST_HEARD_STANDS,
    L1_WINS,
    BOND_PAYS_ONCE,
    STOLEN_KEY_ENDS,
    CLOCKS_IN_ORDER,
    FINALITY_STANDS,
    COMES_BACK,
  ],
}
