/**
 * EthereumJS's view of the chain rules: one shared instance per chain id and fork.
 *
 * A stock Common is copied and re-parsed at every use, a quarter of the time of a block full of transfers. The rules of a fork
 * never change, so this one answers from memory, and its copy is itself (bench/blocks.ts).
 */
import { Common, Hardfork } from '@ethereumjs/common'
import { paramsEVM } from '@ethereumjs/evm'
import { keccak256 } from '../primitives/keccak.ts'
import type { EthereumFork } from '../spec/ethereumSpec.ts'
import { ecrecover } from './crypto.ts'
import { lazyKzg } from './kzg.ts'

/** No 'dao': that one would check extraData and move balances at block 1,920,000. */
const HARDFORKS: Readonly<Record<EthereumFork, Hardfork>> = {
  frontier: Hardfork.Chainstart,
  homestead: Hardfork.Homestead,
  tangerineWhistle: Hardfork.TangerineWhistle,
  spuriousDragon: Hardfork.SpuriousDragon,
  byzantium: Hardfork.Byzantium,
  constantinople: Hardfork.Constantinople,
  petersburg: Hardfork.Petersburg,
  istanbul: Hardfork.Istanbul,
  berlin: Hardfork.Berlin,
  london: Hardfork.London,
  paris: Hardfork.Paris,
  shanghai: Hardfork.Shanghai,
  cancun: Hardfork.Cancun,
  prague: Hardfork.Prague,
  osaka: Hardfork.Osaka,
}

const shared = new Map<string, Common>()

export function commonFor(chainId: bigint, fork: EthereumFork): Common {
  const key = `${chainId}/${fork}`
  const known = shared.get(key)
  if (known !== undefined) return known
  const common = new FrozenCommon(chainId, fork)
  shared.set(key, common)
  return common
}

class FrozenCommon extends Common {
  readonly #eips = new Map<number, boolean>()
  readonly #values = new Map<string, bigint>()

  constructor(chainId: bigint, fork: EthereumFork) {
    super({
      chain: {
        name: `chain-${chainId}`,
        chainId: Number(chainId),
        defaultHardfork: HARDFORKS[fork],
        consensus: { type: 'pos', algorithm: 'casper', casper: {} },
        genesis: { gasLimit: 0, difficulty: 0, nonce: '0x0000000000000000', extraData: '0x' },
        hardforks: Object.values(HARDFORKS).map((name) => ({ name, block: 0 })),
        bootstrapNodes: [],
        dnsNetworks: [],
      },
      hardfork: HARDFORKS[fork],
      params: paramsEVM,
      customCrypto: { keccak256, ecrecover, kzg: lazyKzg },
    })
  }

  override copy(): Common {
    return this
  }

  /** The EVM passes its own parameters at every construction; they are in already. */
  override updateParams(): void {}

  override isActivatedEIP(eip: number): boolean {
    const known = this.#eips.get(eip)
    if (known !== undefined) return known
    const isActive = super.isActivatedEIP(eip)
    this.#eips.set(eip, isActive)
    return isActive
  }

  override param(name: string): bigint {
    const known = this.#values.get(name)
    if (known !== undefined) return known
    const value = super.param(name)
    this.#values.set(name, value)
    return value
  }
}
