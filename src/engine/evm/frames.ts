/**
 * Calls and creations: what opens a frame moves value and finds code, what ends one keeps or undoes what it did. Frames are in a list
 * of their own, so that one driver runs them all at once as long as the state answers at once, however deep they are. EthereumJS's own
 * `runCall` waits some forty times a frame. Yellow Paper §7, §8; EIP-161, EIP-170, EIP-684, EIP-3541, EIP-6780, EIP-7610, EIP-7702.
 */
import { EVMError, type ExecResult, type PrecompileFunc } from '@ethereumjs/evm'
import { bigintToBytes, concatBytes } from '../../primitives/bytes.ts'
import { type Address, bytesToHex, hexToBytes } from '../../primitives/hex.ts'
import { EMPTY_CODE_HASH_BYTES, EMPTY_TRIE_ROOT_BYTES, keccak256 } from '../../primitives/keccak.ts'
import { encodeRlp } from '../../primitives/rlp.ts'
import type { ReadAccount } from '../state/overlay.ts'
import type { MaybePromise } from '../state/source.ts'
import { delegateOf, INITCODE_BYTES_MAX } from './callGas.ts'
import { analyse } from './code.ts'
import {
  type CallRequest,
  type CreateRequest,
  type Exit,
  type Failure,
  Frame,
  type Log,
  type Surroundings,
} from './frame.ts'
import { runLoop } from './loop.ts'
import { addressToWord, isZero, toWord, type Word, wordToBytes } from './word.ts'
import { ZkGasExceededError } from './zkMeter.ts'

/** EIP-150 §call depth. */
const DEPTH_MAX = 1024
const NONCE_MAX = 2n ** 64n - 1n
const BALANCE_MAX = 2n ** 256n - 1n
/** EIP-170. */
const CODE_BYTES_MAX = 24_576
/** Per byte of a new contract's code. Yellow Paper, appendix G. */
const CODE_BYTE_GAS = 200
/** No code begins with it. EIP-3541. */
const RESERVED_BYTE = 0xef
const CALLCODE = 0xf2
const DELEGATECALL = 0xf4
const STATICCALL = 0xfa
const EMPTY = new Uint8Array(0)
const NO_ACCOUNT: ReadAccount = {
  nonce: 0n,
  balance: 0n,
  storageRoot: EMPTY_TRIE_ROOT_BYTES,
  codeHash: EMPTY_CODE_HASH_BYTES,
}

const { errorMessages } = EVMError
const REVERT = errorMessages.REVERT
/** In EthereumJS's words. */
const ERRORS: Readonly<Record<Failure, string>> = {
  'out of gas': errorMessages.OUT_OF_GAS,
  'stack underflow': errorMessages.STACK_UNDERFLOW,
  'stack overflow': errorMessages.STACK_OVERFLOW,
  'invalid opcode': errorMessages.INVALID_OPCODE,
  'invalid jump': errorMessages.INVALID_JUMP,
  'static state change': errorMessages.STATIC_STATE_CHANGE,
  'initcode too large': errorMessages.INITCODE_SIZE_VIOLATION,
  'return data out of bounds': errorMessages.OUT_OF_GAS,
  revert: REVERT,
}

/** Frames that each loop has run: what falls back to EthereumJS's is seen in tests. */
export const frameCounts = { own: 0, stock: 0 }

export type FramesDeps = {
  readonly world: Surroundings
  /** By address in hex without a prefix. */
  readonly precompiles: ReadonlyMap<string, PrecompileFunc>
  readonly runPrecompile: (
    code: PrecompileFunc,
    data: Uint8Array,
    gas: bigint,
  ) => Promise<ExecResult> | ExecResult
  /** EIP-6780. */
  readonly destroysOnlyNew: boolean
}

/** A transaction's call or, without `to`, its creation; the nonce of a creator has been raised. */
export type Opening = {
  readonly type: 'begin'
  readonly caller: Address
  readonly to: Address | undefined
  readonly value: bigint
  readonly data: Uint8Array
  readonly gas: number
}

