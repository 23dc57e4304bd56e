/**
 * EthereumJS's EVM with a loop of its own: calls, creations, value transfers, precompiles and their journal stay EthereumJS's, what runs code
 * is loop.ts. EthereumJS's loop takes over where it has to: for tracers, which listen to its steps, and for forks before Shanghai.
 */
import { EVM, EVMError, type EVMOpts, type ExecResult, Message, type PrecompileFunc } from '@ethereumjs/evm'
import { Account, Address as EvmAddress } from '@ethereumjs/util'
import { type Address, bytesToHex, hexToBytes } from '../../primitives/hex.ts'
import type { EvmRules } from '../rules/evmRules.ts'
import type { OverlayState } from '../state/overlay.ts'
import type { MaybePromise } from '../state/source.ts'
import { AccessJournal } from './accessJournal.ts'
import { analyse } from './code.ts'
import { type CallRequest, type CreateRequest, type Failure, Frame, type Surroundings } from './frame.ts'
import { runLoop } from './loop.ts'
import { type OpcodeTable, opcodesOf } from './opcodes.ts'
import { TransientState } from './transient.ts'
import { bytesToWord, toWord, type Word, wordToBytes } from './word.ts'
import { UNMETERED, ZkGasExceededError, type ZkMeter } from './zkMeter.ts'

/** EIP-150 §call depth. */
const DEPTH_MAX = 1024
const NONCE_MAX = 2n ** 64n - 1n
const CALLCODE = 0xf2
const DELEGATECALL = 0xf4
const STATICCALL = 0xfa
const EMPTY = new Uint8Array(0)

const { errorMessages } = EVMError
const ERRORS: Readonly<Record<Failure, string>> = {
  'out of gas': errorMessages.OUT_OF_GAS,
  'stack underflow': errorMessages.STACK_UNDERFLOW,
  'stack overflow': errorMessages.STACK_OVERFLOW,
  'invalid opcode': errorMessages.INVALID_OPCODE,
  'invalid jump': errorMessages.INVALID_JUMP,
  'static state change': errorMessages.STATIC_STATE_CHANGE,
  'initcode too large': errorMessages.INITCODE_SIZE_VIOLATION,
  'return data out of bounds': errorMessages.OUT_OF_GAS,
  revert: errorMessages.REVERT,
}

export type FastEvmOptions = EVMOpts & {
  readonly state: OverlayState
  readonly rules: EvmRules
  readonly chainId: bigint
  /** Of an ancestor at most 256 blocks back. */
  readonly blockHash: (number: number) => MaybePromise<Word>
  /** Where zk gas is counted. */
  readonly meter?: ZkMeter
}

/** Frames that each loop has run: what falls back is seen in tests. */
export const frameCounts = { own: 0, stock: 0 }

type Destroyed = NonNullable<ExecResult['selfdestruct']>

export class FastEvm extends EVM {
  readonly #options: FastEvmOptions
  readonly #opcodes: OpcodeTable | undefined
  readonly #access: AccessJournal
  readonly #transient = new TransientState()
  readonly #meter: ZkMeter
  #world: Surroundings | undefined
  /** What `#world` was made of. */
  #madeOf: unknown

