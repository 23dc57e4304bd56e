/**
 * EthereumJS's EVM, for tracers, old forks and as the judge of our own loop; mended where it departs from the protocol: a creation whose
 * initcode reverts with bytes that begin like code of a format to come (EIP-3541) is a revert, which takes no more gas than it used.
 * EthereumJS 10.1.3 looks at those bytes without asking whether the creation had failed before, and takes all of it.
 */
import { EVM, EVMError, type ExecResult } from '@ethereumjs/evm'

const RESERVED_BYTE = 0xef
const REVERT = 0xfd

/** EthereumJS's, as far as it is looked at here; not exported. */
type Running = {
  readonly stack: { readonly length: number }
  readonly interpreter: { readonly _evm: StockEvm; getGasLeft(): bigint }
}
type GasHandler = (running: Running, ...rest: readonly unknown[]) => Promise<bigint>

type Opcodes = {
  readonly [field in '_opcodes' | '_dynamicGasHandlers' | '_handlers']: unknown
} & { readonly _opcodeMap: { readonly gasHandler: GasHandler }[] }

/** Of each fork: making them anew takes as long as a small block. */
const opcodesByRules = new WeakMap<object, Opcodes>()

export class StockEvm extends EVM {
  /**
   * Told of a REVERT without its two words, with the gas before it: it has no step event, since EthereumJS fails where it reads for the event what
   * is to be returned.
   */
  onBareRevert: ((gasLeft: bigint) => void) | undefined

  override getActiveOpcodes(): ReturnType<EVM['getActiveOpcodes']> {
    const known = opcodesByRules.get(this.common)
    if (known !== undefined) {
      Object.assign(this, known)
      return this.opcodes
    }
    const opcodes = super.getActiveOpcodes()
    const { _opcodes, _dynamicGasHandlers, _handlers, _opcodeMap } = this as unknown as Opcodes
    const revert = _opcodeMap[REVERT]
    if (revert !== undefined) _opcodeMap[REVERT] = { ...revert, gasHandler: watchReverts(revert.gasHandler) }
    opcodesByRules.set(this.common, { _opcodes, _dynamicGasHandlers, _handlers, _opcodeMap })
    return opcodes
  }

  /** What a creation under way has reverted with, while EthereumJS looks at its end. */
  #reverted: Uint8Array | undefined

  protected override async runInterpreter(
    ...[message, options]: Parameters<EVM['runInterpreter']>
  ): Promise<ExecResult> {
    const result = await super.runInterpreter(message, options)
    const isReverted = result.exceptionError?.error === EVMError.errorMessages.REVERT
    if (!message.isCreate || !isReverted || result.returnValue[0] !== RESERVED_BYTE) return result
    this.#reverted = result.returnValue
    return { ...result, returnValue: new Uint8Array(0) }
  }

  protected override async _executeCreate(
    ...input: Parameters<EVM['_executeCreate']>
  ): ReturnType<EVM['_executeCreate']> {
    const result = await super._executeCreate(...input)
    if (this.#reverted !== undefined) result.execResult.returnValue = this.#reverted
    this.#reverted = undefined
    return result
  }
}

function watchReverts(handler: GasHandler): GasHandler {
  return (running, ...rest) => {
    const { stack, interpreter } = running
    if (stack.length < 2) interpreter._evm.onBareRevert?.(interpreter.getGasLeft())
    return handler(running, ...rest)
  }
}
