/**
 * EthereumJS's EVM with calls, creations and a loop of its own (frames.ts, loop.ts); precompiles are EthereumJS's. All of EthereumJS's takes
 * over where it has to: for tracers, which listen to its steps, and for forks before Shanghai.
 */
import {
  type EVM,
  EVMError,
  type EVMOpts,
  type EVMResult,
  type EVMRunCallOpts,
  type ExecResult,
} from '@ethereumjs/evm'
import { Address as EvmAddress } from '@ethereumjs/util'
import { bytesToHex, hexToBytes } from '../../primitives/hex.ts'
import type { EvmRules } from '../rules/evmRules.ts'
import type { OverlayState } from '../state/overlay.ts'
import type { MaybePromise } from '../state/source.ts'
import { AccessJournal } from './accessJournal.ts'
import type { RunLoop, Surroundings } from './frame.ts'
import { Frames, frameCounts, type Outcome } from './frames.ts'
import { type OpcodeTable, opcodesOf } from './opcodes.ts'
import { StockEvm } from './stockEvm.ts'
import { TransientState } from './transient.ts'
import { bytesToWord, toWord, type Word } from './word.ts'
import { UNMETERED, type ZkMeter } from './zkMeter.ts'

export type FastEvmOptions = EVMOpts & {
  readonly state: OverlayState
  readonly rules: EvmRules
  readonly chainId: bigint
  /** Of an ancestor at most 256 blocks back. */
  readonly blockHash: (number: number) => MaybePromise<Word>
  /** Where zk gas is counted. */
  readonly meter?: ZkMeter
  /** In place of the loop: one that can be watched. */
  readonly runLoop?: RunLoop
}

type Block = NonNullable<EVMRunCallOpts['block']>
/** What the surroundings of a block are told anew of each transaction: to copy them all for each would be some twenty fields. */
type Changing = Pick<Surroundings, 'origin' | 'gasPrice' | 'blobHashes'>
type OfBlock = { -readonly [field in keyof Changing]: Changing[field] } & Omit<Surroundings, keyof Changing>

export class FastEvm extends StockEvm {
  readonly #options: FastEvmOptions
  readonly #opcodes: OpcodeTable | undefined
  readonly #access: AccessJournal
  readonly #transient = new TransientState()
  readonly #meter: ZkMeter
  /** What all transactions of a block see. */
  #ofBlock: { readonly block: Block; readonly seen: OfBlock } | undefined

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

  override async runCall(options: EVMRunCallOpts): Promise<EVMResult> {
    const { block, gasLimit, caller } = options
    const isOurs =
      this.#opcodes !== undefined &&
      block !== undefined &&
      caller !== undefined &&
      gasLimit !== undefined &&
      gasLimit <= Number.MAX_SAFE_INTEGER &&
      options.message === undefined &&
      this.events.listenerCount('step') === 0
    if (!isOurs) return super.runCall(options)
    const { to, value = 0n, data = EMPTY } = options
    if (options.skipNonceIncrement !== true) await this.#raiseNonce(caller)
    const frames = new Frames({
      world: this.#surroundings(block, options),
      precompiles: this.precompiles,
      runPrecompile: (code, input, gas) => this.runPrecompile(code, input, gas),
      destroysOnlyNew: this.#options.rules.destroysOnlyNew,
    })
    const outcome = await frames.run({
      type: 'begin',
      caller: bytesToHex(caller.bytes),
      to: to && bytesToHex(to.bytes),
      ...{ value, data, gas: Number(gasLimit) },
    })
    this.#transient.clear()
    const { created } = outcome
    const [address] = created
    return {
      execResult: resultOf(outcome, gasLimit),
      ...(to === undefined &&
        address !== undefined && { createdAddress: new EvmAddress(hexToBytes(address)) }),
    }
  }

  protected override runInterpreter(...input: Parameters<EVM['runInterpreter']>): Promise<ExecResult> {
    frameCounts.stock++
    return super.runInterpreter(...input)
  }

  /** `vm.shallowCopy()` would go on with EthereumJS's own loop, and say nothing. */
  override shallowCopy(): never {
    throw new Error('an EVM belongs to one run: a copy would not be one of ours')
  }

  async #raiseNonce(caller: EvmAddress): Promise<void> {
    const { state } = this.#options
    const address = bytesToHex(caller.bytes)
    const account = await state.getAccount(caller)
    this.#access.touch(address)
    await state.modifyAccountFields(caller, { nonce: (account?.nonce ?? 0n) + 1n })
  }

  #surroundings(
    block: Block,
    { caller, origin = caller, gasPrice = 0n, blobVersionedHashes = [] }: EVMRunCallOpts,
  ): Surroundings {
    if (this.#ofBlock?.block !== block) this.#ofBlock = { block, seen: this.#seenIn(block) }
    const { seen } = this.#ofBlock
    seen.origin = bytesToWord((origin as EvmAddress).bytes)
    seen.gasPrice = toWord(gasPrice)
    seen.blobHashes = blobVersionedHashes.map((hash) => bytesToWord(hexToBytes(hash)))
    return seen
  }

  #seenIn({ header }: Block): OfBlock {
    const { state, rules, chainId, blockHash, runLoop } = this.#options
    return {
      opcodes: this.#opcodes as OpcodeTable,
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
      delegates: rules.transactionTypes.includes(4),
      blockHash,
      meter: this.#meter,
      ...{ origin: 0, gasPrice: 0, blobHashes: [] },
      ...(runLoop && { runLoop }),
    }
  }
}

const EMPTY = new Uint8Array(0)

function resultOf(outcome: Outcome, gasLimit: bigint): ExecResult {
  const { error, gasLeft, refund, output, logs, created, destroyed } = outcome
  return {
    logs: logs as ExecResult['logs'] & object,
    selfdestruct: new Map(destroyed),
    createdAddresses: new Set(created),
    executionGasUsed: gasLimit - BigInt(gasLeft),
    gasRefund: BigInt(refund),
    returnValue: output,
    ...(error !== undefined && { exceptionError: new EVMError(error as never) }),
  }
}