  constructor(options: FastEvmOptions) {
    super(options)
    this.#options = options
    this.#opcodes = opcodesOf(options.rules.fork)
    this.#meter = options.meter ?? UNMETERED
    this.#access = new AccessJournal(options.state, options.rules.clearsEmptyAccounts)
    // Both do what the classes they stand for are asked to do here; those are not exported.
    this.journal = this.#access as unknown as EVM['journal']
    Object.assign(this, { transientStorage: this.#transient })
  }

  protected override async runInterpreter(
    message: Message,
    options?: Parameters<EVM['runInterpreter']>[1],
  ): Promise<ExecResult> {
    const { code, gasLimit } = message
    const isOurs =
      code instanceof Uint8Array &&
      this.#opcodes !== undefined &&
      gasLimit <= Number.MAX_SAFE_INTEGER &&
      this.events.listenerCount('step') === 0
    if (!isOurs) {
      frameCounts.stock++
      return super.runInterpreter(message, options)
    }
    frameCounts.own++
    const { to, caller, value } = message
    if (to === undefined) throw new Error('a frame without an address')
    const frame = new Frame({
      code: analyse(code),
      address: bytesToHex(to.bytes),
      addressBytes: to.bytes,
      addressWord: bytesToWord(to.bytes),
      caller: bytesToWord(caller.bytes),
      value: toWord(value),
      data: message.data,
      isStatic: message.isStatic,
      logs: [],
      gas: Number(gasLimit),
      refund: Number(message.gasRefund),
    })
    try {
      return await this.#runFrame(frame, message)
    } finally {
      frame.release()
    }
  }

  protected override async runPrecompile(
    code: PrecompileFunc,
    data: Uint8Array,
    gasLimit: bigint,
  ): Promise<ExecResult> {
    const result = await super.runPrecompile(code, data, gasLimit)
    const meter = this.#meter
    if (meter.max === Number.POSITIVE_INFINITY) return result
    meter.used += Number(result.executionGasUsed) * this.#precompileFactor(code)
    if (meter.used > meter.max) throw new ZkGasExceededError()
    return result
  }

  #precompileFactor(code: PrecompileFunc): number {
    for (const [address, precompile] of this.precompiles)
      if (precompile === code) return this.#meter.precompile(address)
    return this.#meter.precompile('')
  }

  async #runFrame(frame: Frame, message: Message): Promise<ExecResult> {
    const world = this.#surroundings(message)
    const destroyed: Destroyed = message.selfdestruct ?? new Map()
    const created = message.createdAddresses ?? new Set<`0x${string}`>()
    for (;;) {
      const exit = runLoop(frame, world)
      if (world.meter.used > world.meter.max) throw new ZkGasExceededError()
      switch (exit.type) {
        case 'wait':
          await exit.on
          break
        case 'call':
          await this.#call(frame, message, exit, destroyed, created)
          break
        case 'create':
          await this.#create(frame, message, exit, destroyed, created)
          break
        case 'selfdestruct':
          await this.#destroy(frame, exit.beneficiary, destroyed, created)
          return resultOf(frame, message, destroyed, created)
        case 'done':
          return resultOf(frame, message, destroyed, created)
        case 'failed':
          return failureOf(frame, message, exit.failure)
      }
    }
  }