export type Outcome = {
  /** In EthereumJS's words. */
  readonly error: string | undefined
  readonly gasLeft: number
  readonly refund: number
  readonly output: Uint8Array
  readonly logs: readonly Log[]
  readonly created: readonly Address[]
  readonly destroyed: readonly (readonly [address: Address, beneficiary: Address])[]
}

/** What has been opened: whose it is, and how its end is told. */
type Opened = Pick<Frame, 'parent' | 'isCreation' | 'address' | 'outputOffset' | 'outputLength'>

type End = {
  readonly error?: string
  readonly gasLeft: number
  readonly refund: number
  readonly output: Uint8Array
}

type Call = Opened & {
  readonly caller: Address
  /** Where the code is. */
  readonly target: Address
  readonly value: Word
  readonly isDelegate: boolean
  readonly data: Uint8Array
  readonly isStatic: boolean
  readonly gas: number
  readonly refund: number
}

type Creation = {
  readonly parent: Frame | undefined
  readonly caller: Address
  readonly creator: ReadAccount
  /** That its address comes of. */
  readonly nonce: bigint
  readonly salt: Word | undefined
  readonly value: bigint
  readonly initcode: Uint8Array
  readonly gas: number
  readonly refund: number
}

/** Nothing has happened while a read is waited for: what was asked for is asked for again. */
type Wait = Promise<unknown> | undefined

/** Of one transaction. */
export class Frames {
  readonly #deps: FramesDeps
  readonly #logs: Log[] = []
  readonly #created: Address[] = []
  readonly #destroyed: [Address, Address][] = []
  /** Lengths of the three when what is open was opened, by turns. */
  readonly #marks: number[] = []
  /** The one that runs. */
  #top: Frame | undefined
  /** What has not been done yet. */
  #asked: Exit | Opening | undefined
  #outcome: Outcome | undefined

  constructor(deps: FramesDeps) {
    this.#deps = deps
  }

  async run(opening: Opening): Promise<Outcome> {
    this.#asked = opening
    try {
      for (;;) {
        const wait = this.#drive()
        if (this.#outcome !== undefined) return this.#outcome
        await wait
      }
    } finally {
      for (let frame = this.#top; frame !== undefined; frame = frame.parent) frame.release()
    }
  }

  /** Until the end, or something has to be waited for. */
  #drive(): Wait {
    const { world } = this.#deps
    while (this.#outcome === undefined) {
      if (this.#asked === undefined) {
        this.#asked = (world.runLoop ?? runLoop)(this.#top as Frame, world)
        if (world.meter.used > world.meter.max) throw new ZkGasExceededError()
      }
      const wait = this.#handle(this.#asked)
      if (wait !== undefined) return wait
      this.#asked = undefined
    }
    return undefined
  }

  #handle(asked: Exit | Opening): Wait {
    if (asked.type === 'begin')
      return asked.to === undefined ? this.#beginCreation(asked) : this.#beginCall(asked, asked.to)
    const frame = this.#top as Frame
    switch (asked.type) {
      case 'wait':
        this.#asked = undefined
        return asked.on
      case 'call':
        return this.#call(frame, asked)
      case 'create':
        return this.#create(frame, asked)
      case 'selfdestruct':
        return this.#destroy(frame, asked.beneficiary)
      case 'done':
        return this.#end(frame)
      case 'failed':
        return this.#end(frame, asked.failure)
    }
  }

