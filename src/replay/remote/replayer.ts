/** Replays proposals one after the other, keeping what the next one can use. */
import { createEngine } from '../../engine/vm.ts'
import { CriticalError } from '../../primitives/errors.ts'
import { createHeaderCache } from './ancestors.ts'
import type { NearProposal } from './canonical.ts'
import { createL2Node } from './l2Node.ts'
import type { WorkerSetup } from './messages.ts'
import { type ProposalJob, type ReplayDeps, type ReplayedProposal, replayProposal } from './replayProposal.ts'

export type Replayer = {
  /** In the order of the calls. */
  run(job: ProposalJob): Promise<ReplayedProposal>
  close(): Promise<void>
}

export function createReplayer(
  setup: WorkerSetup,
  anchorBlock: ReplayDeps['anchorBlock'],
  signal?: AbortSignal,
): Replayer {
  const { spec, way } = setup
  const [node, ...others] = setup.nodes.map((each) => createL2Node(each, signal))
  if (node === undefined) throw new CriticalError('a replay needs the URL of an L2 node: --l2.rpc')
  const engine = createEngine({ spec })
  const headers = createHeaderCache()
  const deps = { spec, engine, nodes: [node, ...others] as const, way, headers, anchorBlock }
  let near: NearProposal | undefined
  let tail: Promise<unknown> = Promise.resolve()

  async function replay(job: ProposalJob): Promise<ReplayedProposal> {
    const replayed = await replayProposal(deps, job, near)
    const last = replayed.blocks.at(-1)
    if (last !== undefined) near = { id: replayed.id, last: last.number }
    return replayed
  }

  return {
    run(job) {
      const result = tail.then(() => replay(job))
      tail = result.catch(() => {})
      return result
    },
    close: () => engine.close(),
  }
}