  async #call(
    frame: Frame,
    message: Message,
    request: CallRequest,
    destroyed: Destroyed,
    created: Set<string>,
  ): Promise<void> {
    const { opcode, gas, inputOffset, inputLength, outputOffset, outputLength } = request
    frame.returnData = EMPTY
    const isDelegate = opcode === DELEGATECALL
    const value = isDelegate ? message.value : BigInt(request.value)
    if (message.depth >= DEPTH_MAX || (!isDelegate && !(await this.#canPay(frame.address, value)))) {
      frame.gas += gas
      frame.push(0)
      return
    }
    const own = message.to as EvmAddress
    const target = new EvmAddress(hexToBytes(request.target))
    const keepsAddress = isDelegate || opcode === CALLCODE
    const child = new Message({
      caller: isDelegate ? message.caller : own,
      gasLimit: BigInt(gas),
      to: keepsAddress ? own : target,
      ...(keepsAddress && { codeAddress: target }),
      value,
      data: inputLength === 0 ? EMPTY : frame.memory.view(inputOffset, inputLength),
      isStatic: opcode === STATICCALL || message.isStatic,
      delegatecall: isDelegate,
      depth: message.depth + 1,
      ...(message.blobVersionedHashes && { blobVersionedHashes: message.blobVersionedHashes }),
      selfdestruct: new Map(destroyed),
      createdAddresses: new Set(created) as Set<`0x${string}`>,
      gasRefund: BigInt(frame.refund),
    })
    const { execResult } = await this.runCall({ message: child })
    this.#takeBack(frame, gas, child, execResult, destroyed, created)
    const { exceptionError, returnValue } = execResult
    const error = exceptionError?.error
    if (error === undefined || error === errorMessages.REVERT) frame.returnData = returnValue
    const written = Math.min(outputLength, frame.returnData.length)
    if (written > 0) frame.memory.write(outputOffset, written, frame.returnData, 0)
    frame.push(error === undefined ? 1 : 0)
  }

  async #create(
    frame: Frame,
    message: Message,
    request: CreateRequest,
    destroyed: Destroyed,
    created: Set<string>,
  ): Promise<void> {
    const { gas, offset, length, salt } = request
    frame.returnData = EMPTY
    const value = BigInt(request.value)
    const own = message.to as EvmAddress
    const account = (await this.stateManager.getAccount(own)) ?? new Account()
    if (message.depth >= DEPTH_MAX || account.balance < value || account.nonce >= NONCE_MAX) {
      frame.gas += gas
      frame.push(0)
      return
    }
    account.nonce += 1n
    await this.journal.putAccount(own, account)
    const child = new Message({
      caller: own,
      gasLimit: BigInt(gas),
      value,
      data: length === 0 ? EMPTY : frame.memory.copy(offset, length),
      ...(salt !== undefined && { salt: wordToBytes(salt) }),
      depth: message.depth + 1,
      ...(message.blobVersionedHashes && { blobVersionedHashes: message.blobVersionedHashes }),
      selfdestruct: new Map(destroyed),
      createdAddresses: new Set(created) as Set<`0x${string}`>,
      gasRefund: BigInt(frame.refund),
    })
    const { execResult, createdAddress } = await this.runCall({ message: child })
    this.#takeBack(frame, gas, child, execResult, destroyed, created)
    const error = execResult.exceptionError?.error
    if (error === errorMessages.REVERT) frame.returnData = execResult.returnValue
    frame.push(error === undefined && createdAddress !== undefined ? bytesToWord(createdAddress.bytes) : 0)
  }

  /** What a frame leaves to the one that opened it. */
  #takeBack(
    frame: Frame,
    gas: number,
    child: Message,
    result: ExecResult,
    destroyed: Destroyed,
    created: Set<string>,
  ): void {
    frame.gas += gas - Number(result.executionGasUsed)
    if (result.exceptionError !== undefined) return
    // Not as arguments of one call: more of them than the stack holds can be paid for.
    for (const log of result.logs ?? []) frame.logs.push(log as Frame['logs'][number])
    for (const [address, beneficiary] of child.selfdestruct ?? []) destroyed.set(address, beneficiary)
    for (const address of child.createdAddresses ?? []) created.add(address)
    frame.refund = Number(result.gasRefund ?? 0n)
  }

  /** EIP-6780: what was not created in this transaction only gives its balance away. */
  async #destroy(
    frame: Frame,
    beneficiary: Address,
    destroyed: Destroyed,
    created: Set<string>,
  ): Promise<void> {
    destroyed.set(frame.address, beneficiary)
    const own = new EvmAddress(frame.addressBytes)
    const balance = (await this.stateManager.getAccount(own))?.balance ?? 0n
    const toSelf = beneficiary === frame.address
    if (!toSelf) {
      const other = new EvmAddress(hexToBytes(beneficiary))
      const account = (await this.stateManager.getAccount(other)) ?? new Account()
      account.balance += balance
      await this.journal.putAccount(other, account)
    }
    const burns = !this.#options.rules.destroysOnlyNew || created.has(frame.address)
    if (burns || !toSelf) await this.stateManager.modifyAccountFields(own, { balance: 0n })
  }

  async #canPay(address: Address, value: bigint): Promise<boolean> {
    if (value === 0n) return true
    const found = this.#options.state.readAccount(address)
    const account = found instanceof Promise ? await found : found
    return (account?.balance ?? 0n) >= value
  }

  #surroundings({ blobVersionedHashes }: Message): Surroundings {
    const transaction = this._tx
    if (this.#world !== undefined && this.#madeOf === transaction) return this.#world
    const { state, rules, chainId, blockHash } = this.#options
    const header = this._block?.header
    if (header === undefined || transaction === undefined || this.#opcodes === undefined)
      throw new Error('a frame outside of a block')
    this.#madeOf = transaction
    this.#world = {
      opcodes: this.#opcodes,
      state,
      journal: this.#access,
      transient: this.#transient,
      number: Number(header.number),
      numberWord: toWord(header.number),
      timestamp: toWord(header.timestamp),
      coinbase: bytesToWord(header.coinbase.bytes),
      prevRandao: bytesToWord(header.prevRandao),
      gasLimit: toWord(header.gasLimit),
      chainId: toWord(chainId),
      baseFee: toWord(header.baseFeePerGas ?? 0n),
      blobBaseFee: toWord(header.getBlobGasPrice() ?? 0n),
      origin: bytesToWord(transaction.origin.bytes),
      gasPrice: toWord(transaction.gasPrice),
      blobHashes: (blobVersionedHashes ?? []).map((hash) => bytesToWord(hexToBytes(hash))),
      delegates: rules.transactionTypes.includes(4),
      blockHash,
      meter: this.#meter,
    }
    return this.#world
  }
}

function resultOf(
  frame: Frame,
  message: Message,
  selfdestruct: Destroyed,
  createdAddresses: Set<`0x${string}`>,
): ExecResult {
  return {
    logs: frame.logs,
    selfdestruct,
    createdAddresses,
    executionGasUsed: message.gasLimit - BigInt(frame.gas),
    gasRefund: BigInt(frame.refund),
    returnValue: frame.output,
  }
}

/** Whatever failed but a revert has taken all gas. */
function failureOf(frame: Frame, message: Message, failure: Failure): ExecResult {
  return {
    logs: [],
    selfdestruct: new Map(),
    createdAddresses: new Set(),
    executionGasUsed: failure === 'revert' ? message.gasLimit - BigInt(frame.gas) : message.gasLimit,
    gasRefund: BigInt(frame.refund),
    returnValue: failure === 'revert' ? frame.output : EMPTY,
    exceptionError: new EVMError(ERRORS[failure] as never),
  }
}
