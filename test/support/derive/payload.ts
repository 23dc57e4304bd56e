/** Payloads of proposals: manifests whose blocks our rules accept, with signed L2 transactions in them. */
import { privateKeyToAccount } from 'viem/accounts'
import { hexToBytes } from '../../../src/primitives/hex.ts'
import { encodeManifest } from '../../../src/protocol/shasta/encodeManifest.ts'
import type { SimulatedL1 } from '../l1/simulatedL1.ts'
import { L2_CHAIN_ID } from './harness.ts'

/** The second of the well-known development accounts; funded in the devnet's genesis. */
const SENDER = privateKeyToAccount('0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d')
const COINBASE = '0x00000000000000000000000000000000c01bbace'
/** The devnet's genesis has 15,000,000, which includes no anchor: the first block inherits it whole. */
const GAS_LIMIT = 15_000_000n

export async function signTransfer(nonce: number): Promise<Uint8Array> {
  const raw = await SENDER.signTransaction({
    chainId: Number(L2_CHAIN_ID),
    type: 'eip1559',
    nonce,
    to: `0x${(nonce + 4096).toString(16).padStart(40, '0')}`,
    value: 1n,
    gas: 21_000n,
    maxFeePerGas: 10n ** 10n,
    maxPriorityFeePerGas: 1n,
  })
  return hexToBytes(raw)
}

/** A manifest for a proposal in the block after the simulated head: `blocks` blocks ending at that head's time. */
export function payloadAfter(
  sim: SimulatedL1,
  options: { readonly blocks?: number; readonly transactions?: readonly Uint8Array[] } = {},
): Uint8Array {
  const { blocks = 1, transactions = [] } = options
  const head = sim.head().header
  return encodeManifest(
    Array.from({ length: blocks }, (_, i) => ({
      timestamp: head.timestamp - BigInt(blocks - 1 - i),
      coinbase: COINBASE,
      anchorBlockNumber: head.number,
      gasLimit: GAS_LIMIT,
      transactions: i === 0 ? transactions : [],
    })),
  )
}
