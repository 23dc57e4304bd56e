/** Who uses the recorded devnet: payments, calls that revert, swaps, now and then a sandwich, and somebody whom one proposer leaves out. */
import { getContractAddress } from 'viem'
import { mnemonicToAccount } from 'viem/accounts'
import { type Address, type Hash, type Hex, hexToBytes } from '../../../src/primitives/hex.ts'
import { L2_CHAIN_ID } from '../derive/harness.ts'
import type { Random } from '../l1/random.ts'

const MNEMONIC = 'test test test test test test test test test test test junk'
const GWEI = 10n ** 9n
const MAX_FEE_PER_GAS = 100n * GWEI
/** Development accounts that the devnet's genesis funds; the first three are the proposers. */
const [DEPLOYER, BOT, EXCLUDED] = [3, 8, 9] as const
const ORDINARY = [4, 5, 6, 7] as const
const NOBODY: Address = `0x${'0b'.repeat(20)}`

/** Logs its input as a pool of Uniswap V2 logs a swap; reverts without input. */
const POOL_CODE: Hex = `0x60348060095f395ff3 3615603057 365f5f37 3333 7f
  d78ad95fa46c994b6551d0da85fc275fe613ce37657fb8d5e3d130840159d822 365fa300 5b5f5ffd`.replace(
  /\s/g,
  '',
) as Hex

type Fields = {
  readonly to?: Address | null
  readonly value?: bigint
  readonly gas?: bigint
  readonly data?: Hex
  readonly tip: bigint
}

export type Users = Awaited<ReturnType<typeof createUsers>>

export async function createUsers(pool: { add(raw: Uint8Array): Promise<Hash> }, random: Random) {
  const accounts = new Map<number, { account: ReturnType<typeof mnemonicToAccount>; nonce: number }>(
    [DEPLOYER, ...ORDINARY, BOT, EXCLUDED].map((index) => [
      index,
      { account: mnemonicToAccount(MNEMONIC, { addressIndex: index }), nonce: 0 },
    ]),
  )
  const addressOf = (index: number): Address =>
    (accounts.get(index)?.account.address ?? NOBODY).toLowerCase() as Address

  async function sign(index: number, { tip, ...fields }: Fields): Promise<Uint8Array> {
    const user = accounts.get(index)
    if (user === undefined) throw new RangeError(`nobody has number ${index}`)
    return hexToBytes(
      await user.account.signTransaction({
        ...{ type: 'eip1559', chainId: Number(L2_CHAIN_ID), nonce: user.nonce++ },
        ...{ to: NOBODY, value: 0n, gas: 21_000n, maxFeePerGas: MAX_FEE_PER_GAS, ...fields },
        maxPriorityFeePerGas: tip,
      }),
    )
  }
  const send = async (index: number, fields: Fields) => {
    const raw = await sign(index, fields)
    return { raw, hash: await pool.add(raw) }
  }
  /** The first transaction of its account makes it. */
  const poolAddress = getContractAddress({ from: addressOf(DEPLOYER), nonce: 0n }).toLowerCase() as Address
  const anyTip = () => (BigInt(random.below(40)) * GWEI) / 10n
  const swap = (index: number, [paid, got]: readonly [bigint, bigint], isForward: boolean, tip: bigint) => {
    const words = isForward ? [paid, 0n, 0n, got] : [0n, paid, got, 0n]
    const data: Hex = `0x${words.map((word) => word.toString(16).padStart(64, '0')).join('')}`
    return send(index, { to: poolAddress, data, gas: 60_000n, tip })
  }

  const kinds: readonly (readonly [share: number, act: () => Promise<unknown>])[] = [
    [0.7, () => send(random.pick(ORDINARY), { value: BigInt(1 + random.below(1000)), tip: anyTip() })],
    [0.12, () => send(random.pick(ORDINARY), { to: poolAddress, gas: 40_000n, tip: anyTip() })],
    [
      0.14,
      () =>
        swap(random.pick(ORDINARY), [1000n, BigInt(900 + random.below(90))], random.chance(0.5), anyTip()),
    ],
    [
      0.04,
      async () => {
        await swap(BOT, [1000n, 990n], true, 9n * GWEI)
        await swap(random.pick(ORDINARY), [500n, 470n], true, 7n * GWEI)
        await swap(BOT, [990n, 1012n], false, 5n * GWEI)
      },
    ],
  ]

  await send(DEPLOYER, { to: null, data: POOL_CODE, gas: 200_000n, tip: GWEI })
  return {
    excluded: addressOf(EXCLUDED),
    /** What somebody happens to do. */
    async act(): Promise<void> {
      let roll = random.unit()
      for (const [share, act] of kinds) {
        roll -= share
        if (roll < 0) return void (await act())
      }
    },
    /** A payment of the one who is left out, with a fee like everybody's. */
    payAsExcluded: () => send(EXCLUDED, { value: 1n, tip: 2n * GWEI }),
  }
}
