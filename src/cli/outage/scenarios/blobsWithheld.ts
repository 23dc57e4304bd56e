/** Nobody whom a node asks serves the blobs of some proposals; an archive does later. */
import { encodePropose } from '../../../propose/postRequest.ts'
import { encodeBlobs } from '../../../protocol/blobCodec.ts'
import { CLOCKS_IN_ORDER, COMES_BACK, FINALITY_STANDS } from '../../../research/outage/promises/clocks.ts'
import {
  DEFAULT_ONLY_BY_RULE,
  HEALED_IS_THE_SAME,
  MISSING_IS_WAITED_FOR,
} from '../../../research/outage/promises/data.ts'
import { startBlobArchive } from '../blobArchive.ts'
import { compareSafe } from '../compare.ts'
import { startGate } from '../gate.ts'
import { createPlainProposer } from '../proposers.ts'
import type { At, Scenario } from '../scenario.ts'
import { sendBlobs } from '../users.ts'

/** No manifest: D-20. */
const GARBAGE = new TextEncoder().encode('nobody can read this')
const NO_DEADLINE = 2n ** 40n
/** Of the steady phase: its proposal is garbage. */
const GARBAGE_INDEX = 3

export const blobsWithheld: Scenario = {
  id: 'blobs-withheld',
  title: 'nobody serves the blobs of some proposals, until an archive does',
  heeds: [],
  operators: () => 1,
  slotsPerEpoch: 4,
  drawTurn: () => () => 0,
  warmUpSlots: 12,
  phases: () => [
    { name: 'steady', what: 'blobs are served; one proposal is undecodable', slots: 12 },
    { name: 'fault', what: 'the beacon node withholds the blobs of these slots for ever', slots: 8 },
    { name: 'recovery', what: 'an archive has them', slots: 14 },
  ],
  async open(world) {
    const [operator] = world.operators
    if (operator === undefined) throw new RangeError('the scenario needs an operator')
    const archive = world.keep(await startGate(world.keep(await startBlobArchive(world.l1)).url))
    archive.setRule(() => 'withhold')
    const healthy = await world.start({ name: 'proposer' })
    const measured = await world.start({
      name: 'cut-off',
      beaconUrl: world.gate.url,
      blobServers: [archive.url],
    })
    const proposer = createPlainProposer(world.place, { name: 'proposer', operator, node: healthy })
    const isGarbage = ({ phase, index }: At) => phase === 'steady' && index === GARBAGE_INDEX
    let first = Number.POSITIVE_INFINITY
    let last = Number.POSITIVE_INFINITY
    return {
      measured,
      async before({ phase, index, slot }) {
        if (index !== 0) return
        if (phase === 'fault') {
          first = slot
          world.excuse(measured, true)
          world.fact('firstWithheldSlot', slot)
          world.note('blobs are withheld from here on')
          world.gate.setRule((path) => {
            const at = Number(/\/blobs\/(\d+)$/.exec(path)?.[1])
            return first <= at && at < last ? 'withhold' : 'pass'
          })
        }
        if (phase === 'recovery') {
          last = slot
          world.excuse(measured, false)
          archive.setRule(() => 'pass')
          world.note('an archive serves them')
        }
      },
      async during(at) {
        if (at.phase !== 'warmUp') await world.pay({ user: 0, sender: 'user', path: 'pool', to: [healthy] })
        if (!isGarbage(at)) {
          await proposer.step(world.signal)
          return
        }
        const blobs = encodeBlobs(GARBAGE)
        const lookahead = new Uint8Array(0)
        await sendBlobs({ ...world.place, inbox: world.spec.l1.inbox }, operator, {
          blobs,
          data: encodePropose({
            lookahead,
            deadline: NO_DEADLINE,
            blobCount: blobs.length,
            forcedInclusions: 0,
          }),
        })
        // It is the next one to land.
        const { safe } = healthy.node.chain.heads()
        const origin = await healthy.node.chain.origin(safe.number)
        world.fact('garbageProposal', Number((origin?.proposalId ?? 0n) + 1n))
      },
      async finish() {
        const { same, blocks } = await compareSafe(measured.node, healthy.node)
        world.fact('sameBlocks', same)
        world.fact('comparedBlocks', blocks)
      },
    }
  },
  promises: [
    MISSING_IS_WAITED_FOR,
    HEALED_IS_THE_SAME,
    DEFAULT_ONLY_BY_RULE,
    CLOCKS_IN_ORDER,
    FINALITY_STANDS,
    COMES_BACK,
  ],
}
