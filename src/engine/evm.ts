/** An EthereumJS EVM for one run: a block's header, the overlay it writes to, and the hashes of the blocks before. */
import { type EVM, type EVMRunCallOpts, NobleBN254 } from '@ethereumjs/evm'
import { Address as EvmAddress } from '@ethereumjs/util'
import { type Address, type Hash, hexToBytes } from '../primitives/hex.ts'
import { commonFor } from './common.ts'
import type { AncestorHashes } from './engine.ts'
import { FastEvm } from './evm/fastEvm.ts'
import type { RunLoop } from './evm/frame.ts'
import { StockEvm } from './evm/stockEvm.ts'
import { toWord, type Word, wordToBytes } from './evm/word.ts'
import type { ZkMeter } from './evm/zkMeter.ts'
import { prepareKzg } from './kzg.ts'
import type { EvmRules } from './rules/evmRules.ts'
import type { OverlayState } from './state/overlay.ts'
import type { MaybePromise } from './state/source.ts'

/** What the EVM can see of its block. */
export type EvmBlockInfo = {
  readonly number: bigint
  readonly parentHash: Hash
  readonly coinbase: Address
  /** Seconds. */
  readonly timestamp: bigint
  readonly gasLimit: bigint
  readonly mixHash: Hash
  /** Before Paris. */
  readonly difficulty?: bigint
  /** Wei per gas. */
  readonly baseFeePerGas: bigint
  /** Wei per blob gas. From Cancun. */
  readonly blobBaseFee?: bigint
}

export type EvmBlock = NonNullable<EVMRunCallOpts['block']>

export type RunContext = {
  readonly evm: EVM
  readonly state: OverlayState
  readonly rules: EvmRules
  readonly chainId: bigint
  readonly block: EvmBlock
  readonly info: EvmBlockInfo
  /** Addresses in hex without a prefix: warm from the start, wherever an override has put them (overrides.ts). */
  readonly precompiles: readonly string[]
  /** A tracer's: told what the authorizations of a message give back, before its first step. */
  onAuthorized?: (refund: bigint) => void
}

/** A context serves one run and is thrown away after it, above all after an error: its journal is then in no known state. */
export async function createRunContext(input: {
  readonly chainId: bigint
  readonly rules: EvmRules
  readonly state: OverlayState
  readonly info: EvmBlockInfo
  readonly ancestorHash: AncestorHashes
  /** Default: our own. EthereumJS's is the judge between two results. */
  readonly loop?: 'own' | 'stock'
  /** Of our own loop alone. */
  readonly meter?: ZkMeter
  /** Likewise: in its place. */
  readonly runLoop?: RunLoop
}): Promise<RunContext> {
  const { chainId, rules, state, info } = input
  if (rules.usesKzg) await prepareKzg()
  const common = commonFor(chainId, rules.fork)
  const hashes = createAncestors(input)
  const parts = { common, stateManager: state, blockchain: createBlockchain(hashes) }
  const evm =
    input.loop === 'stock'
      ? new StockEvm({ ...parts, bn254: new NobleBN254() })
      : new FastEvm({
          ...{ ...parts, bn254: new NobleBN254(), state, rules, chainId, blockHash: hashes },
          ...(input.meter && { meter: input.meter }),
          ...(input.runLoop && { runLoop: input.runLoop }),
        })
  // Every EVM would stay subscribed to a change of fork that never comes.
  common.events.removeAllListeners()
  const block: EvmBlock = {
    header: {
      number: info.number,
      coinbase: new EvmAddress(hexToBytes(info.coinbase)),
      timestamp: info.timestamp,
      difficulty: info.difficulty ?? 0n,
      prevRandao: hexToBytes(info.mixHash),
      gasLimit: info.gasLimit,
      baseFeePerGas: info.baseFeePerGas,
      getBlobGasPrice: () => info.blobBaseFee,
    },
  }
  const precompiles = [...(evm as EVM).precompiles.keys()]
  return { evm: evm as EVM, state, rules, chainId, block, info, precompiles }
}

/** By hash: the anchor contract of a block asks for 255 ancestors, all but one of which the block before it asked for. */
const wordByHash = new Map<Hash, Word>()
const WORDS_MAX = 4096

function hashToWord(hash: Hash): Word {
  const known = wordByHash.get(hash)
  if (known !== undefined) return known
  const word = toWord(BigInt(hash))
  if (wordByHash.size >= WORDS_MAX) wordByHash.clear()
  wordByHash.set(hash, word)
  return word
}

/** Serves BLOCKHASH. A hash that cannot be had is the state's failure, not the transaction's. */
function createAncestors(input: {
  readonly state: OverlayState
  readonly info: EvmBlockInfo
  readonly ancestorHash: AncestorHashes
}): (number: number) => MaybePromise<Word> {
  const { state, info } = input
  const parent = Number(info.number) - 1
  /** Those that have to be waited for: the opcode asks again once they are there. */
  const awaited = new Map<number, Word>()
  return (number) => {
    if (number === parent) return hashToWord(info.parentHash)
    const word = awaited.get(number)
    if (word !== undefined) return word
    try {
      const hash = input.ancestorHash(BigInt(number))
      if (!(hash instanceof Promise)) return hashToWord(hash)
      return hash.then(
        (found) => {
          const answer = hashToWord(found)
          awaited.set(number, answer)
          return answer
        },
        (error) => state.fail(error),
      )
    } catch (error) {
      return state.fail(error)
    }
  }
}

/** The same for EthereumJS's own loop. */
function createBlockchain(hashes: (number: number) => MaybePromise<Word>) {
  const blockchain = {
    async getBlock(number: number) {
      const hash = wordToBytes(await hashes(number))
      return { hash: () => hash }
    },
    async putBlock() {},
    shallowCopy: () => blockchain,
  }
  return blockchain
}