  #beginCall({ caller, to: target, value, data, gas }: Opening, to: Address): Wait {
    const { state, journal, delegates } = this.#deps.world
    const payer = state.readAccount(caller)
    if (payer instanceof Promise) return payer
    if ((payer?.balance ?? 0n) < value) return this.#refuseAll(errorMessages.INSUFFICIENT_BALANCE, gas)
    const code = state.readCode(to)
    if (code instanceof Promise) return code
    const delegate = delegates ? delegateOf(code) : undefined
    if (delegate !== undefined) journal.warm(delegate)
    return this.#enter({
      ...{ parent: undefined, isCreation: false, address: to, target: target as Address, caller, value },
      ...{ isDelegate: false, data, isStatic: false, gas, refund: 0, outputOffset: 0, outputLength: 0 },
    })
  }

  #beginCreation({ caller, value, data, gas }: Opening): Wait {
    const creator = this.#deps.world.state.readAccount(caller)
    if (creator instanceof Promise) return creator
    if ((creator?.balance ?? 0n) < value) return this.#refuseAll(errorMessages.INSUFFICIENT_BALANCE, gas)
    if (data.length > INITCODE_BYTES_MAX) return this.#refuseAll(errorMessages.INITCODE_SIZE_VIOLATION, 0)
    const from = creator ?? NO_ACCOUNT
    return this.#enterCreation({
      ...{ parent: undefined, caller, creator: from, nonce: from.nonce - 1n, salt: undefined, value },
      ...{ initcode: data, gas, refund: 0 },
    })
  }

  /** The transaction is over before anything of it was opened. */
  #refuseAll(error: string, gasLeft: number): undefined {
    const nothing = { refund: 0, output: EMPTY, logs: [], created: [], destroyed: [] }
    this.#outcome = { error, gasLeft, ...nothing }
  }

  #call(frame: Frame, request: CallRequest): Wait {
    const { opcode, target, gas, inputOffset, inputLength, outputOffset, outputLength } = request
    const isDelegate = opcode === DELEGATECALL
    const value = isDelegate ? frame.value : request.value
    let isRefused = frame.level >= DEPTH_MAX
    if (!isRefused && !isDelegate && !isZero(value)) {
      const payer = this.#deps.world.state.readAccount(frame.address)
      if (payer instanceof Promise) return payer
      isRefused = (payer?.balance ?? 0n) < value
    }
    frame.returnData = EMPTY
    if (isRefused) {
      frame.gas += gas
      frame.push(0)
      return undefined
    }
    return this.#enter({
      parent: frame,
      isCreation: false,
      address: isDelegate || opcode === CALLCODE ? frame.address : target,
      target,
      caller: isDelegate ? frame.caller : frame.address,
      value,
      isDelegate,
      data: inputLength === 0 ? EMPTY : frame.memory.view(inputOffset, inputLength),
      isStatic: opcode === STATICCALL || frame.isStatic,
      gas,
      refund: frame.refund,
      outputOffset,
      outputLength,
    })
  }

  /** Value moves, then code runs: the called account's, a precompile's, or none. */
  #enter(call: Call): Wait {
    const { precompiles, runPrecompile, world } = this.#deps
    const { state, journal } = world
    const { caller, address, target, gas, refund } = call
    const precompile = precompiles.get(target.slice(2))
    const code = precompile === undefined ? this.#codeOf(target) : EMPTY
    if (code instanceof Promise) return code
    const moves = !call.isDelegate && !isZero(call.value) && caller !== address
    const payer = moves ? state.readAccount(caller) : null
    if (payer instanceof Promise) return payer
    const payee = moves ? state.readAccount(address) : null
    if (payee instanceof Promise) return payee

    this.#open()
    if (!call.isDelegate) {
      journal.touch(caller)
      journal.touch(address)
    }
    if (moves) {
      const value = BigInt(call.value)
      const balance = (payee?.balance ?? 0n) + value
      if (balance > BALANCE_MAX)
        return this.#close(call, { error: errorMessages.VALUE_OVERFLOW, gasLeft: gas, refund, output: EMPTY })
      state.writeAccount(caller, { ...(payer ?? NO_ACCOUNT), balance: (payer?.balance ?? 0n) - value })
      state.writeAccount(address, { ...(payee ?? NO_ACCOUNT), balance })
    }
    if (precompile !== undefined) {
      const result = runPrecompile(precompile, call.data, BigInt(gas))
      if (!(result instanceof Promise)) return this.#endPrecompile(call, result)
      return result.then((found) => {
        this.#asked = undefined
        this.#endPrecompile(call, found)
      })
    }
    if (code.length === 0) return this.#close(call, { gasLeft: gas, refund, output: EMPTY })
    frameCounts.own++
    this.#top = new Frame(call, analyse(code), this.#logs)
    return undefined
  }

  /** With the code that it is delegated to, if it is. EIP-7702. */
  #codeOf(address: Address): MaybePromise<Uint8Array> {
    const { state, delegates } = this.#deps.world
    const code = state.readCode(address)
    if (code instanceof Promise || !delegates) return code
    const delegate = delegateOf(code)
    return delegate === undefined ? code : state.readCode(delegate)
  }

  #endPrecompile(call: Call, result: ExecResult): undefined {
    const { meter } = this.#deps.world
    if (meter.max !== Number.POSITIVE_INFINITY) {
      meter.used += Number(result.executionGasUsed) * meter.precompile(call.target.slice(2))
      if (meter.used > meter.max) throw new ZkGasExceededError()
    }
    const error = result.exceptionError?.error
    this.#close(call, {
      ...(error !== undefined && { error }),
      gasLeft: call.gas - Number(result.executionGasUsed),
      refund: call.refund,
      output: error === undefined ? result.returnValue : EMPTY,
    })
  }

  #create(frame: Frame, request: CreateRequest): Wait {
    const { gas, offset, length, salt } = request
    const value = BigInt(request.value)
    const account = this.#deps.world.state.readAccount(frame.address)
    if (account instanceof Promise) return account
    const creator = account ?? NO_ACCOUNT
    const { nonce, balance } = creator
    frame.returnData = EMPTY
    if (frame.level >= DEPTH_MAX || balance < value || nonce >= NONCE_MAX) {
      frame.gas += gas
      frame.push(0)
      return undefined
    }
    const initcode = length === 0 ? EMPTY : frame.memory.copy(offset, length)
    return this.#enterCreation({
      ...{ parent: frame, caller: frame.address, creator: { ...creator, nonce: nonce + 1n }, nonce, salt },
      ...{ value, initcode, gas, refund: frame.refund },
    })
  }

  #enterCreation(creation: Creation): Wait {
    const { state, journal } = this.#deps.world
    const { parent, caller, creator, value, initcode, gas, refund } = creation
    const address = addressOfCreation(creation)
    const account = state.readAccount(address)
    if (account instanceof Promise) return account

    journal.touch(caller)
    state.writeAccount(caller, creator)
    journal.warm(address)
    this.#open()
    this.#created.push(address)
    const opened = { parent, isCreation: true, address, outputOffset: 0, outputLength: 0 }
    if (account !== null && isTaken(account))
      return this.#close(opened, { error: errorMessages.CREATE_COLLISION, gasLeft: 0, refund, output: EMPTY })
    if (value > 0n) state.writeAccount(caller, { ...creator, balance: creator.balance - value })
    journal.touch(address)
    state.clearSlots(address)
    const { balance } = account ?? NO_ACCOUNT
    state.writeAccount(address, { ...NO_ACCOUNT, nonce: 1n, balance: balance + value })
    if (balance + value > BALANCE_MAX)
      return this.#close(opened, { error: errorMessages.VALUE_OVERFLOW, gasLeft: gas, refund, output: EMPTY })
    if (initcode.length === 0) return this.#close(opened, { gasLeft: gas, refund, output: EMPTY })
    frameCounts.own++
    const frame = { ...opened, caller, value: toWord(value), data: EMPTY, isStatic: false, gas, refund }
    this.#top = new Frame(frame, analyse(initcode), this.#logs)
    return undefined
  }

  /** The balance goes; what was not created in this transaction stays itself. EIP-6780. */
  #destroy(frame: Frame, beneficiary: Address): Wait {
    const { destroysOnlyNew, world } = this.#deps
    const { state, journal } = world
    const own = state.readAccount(frame.address)
    if (own instanceof Promise) return own
    const isToSelf = beneficiary === frame.address
    const other = isToSelf ? null : state.readAccount(beneficiary)
    if (other instanceof Promise) return other
    this.#destroyed.push([frame.address, beneficiary])
    const { balance } = own ?? NO_ACCOUNT
    if (!isToSelf) {
      const receiver = other ?? NO_ACCOUNT
      journal.touch(beneficiary)
      state.writeAccount(beneficiary, { ...receiver, balance: receiver.balance + balance })
    }
    const isBurnt = !destroysOnlyNew || this.#created.includes(frame.address)
    if (isBurnt || !isToSelf) state.writeAccount(frame.address, { ...(own ?? NO_ACCOUNT), balance: 0n })
    return this.#end(frame)
  }

  #end(frame: Frame, failure?: Failure): Wait {
    const isReturned = failure === undefined || failure === 'revert'
    let error = failure === undefined ? undefined : ERRORS[failure]
    let gasLeft = isReturned ? frame.gas : 0
    let output = isReturned ? frame.output : EMPTY
    if (frame.isCreation && failure === undefined) {
      const { state } = this.#deps.world
      const account = state.readAccount(frame.address)
      if (account instanceof Promise) return account
      const deposit = CODE_BYTE_GAS * output.length
      error = refuseCode(output, gasLeft)
      if (error !== undefined) {
        gasLeft = 0
        output = EMPTY
      } else {
        gasLeft -= deposit
        if (output.length > 0)
          state.writeAccount(frame.address, { ...(account ?? NO_ACCOUNT), codeHash: state.keepCode(output) })
      }
    }
    frame.release()
    this.#close(frame, { ...(error !== undefined && { error }), gasLeft, refund: frame.refund, output })
    return undefined
  }

  #open(): void {
    const { journal, transient } = this.#deps.world
    journal.openCheckpoint()
    transient.checkpoint()
    this.#marks.push(this.#logs.length, this.#created.length, this.#destroyed.length)
  }

  /** Keeps or undoes what has been open, and tells who asked for it. */
  #close({ parent, isCreation, address, outputOffset, outputLength }: Opened, end: End): undefined {
    const { journal, transient } = this.#deps.world
    const { error, gasLeft, output } = end
    const destroyed = this.#marks.pop() as number
    const created = this.#marks.pop() as number
    const logs = this.#marks.pop() as number
    if (error === undefined) {
      journal.closeCheckpoint()
      transient.commit()
    } else {
      journal.undoCheckpoint()
      transient.revert()
      this.#logs.length = logs
      this.#created.length = created
      this.#destroyed.length = destroyed
    }
    this.#top = parent
    const refund = error === undefined ? end.refund : 0
    if (parent === undefined) {
      this.#outcome = {
        ...{ error, gasLeft, refund, output },
        ...{ logs: this.#logs, created: this.#created, destroyed: this.#destroyed },
      }
      return
    }
    parent.gas += gasLeft
    if (error === undefined) parent.refund = refund
    if (isCreation) {
      parent.returnData = error === REVERT ? output : EMPTY
      parent.push(error === undefined ? addressToWord(address) : 0)
      return
    }
    parent.returnData = error === undefined || error === REVERT ? output : EMPTY
    const written = Math.min(outputLength, parent.returnData.length)
    if (written > 0) parent.memory.write(outputOffset, written, parent.returnData, 0)
    parent.push(error === undefined ? 1 : 0)
  }
}

