/** The L1 in this process, by the clock, with operators in turns over short epochs: everything a net of sequencers lives on. */
import { type PrivateKeyAccount, privateKeyToAccount } from 'viem/accounts'
import { buildGenesis, type Genesis } from '../../../src/engine/genesis.ts'
import type { Address, Hex } from '../../../src/primitives/hex.ts'
import { createDevnetSpec } from '../../../src/spec/devnet.ts'
import type { RollupSpec } from '../../../src/spec/rollupSpec.ts'
import { readGenesis } from '../contracts/artifacts.ts'
import { type L1Clock, runClock } from '../l1/clock.ts'
import { serveL1 } from '../l1/server.ts'
import { createSimulatedL1, type SimulatedL1 } from '../l1/simulatedL1.ts'

export type PreconfL1Options = {
  readonly operators: number
  readonly seed: string
  readonly secondsPerSlot?: number
  readonly slotsPerEpoch?: number
  /** Seconds. */
  readonly forcedInclusionDelay?: number
  /** Accounts with ether on L2. */
  readonly wallets?: number
  /** Index of the operator whose epoch it is to begin with: nodes take a while to start. Default 0. */
  readonly beginsWith?: number
  /** Blocks by which what is final stays behind; absent: nothing becomes final. */
  readonly finalizesBehind?: number
}

export type PreconfL1 = {
  readonly sim: SimulatedL1
  readonly clock: L1Clock
  /** Execution client, beacon node and blob server. */
  readonly url: string
  readonly spec: RollupSpec
  readonly genesis: Genesis
  readonly genesisJson: unknown
  /** In order of their turns: each proposes, and signs for its windows. */
  readonly operators: readonly PrivateKeyAccount[]
  readonly wallets: readonly PrivateKeyAccount[]
  /** Of a turn. */
  readonly windowSeconds: number
  /** Secret key of an operator. */
  keyOf(operator: number): Hex
  /** Index of the operator whose epoch the slot is in; default: the clock's. */
  turnAt(slot?: number): number
  /** First slot of the next epoch of an operator after the clock's own epoch. */
  nextTurnOf(operator: number): number
  close(): Promise<void>
}

const ETHER = 10n ** 18n
const FIRST_OPERATOR = 1_000
const FIRST_WALLET = 1_000_000
export async function startPreconfL1(options: PreconfL1Options): Promise<PreconfL1> {
  const { secondsPerSlot = 2, slotsPerEpoch = 8, wallets: walletCount = 4 } = options
  const operators = Array.from({ length: options.operators }, (_, i) => accountOf(FIRST_OPERATOR + i))
  const wallets = Array.from({ length: walletCount }, (_, i) => accountOf(FIRST_WALLET + i))
  const file = readGenesis()
  const funded = Object.fromEntries(
    wallets.map(({ address }) => [address.toLowerCase(), { balance: '0x3635c9adc5dea00000' }]),
  )
  const genesisJson = { ...file, alloc: { ...file.alloc, ...funded } }
  const genesis = buildGenesis(genesisJson)
  const addresses = operators.map(({ address }) => address.toLowerCase() as Address)
  const firstSlot = 1 + (options.beginsWith ?? 0) * slotsPerEpoch
  const sim = createSimulatedL1({
    seed: options.seed,
    secondsPerSlot: BigInt(secondsPerSlot),
    genesisTime: BigInt(Math.floor(Date.now() / 1000) - firstSlot * secondsPerSlot),
    schedule: { type: 'whitelist', operators: addresses, slotsPerEpoch },
    balances: Object.fromEntries(addresses.map((address) => [address, 1000n * ETHER])),
    forcedInclusionDelay: BigInt(options.forcedInclusionDelay ?? 576),
    l2GenesisHash: genesis.hash,
    // Proofs for each cell take a third of a second a blob.
    wrapper: 0,
  })
  const server = await serveL1(sim)
  const clock = runClock(
    sim,
    options.finalizesBehind === undefined ? {} : { finalizesBehind: options.finalizesBehind },
  )
  const spec = createDevnetSpec({
    l1ChainId: sim.config.chainId,
    l2ChainId: BigInt(file.config.chainId),
    inbox: sim.config.inbox,
    startBlock: 1n,
    genesisTime: sim.config.genesisTime,
    secondsPerSlot: sim.config.secondsPerSlot,
    genesis: { hash: genesis.hash, stateRoot: genesis.stateRoot },
  })
  const turnAt = (slot = clock.slot()) => Math.floor(slot / slotsPerEpoch) % operators.length
  return {
    ...{ sim, clock, spec, genesis, genesisJson, operators, wallets, turnAt },
    keyOf: (operator) => secretKey(FIRST_OPERATOR + operator),
    url: server.url,
    windowSeconds: slotsPerEpoch * secondsPerSlot,
    nextTurnOf(operator) {
      let epoch = Math.floor(clock.slot() / slotsPerEpoch) + 1
      while (turnAt(epoch * slotsPerEpoch) !== operator) epoch++
      return epoch * slotsPerEpoch
    },
    async close() {
      await clock.stop()
      await server.close()
    },
  }
}

/** Secret key of a wallet. */
export function walletKey(index: number): Hex {
  return secretKey(FIRST_WALLET + index)
}

/** Keys that everybody knows. */
function secretKey(index: number): Hex {
  return `0x${index.toString(16).padStart(64, '0')}`
}

function accountOf(index: number): PrivateKeyAccount {
  return privateKeyToAccount(secretKey(index))
}
