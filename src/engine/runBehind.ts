/** A transaction behind all that a block of a rollup holds: whether the block could have had it, too. */
import type { BlockHeader } from '../primitives/header.ts'
import { basefeeSharingPctgOf } from '../protocol/sharedBaseFee.ts'
import { forkAt, type RollupSpec } from '../spec/rollupSpec.ts'
import { blockInfoOf } from './blockInfo.ts'
import { type BlockRunInput, createBlockRun } from './blockRun.ts'
import type { AddResult } from './engine.ts'
import { rulesAt } from './rules/rulesAt.ts'

type Input = Required<Pick<BlockRunInput, 'senders' | 'state' | 'ancestorHash' | 'loop'>> & {
  readonly spec: RollupSpec
  readonly raw: Uint8Array
  readonly header: BlockHeader
}

export async function runBehind({ spec, raw, header, loop, ...rest }: Input): Promise<AddResult> {
  const execution = { type: 'rollup', spec } as const
  const fork = forkAt(spec, header)
  const run = await createBlockRun({
    ...{ ...rest, execution, loop, countsSteps: loop === 'stock' },
    ...{ rules: rulesAt(execution, header), info: blockInfoOf(execution, header) },
    basefeeSharingPctg: fork === undefined ? 0 : basefeeSharingPctgOf(fork, header.extraData),
    // The zk gas of a block is its difficulty. D-91.
    behind: { gasUsed: header.gasUsed, zkGas: Number(header.difficulty) },
  })
  return run.run(raw, 0)
}
