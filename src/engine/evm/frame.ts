/** One call's interpreter: what it runs on, where it stands, why it stopped to ask, and what its end means to the frame that opened it. */
import { type Address, hexToBytes } from '../../primitives/hex.ts'
import type { OverlayState } from '../state/overlay.ts'
import type { MaybePromise } from '../state/source.ts'
import type { AccessJournal } from './accessJournal.ts'
import type { Code } from './code.ts'
import { Memory } from './memory.ts'
import type { OpcodeTable } from './opcodes.ts'
import type { TransientState } from './transient.ts'
import type { Word } from './word.ts'
import type { ZkMeter } from './zkMeter.ts'

/** Of the block and the transaction: the same in all frames. */
export type Surroundings = {
  readonly opcodes: OpcodeTable
  readonly state: OverlayState
  readonly journal: AccessJournal
  readonly transient: TransientState
  /** For distances to other blocks. */
  readonly number: number
  readonly numberWord: Word
  readonly timestamp: Word
  readonly coinbase: Word
  readonly prevRandao: Word
  readonly gasLimit: Word
  readonly chainId: Word
  readonly baseFee: Word
  readonly blobBaseFee: Word
  readonly origin: Word
  readonly gasPrice: Word
  readonly blobHashes: readonly Word[]
  /** Delegated code is looked up (EIP-7702). */
  readonly delegates: boolean
  readonly blockHash: (number: number) => MaybePromise<Word>
  readonly meter: ZkMeter
  /** In place of the loop: one that can be watched (engine/check). */
  readonly runLoop?: RunLoop
}

/** Runs until it has to hand back; the frame holds where it stands. */
export type RunLoop = (frame: Frame, world: Surroundings) => Exit

/** Errors of a frame. Each but `revert` takes all its gas. */
export type Failure =
  | 'out of gas'
  | 'stack underflow'
  | 'stack overflow'
  | 'invalid opcode'
  | 'invalid jump'
  | 'static state change'
  | 'initcode too large'
  | 'return data out of bounds'
  | 'revert'

export type CallRequest = {
  readonly type: 'call'
  readonly opcode: number
  /** Lower-case hex. */
  readonly target: Address
  readonly value: Word
  /** For the child, stipend included. */
  readonly gas: number
  readonly inputOffset: number
  readonly inputLength: number
  readonly outputOffset: number
  readonly outputLength: number
}

export type CreateRequest = {
  readonly type: 'create'
  readonly value: Word
  readonly offset: number
  readonly length: number
  readonly salt?: Word
  readonly gas: number
}

/** Why the loop hands back control. */
export type Exit =
  | { readonly type: 'done' }
  | { readonly type: 'failed'; readonly failure: Failure }
  /** The opcode at `pc` runs again once this has been read. */
  | { readonly type: 'wait'; readonly on: Promise<unknown> }
  | CallRequest
  | CreateRequest
  | { readonly type: 'selfdestruct'; readonly beneficiary: Address }

export type Log = [address: Uint8Array, topics: Uint8Array[], data: Uint8Array]

/** What a frame is opened with. */
export type FrameInput = Pick<
  Frame,
  | 'address'
  | 'caller'
  | 'value'
  | 'data'
  | 'isStatic'
  | 'gas'
  | 'refund'
  | 'parent'
  | 'isCreation'
  | 'outputOffset'
  | 'outputLength'
>

export class Frame {
  readonly code: Code
  readonly address: Address
  readonly caller: Address
  readonly value: Word
  readonly data: Uint8Array
  readonly isStatic: boolean
  /** Of the transaction so far. */
  readonly logs: Log[]
  /** Undefined for the transaction's own. */
  readonly parent: Frame | undefined
  /** Calls above it. */
  readonly level: number
  readonly isCreation: boolean
  /** Where the parent wants what it returns. */
  readonly outputOffset: number
  readonly outputLength: number
  readonly stack: Word[]
  readonly memory: Memory
  pc = 0
  /** Words on the stack. */
  depth = 0
  gas: number
  refund: number
  #addressBytes: Uint8Array | undefined
  /** Of the last call. */
  returnData: Uint8Array = EMPTY
  output: Uint8Array = EMPTY

  constructor(input: FrameInput, code: Code, logs: Log[]) {
    this.code = code
    this.address = input.address
    this.caller = input.caller
    this.value = input.value
    this.data = input.data
    this.isStatic = input.isStatic
    this.logs = logs
    this.gas = input.gas
    this.refund = input.refund
    this.parent = input.parent
    this.level = input.parent === undefined ? 0 : input.parent.level + 1
    this.isCreation = input.isCreation
    this.outputOffset = input.outputOffset
    this.outputLength = input.outputLength
    const parts = spare.pop()
    this.stack = parts?.stack ?? []
    this.memory = parts?.memory ?? new Memory()
  }

  get addressBytes(): Uint8Array {
    this.#addressBytes ??= hexToBytes(this.address)
    return this.#addressBytes
  }

  push(word: Word): void {
    this.stack[this.depth++] = word
  }

  /** Gives stack and memory to the next frame. */
  release(): void {
    this.memory.clear()
    if (spare.length < SPARE_MAX && this.memory.capacity <= SPARE_BYTES_MAX)
      spare.push({ stack: this.stack, memory: this.memory })
  }
}

const EMPTY = new Uint8Array(0)
/** Deep recursions are rare; their memories need not be kept. */
const SPARE_MAX = 16
const SPARE_BYTES_MAX = 1 << 20
const spare: { readonly stack: Word[]; readonly memory: Memory }[] = []
