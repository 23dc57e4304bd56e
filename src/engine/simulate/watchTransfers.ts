/** Logs of a message with ETH that moves among them, in the order in which it all happened. ERC-7528; execution-apis, ethsimulatev1-notes. */
import { toWord } from '../../primitives/bytes.ts'
import type { Address, Hash } from '../../primitives/hex.ts'
import type { RunContext } from '../evm.ts'
import type { Frame } from '../trace/hooks.ts'
import { watchEvm } from '../trace/watch.ts'
import type { SimulatedLog } from './simulated.ts'

/** Stands for ETH as a token. ERC-7528. */
const ETH_ADDRESS: Address = '0xeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee'
/** keccak-256 of Transfer(address,address,uint256). */
const TRANSFER_TOPIC: Hash = '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef'

export type TransferWatch = {
  /** Logs of the message that has just run; a failed one has none. */
  take(): readonly SimulatedLog[]
}

/** `value`: wei that its first log says it moves. A creation's receiver is known at its end. */
type OpenFrame = { readonly logs: SimulatedLog[]; readonly value?: bigint }

/** Its logs count through the block, those that were undone included. Every step is heard, so only who asks for transfers waits for it. */
export function watchTransfers(context: RunContext): TransferWatch {
  const open: OpenFrame[] = []
  let finished: readonly SimulatedLog[] = []
  let count = 0

  watchEvm(
    context,
    {
      enter(frame) {
        const { value = 0n } = frame
        // The code of another account on one's own balance moves nothing.
        const moves = value > 0n && frame.type !== 'DELEGATECALL' && frame.type !== 'CALLCODE'
        const logs: SimulatedLog[] = []
        if (moves) logs.push({ ...transferLog(frame, value), index: count++ })
        open.push({ logs, ...(moves && { value }) })
      },
      exit(frame, { isUndone }) {
        const ended = open.pop()
        if (ended === undefined) return
        const { logs, value } = ended
        const [first] = logs
        if (value !== undefined && first !== undefined) logs[0] = { ...first, ...transferLog(frame, value) }
        const kept = isUndone ? [] : logs
        const parent = open.at(-1)
        if (parent === undefined) finished = kept
        else parent.logs.push(...kept)
      },
      log({ address, topics, data }) {
        open.at(-1)?.logs.push({ address, topics, data, index: count++ })
      },
    },
    0,
  )

  return {
    take() {
      const taken = finished
      finished = []
      return taken
    },
  }
}

function transferLog({ from, to }: Frame, value: bigint): Omit<SimulatedLog, 'index'> {
  const topics = [TRANSFER_TOPIC, addressTopic(from), ...(to === undefined ? [] : [addressTopic(to)])]
  return { address: ETH_ADDRESS, topics, data: toWord(value) }
}

function addressTopic(address: Address): Hash {
  return `0x${address.slice(2).padStart(64, '0')}`
}
