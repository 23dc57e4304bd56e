/** The transaction pool of a plain Ethereum chain that stands still: blob transactions come with their blobs, which it keeps. */
import type { Chain } from '../../chain/chain.ts'
import { nextBaseFee } from '../../engine/ethereum/baseFee.ts'
import { rulesAt } from '../../engine/rules/rulesAt.ts'
import type { FlatState } from '../../engine/state/flatState.ts'
import { defined } from '../../primitives/assert.ts'
import type { Hash } from '../../primitives/hex.ts'
import { createPoolState } from '../../propose/pool/followChain.ts'
import { type BlobSidecar, openNetworkForm } from '../../propose/pool/networkForm.ts'
import { createTxPool, type TxPool } from '../../propose/txPool.ts'
import type { EthereumSpec } from '../../spec/ethereumSpec.ts'
import type { Logger } from '../../telemetry/log.ts'

const BLOB_TRANSACTION = 3
/** Wei per gas; geth's `--txpool.pricelimit`. */
const TIP_MIN = 1n

export type EthereumPool = TxPool & { sidecarOf(hash: Hash): BlobSidecar | undefined }

export async function createEthereumPool(deps: {
  readonly spec: EthereumSpec
  readonly chain: Chain
  readonly state: FlatState
  readonly logger: Logger
}): Promise<EthereumPool> {
  const { spec, chain, state, logger } = deps
  const { number } = chain.heads().latest
  const { header } = defined(await chain.headerByNumber(number), 'the latest block')
  const evm = rulesAt({ type: 'ethereum', spec }, header)
  const pool = createTxPool(
    { state: createPoolState(() => state.source()), logger },
    {
      rules: { chainId: spec.chainId, evm, minTip: TIP_MIN, takesBlobs: true },
      head: { baseFeePerGas: nextBaseFee(header), gasLimit: header.gasLimit },
    },
  )
  const sidecars = new Map<Hash, BlobSidecar>()
  return {
    ...pool,
    sidecarOf: (hash) => sidecars.get(hash),
    async add(sent) {
      if (sent[0] !== BLOB_TRANSACTION) return pool.add(sent)
      const { raw, sidecar } = await openNetworkForm(sent)
      const hash = await pool.add(raw)
      for (const known of sidecars.keys()) if (pool.get(known) === undefined) sidecars.delete(known)
      sidecars.set(hash, sidecar)
      return hash
    },
  }
}
