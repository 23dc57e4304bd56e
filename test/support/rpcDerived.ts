/** A node that derives from the L1 in this process, with the RPC on top: the real parts from blob to answer. */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { privateKeyToAccount } from 'viem/accounts'
import { type Hex, hexToBytes } from '../../src/primitives/hex.ts'
import { workerUrl } from '../../src/primitives/worker.ts'

/** Threads run compiled files, which `npm run build` makes. */
export const hasCallProcess = existsSync(
  fileURLToPath(workerUrl(new URL('../../src/rpc/caller/x.ts', import.meta.url).href, './callProcess.ts')),
)

/** The second of the well-known development accounts; funded in the devnet's genesis. */
export const SENDER = privateKeyToAccount(
  '0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d',
)

/** Logs the first word of its calldata as a topic, and counts its calls in slot 0. */
const EMITTER_CODE: Hex = '0x5f355f5fa15f546001015f5500'
/** Copies the 13 bytes behind itself. */
export const EMITTER_INITCODE: Hex = `0x600d8060095f395ff3${EMITTER_CODE.slice(2)}`

export async function sign(fields: {
  readonly chainId: bigint
  readonly nonce: number
  readonly to?: Hex
  readonly data?: Hex
  readonly value?: bigint
  readonly gas?: bigint
}): Promise<Uint8Array> {
  const { chainId, gas = 200_000n, ...rest } = fields
  const raw = await SENDER.signTransaction({
    type: 'eip1559',
    chainId: Number(chainId),
    gas,
    maxFeePerGas: 10n ** 10n,
    maxPriorityFeePerGas: 7n,
    ...rest,
  })
  return hexToBytes(raw)
}
