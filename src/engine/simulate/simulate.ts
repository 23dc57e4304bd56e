/**
 * `eth_simulateV1`: blocks of unsigned calls built on a block of the chain, each on the one before. As go-ethereum's
 * internal/ethapi/simulate.go, whose answers are the recorded conversations of execution-apis.
 */
import { headerHash } from '../../primitives/header.ts'
import type { Hash } from '../../primitives/hex.ts'
import type { ExecutionSpec } from '../../spec/executionSpec.ts'
import type { AncestorHashes } from '../engine.ts'
import { InvalidBlockError } from '../ethereum/invalidBlock.ts'
import { OverlayState } from '../state/overlay.ts'
import type { StateSource } from '../state/source.ts'
import { simulateBlock } from './block.ts'
import { draftHeader, type ParentBlock } from './header.ts'
import { planBlocks } from './plan.ts'
import type { SimulatedBlock, Simulation, SimulationResult } from './simulated.ts'

/** Seconds between blocks that name no time: an L1 slot; on a rollup the pace its fee rule takes for normal (D-65). */
const SECONDS_PER_BLOCK = { ethereum: 12n, rollup: 2n } as const

/** `state` is the one after `simulation.base`, and has a root after changes. */
export async function simulateBlocks(
  environment: {
    readonly execution: ExecutionSpec
    readonly state: StateSource
    readonly ancestorHash: AncestorHashes
  },
  simulation: Simulation,
): Promise<SimulationResult> {
  const { execution, state: source } = environment
  const { base } = simulation
  const plan = planBlocks(base, simulation.blocks, SECONDS_PER_BLOCK[execution.type])
  if (plan.type === 'refused') return plan
  const state = new OverlayState(source)
  const simulated: SimulatedBlock[] = []
  let parent: ParentBlock = {
    hash: headerHash(base),
    header: base,
    timestampBefore: simulation.timestampBefore,
  }
  const hashes = new Map<bigint, Hash>([[base.number, parent.hash]])
  const ancestorHash: AncestorHashes = (number) => hashes.get(number) ?? environment.ancestorHash(number)
  let { gasMax, returnBytesMax } = simulation
  for (const block of plan.blocks) {
    const draft = draftHeader(execution, parent, block, simulation.validates)
    try {
      const outcome = await simulateBlock({
        ...{ execution, source, state, ancestorHash, simulation, block, draft, gasMax, returnBytesMax },
      })
      if (outcome.type === 'refused') return outcome
      const { hash, header } = outcome.block
      simulated.push(outcome.block)
      hashes.set(header.number, hash)
      gasMax -= header.gasUsed
      returnBytesMax -= outcome.returnBytes
      parent = { hash, header, timestampBefore: parent.header.timestamp }
    } catch (error) {
      // An override may break the contracts that the protocol calls.
      if (!(error instanceof InvalidBlockError)) throw error
      return { type: 'refused', refusal: { reason: 'invalid', message: error.message } }
    }
  }
  return { type: 'simulated', blocks: simulated }
}
