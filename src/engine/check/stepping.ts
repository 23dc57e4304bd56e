/**
 * Our loop, step by step, without a word of it in the loop: it stops where the zk gas of a block is used up, so it is given a limit of nothing,
 * and goes on from where it stopped. What charges nothing ends a frame and needs no stop.
 */
import { UNZEN_ZK_SCHEDULE } from '../../spec/zkSchedule.ts'
import type { Exit, Frame, RunLoop } from '../evm/frame.ts'
import { runLoop } from '../evm/loop.ts'
import type { OpcodeTable } from '../evm/opcodes.ts'
import { createZkMeter } from '../evm/zkMeter.ts'

/** `onStep` before each step; `zkGas` is what steps have charged so far, by Unzen's schedule whatever the fork. */
export function createSteppingLoop(
  opcodes: OpcodeTable,
  onStep: (frame: Frame) => void,
): { readonly runLoop: RunLoop; readonly zkGas: () => number } {
  const { factors, statics, spawns, precompile } = createZkMeter(UNZEN_ZK_SCHEDULE, opcodes)
  let total = 0
  /** What a step waited for is there: it begins once more. */
  let isAgain = false
  const step: RunLoop = (frame, world): Exit => {
    for (;;) {
      // Behind the code's end there is a STOP that nobody wrote.
      if (!isAgain && frame.pc < frame.code.source.length) onStep(frame)
      const meter = { factors, statics, spawns, precompile, used: 0, max: 0 }
      const exit = runLoop(frame, { ...world, meter })
      total += meter.used
      isAgain = exit.type === 'wait'
      if (exit.type !== 'done' || meter.used === 0) return exit
    }
  }
  return { runLoop: step, zkGas: () => total }
}
