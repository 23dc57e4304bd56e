/**
 * The devnet's L1, a slot at a time: anvil mines when it is told to, at the slot's own timestamp, and a slot can be missed. Its consensus layer
 * is played here, as far as schedules ask for it: roots of beacon blocks, by which operators are drawn (EIP-4788).
 */
import { toHex } from 'viem'
import type { Address, Hash, Hex } from '../../primitives/hex.ts'
import { keccak256Hex } from '../../primitives/keccak.ts'
import { type Anvil, startAnvil } from '../devnet/anvil.ts'
import { type BeaconFacade, startBeaconFacade } from '../devnet/beaconFacade.ts'

export const L1_CHAIN_ID = 31_337
export const SECONDS_PER_SLOT = 12
/** Any time would do, as long as it is the same in each run. */
const GENESIS_TIME = 1_900_000_000n
/** Of anvil's finality: two of these behind the head. */
const ANVIL_EPOCH = 4
export const FINALITY_DELAY_SLOTS = 2 * ANVIL_EPOCH

/** Not EIP-4788's own address: whatever anvil keeps there is not ours to write. */
export const BEACON_ROOTS: Address = '0x4788478847884788478847884788478847884788'
/** Code of the contract as EIP-4788 has it, "Block processing". */
const BEACON_ROOTS_CODE: Hex =
  '0x3373fffffffffffffffffffffffffffffffffffffffe14604d57602036146024575f5ffd5b5f35801560495762001fff810690815414603c575f5ffd5b62001fff01545f5260205ff35b5f5ffd5b62001fff42064281555f359062001fff015500'
const ROOTS_KEPT = 8_191n
/** WhitelistSchedule.RANDOMNESS_DELAY, epochs. */
const RANDOMNESS_DELAY = 2

/** Which of the operators an epoch is to be drawn for. */
export type DrawTurn = (epoch: number) => number

export type SteppedL1 = {
  readonly url: string
  readonly beaconUrl: string
  readonly genesisTime: bigint
  readonly request: Anvil['request']
  /** Slot of the newest block while contracts are deployed, of the last `begin` since. */
  slot(): number
  /** Seconds. */
  timeOf(slot: number): bigint
  slotOfTime(timestamp: bigint): number
  slotOfBlock(number: number): number | undefined
  /** Each transaction makes a block, the next slot's; for deployments. */
  mineAtOnce(isOn: boolean): Promise<void>
  /** The next slot, with a block of what waits, or without. Answers the block's number. */
  begin(isMissed: boolean): Promise<number | null>
  close(): Promise<void>
}

export async function startSteppedL1(options: {
  readonly seed: string
  readonly slotsPerEpoch: number
  readonly operators: number
  readonly drawTurn: DrawTurn
}): Promise<SteppedL1> {
  const anvil = await startAnvil({
    port: 0,
    secondsPerSlot: SECONDS_PER_SLOT,
    slotsPerEpoch: ANVIL_EPOCH,
    chainId: L1_CHAIN_ID,
    isMining: false,
    genesisTime: GENESIS_TIME,
    hardfork: 'prague',
  })
  let beacon: BeaconFacade
  try {
    beacon = await startBeaconFacade({
      anvil,
      port: 0,
      genesisTime: GENESIS_TIME,
      secondsPerSlot: BigInt(SECONDS_PER_SLOT),
    })
    await anvil.request('anvil_setCode', [BEACON_ROOTS, BEACON_ROOTS_CODE])
  } catch (error) {
    await anvil.close()
    throw error
  }
  let slot = 0
  const slotOfBlock = new Map<number, number>([[0, 0]])
  const timeOf = (at: number) => GENESIS_TIME + BigInt(at * SECONDS_PER_SLOT)
  const slotOfTime = (timestamp: bigint) => Number((timestamp - GENESIS_TIME) / BigInt(SECONDS_PER_SLOT))

  /** What the schedule finds when it looks for the epoch two after this one: a number with the wanted remainder, otherwise by the seed. */
  const rootAt = (at: number): Hash => {
    const epoch = Math.floor((at - 1) / options.slotsPerEpoch) + RANDOMNESS_DELAY
    const drawn = BigInt(keccak256Hex(new TextEncoder().encode(`${options.seed} root ${epoch}`))) >> 16n
    const count = BigInt(options.operators)
    return toHex((drawn / count) * count + BigInt(options.drawTurn(epoch)), { size: 32 })
  }
  const writeRoot = async (at: number): Promise<void> => {
    const key = timeOf(at) % ROOTS_KEPT
    const put = (place: bigint, value: Hash) =>
      anvil.request('anvil_setStorageAt', [BEACON_ROOTS, toHex(place, { size: 32 }), value])
    await put(key, toHex(timeOf(at), { size: 32 }))
    await put(key + ROOTS_KEPT, rootAt(at))
  }
  const readHead = async () => {
    const head = (await anvil.request('eth_getBlockByNumber', ['latest', false])) as Record<string, Hex>
    return { number: Number(head.number), timestamp: BigInt(head.timestamp ?? 0) }
  }

  return {
    ...{ url: anvil.url, beaconUrl: beacon.url, genesisTime: GENESIS_TIME, request: anvil.request },
    ...{ timeOf, slotOfTime },
    slot: () => slot,
    slotOfBlock: (number) => slotOfBlock.get(number),
    async mineAtOnce(isOn) {
      await anvil.request('evm_setAutomine', [isOn])
      const head = await readHead()
      slot = slotOfTime(head.timestamp)
      slotOfBlock.set(head.number, slot)
    },
    async begin(isMissed) {
      slot++
      if (isMissed) return null
      await writeRoot(slot)
      await anvil.request('evm_setNextBlockTimestamp', [Number(timeOf(slot))])
      await anvil.request('evm_mine')
      const { number } = await readHead()
      slotOfBlock.set(number, slot)
      return number
    },
    async close() {
      await beacon.close()
      await anvil.close()
    },
  }
}