/** Why it cannot become a contract's code. */
function refuseCode(code: Uint8Array, gas: number): string | undefined {
  if (code.length > CODE_BYTES_MAX) return errorMessages.CODESIZE_EXCEEDS_MAXIMUM
  if (CODE_BYTE_GAS * code.length > gas) return errorMessages.OUT_OF_GAS
  return code[0] === RESERVED_BYTE ? errorMessages.INVALID_BYTECODE_RESULT : undefined
}

/** EIP-684, EIP-7610. */
function isTaken({ nonce, codeHash, storageRoot }: ReadAccount): boolean {
  const isEmptyCode = Buffer.compare(codeHash, EMPTY_CODE_HASH_BYTES) === 0
  return nonce > 0n || !isEmptyCode || Buffer.compare(storageRoot, EMPTY_TRIE_ROOT_BYTES) !== 0
}

/** Yellow Paper §7; EIP-1014. */
function addressOfCreation({ caller, nonce, salt, initcode }: Creation): Address {
  const creator = hexToBytes(caller)
  const hash =
    salt === undefined
      ? keccak256(encodeRlp([creator, bigintToBytes(nonce)]))
      : keccak256(concatBytes(Uint8Array.of(0xff), creator, wordToBytes(salt), keccak256(initcode)))
  return bytesToHex(hash.subarray(12))
}
