/** Both ends of a transfer, and that they belong together. */
import { CriticalError } from '../primitives/errors.ts'
import { bridgeAbi } from './abi.ts'
import { type BridgeEnd, readContract } from './end.ts'
import type { Transfer } from './transfer.ts'

export type Ends = { readonly source: BridgeEnd; readonly destination: BridgeEnd }

export function endsOf(
  direction: Transfer['direction'],
  layers: { readonly l1: BridgeEnd; readonly l2: BridgeEnd },
): Ends {
  return direction === 'deposit'
    ? { source: layers.l1, destination: layers.l2 }
    : { source: layers.l2, destination: layers.l1 }
}

/** Money sent into a bridge whose other end is elsewhere is lost, so both are asked. Throws a CriticalError. */
export async function checkEnds({ source, destination }: Ends, signal: AbortSignal): Promise<void> {
  for (const [end, other] of [
    [source, destination],
    [destination, source],
  ] as const) {
    const counterpart = await readContract(
      end.rpc,
      end.bridge,
      { abi: bridgeAbi, functionName: 'counterpart' },
      signal,
    )
    const chainId = await readContract(
      end.rpc,
      end.bridge,
      { abi: bridgeAbi, functionName: 'counterpartChainId' },
      signal,
    )
    if (counterpart.toLowerCase() !== other.bridge || chainId !== other.chainId)
      throw new CriticalError(
        `the bridge on ${end.name} belongs to ${counterpart.toLowerCase()} on chain ${chainId}, not to ${other.bridge} on chain ${other.chainId}; nothing was sent`,
      )
  }
}
