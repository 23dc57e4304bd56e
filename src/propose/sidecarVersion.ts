/** Which wrapper of blobs the L1 takes: cell proofs from Osaka (EIP-7594), blob proofs before. */
import type { SidecarVersion } from './blobTransaction.ts'
import type { L1Head, RpcRequest } from './l1Rpc.ts'

/** EIP-7910. */
type ForkConfig = { readonly activationTime: number; readonly precompiles: Readonly<Record<string, string>> }
type EthConfig = { readonly current: ForkConfig; readonly next: ForkConfig | null }

/** EIP-7951, which came with Osaka: nothing in a header tells Osaka from Prague. */
const OSAKA_PRECOMPILE = 'P256VERIFY'

/**
 * For a transaction included at `inclusionTime` (seconds) or later. Asks `eth_config`; of a node without it all that is known is
 * whether the head is under Prague, and public networks that are have passed Osaka too.
 */
export async function detectSidecarVersion(
  rpc: RpcRequest,
  input: { readonly head: L1Head; readonly inclusionTime: bigint; readonly signal?: AbortSignal },
): Promise<SidecarVersion> {
  let config: EthConfig
  try {
    config = (await rpc('eth_config', [], input.signal)) as EthConfig
  } catch {
    input.signal?.throwIfAborted()
    return input.head.isPrague ? 1 : 0
  }
  const { current, next } = config
  const fork = next !== null && BigInt(next.activationTime) <= input.inclusionTime ? next : current
  return OSAKA_PRECOMPILE in fork.precompiles ? 1 : 0
}
