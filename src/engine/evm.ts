/** An EthereumJS EVM for one run: a block's header, the overlay it writes to, and the hashes of the blocks before. */
import { createEVM, type EVM, type EVMRunCallOpts } from '@ethereumjs/evm'
import { Address as EvmAddress } from '@ethereumjs/util'
import { CriticalError } from '../primitives/errors.ts'
import { type Address, type Hash, hexToBytes } from '../primitives/hex.ts'
import { commonFor } from './common.ts'
import type { AncestorHashes } from './engine.ts'
import { isKzgLoaded } from './kzg.ts'
import type { EvmRules } from './rules/evmRules.ts'
import type { OverlayState } from './state/overlay.ts'

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
}

/** A context serves one run and is thrown away after it, above all after an error: its journal is then in no known state. */
export async function createRunContext(input: {
  readonly chainId: bigint
  readonly rules: EvmRules
  readonly state: OverlayState
  readonly info: EvmBlockInfo
  readonly ancestorHash: AncestorHashes
}): Promise<RunContext> {
  const { chainId, rules, state, info } = input
  if (rules.usesKzg && !isKzgLoaded())
    throw new CriticalError('the KZG library must be loaded before blocks with blob opcodes execute')
  const common = commonFor(chainId, rules.fork)
  const evm = await createEVM({ common, stateManager: state, blockchain: createBlockchain(input) })
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
  return { evm: evm as EVM, state, rules, chainId, block, info }
}

/** Serves BLOCKHASH. A hash that cannot be had is the state's failure, not the transaction's. */
function createBlockchain(input: {
  readonly state: OverlayState
  readonly info: EvmBlockInfo
  readonly ancestorHash: AncestorHashes
}) {
  const hashes = new Map<number, Uint8Array>([
    [Number(input.info.number) - 1, hexToBytes(input.info.parentHash)],
  ])
  const blockchain = {
    async getBlock(number: number) {
      let hash = hashes.get(number)
      if (hash === undefined) {
        try {
          hash = hexToBytes(await input.ancestorHash(BigInt(number)))
        } catch (error) {
          return input.state.fail(error)
        }
        hashes.set(number, hash)
      }
      const found = hash
      return { hash: () => found }
    },
    async putBlock() {},
    shallowCopy: () => blockchain,
  }
  return blockchain
}
