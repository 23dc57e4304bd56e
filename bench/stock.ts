/** The same blocks on EthereumJS as it comes: its own transactions, trie, state manager, cryptography and `runBlock`. */
import { createBlock } from '@ethereumjs/block'
import { createCustomCommon, Hardfork, Mainnet } from '@ethereumjs/common'
import { createEVM } from '@ethereumjs/evm'
import { MerkleStateManager } from '@ethereumjs/statemanager'
import { createTxFromRLP } from '@ethereumjs/tx'
import { createAccount, createAddressFromString } from '@ethereumjs/util'
import { createVM, runBlock } from '@ethereumjs/vm'
import type { StateChanges } from '../src/engine/state/source.ts'
import { hexToBytes } from '../src/primitives/hex.ts'
import { BASE_FEE, type BenchBlock, hashOfBlock, SPEC } from './workloads.ts'

export type BlockRunner = {
  /** Runs the block, keeps its state, answers the gas used. `next` may be prepared meanwhile. */
  run(block: BenchBlock, next: BenchBlock | undefined): Promise<bigint>
  close(): Promise<void>
}

export async function createStockRunner(genesis: StateChanges): Promise<BlockRunner> {
  const common = createCustomCommon({ chainId: Number(SPEC.l2.chainId) }, Mainnet, {
    hardfork: Hardfork.Shanghai,
  })
  const stateManager = new MerkleStateManager({ common })
  for (const [key, { nonce, balance, codeHash }] of genesisAccounts(genesis)) {
    const address = createAddressFromString(key)
    await stateManager.putAccount(address, createAccount({ nonce, balance }))
    const code = genesis.code.get(codeHash)
    if (code !== undefined) await stateManager.putCode(address, code)
    for (const [slot, value] of genesis.storage.get(key)?.slots ?? [])
      await stateManager.putStorage(address, hexToBytes(slot), value)
  }
  const blockchain = {
    async getBlock(number: number) {
      const hash = hexToBytes(hashOfBlock(BigInt(number)))
      return { hash: () => hash }
    },
    async putBlock() {},
    shallowCopy: () => blockchain,
  }
  const evm = await createEVM({ common, stateManager, blockchain })
  const vm = await createVM({ common, stateManager, evm, blockchain: blockchain as never })
  return {
    async run({ number, anchor, transactions }) {
      const block = createBlock(
        {
          header: {
            number,
            gasLimit: 60_000_000n,
            baseFeePerGas: BASE_FEE,
            timestamp: 1_800_000_000n + number,
            parentHash: hexToBytes(hashOfBlock(number - 1n)),
          },
          transactions: [anchor, ...transactions].map((raw) => createTxFromRLP(raw, { common })),
          withdrawals: [],
        },
        { common },
      )
      const result = await runBlock(vm, {
        block,
        generate: true,
        skipHeaderValidation: true,
        skipBlockValidation: true,
      })
      const failed = result.receipts.filter((receipt) => 'status' in receipt && receipt.status === 0)
      if (failed.length > 0) throw new Error(`${failed.length} transactions failed on stock EthereumJS`)
      return result.gasUsed
    },
    async close() {},
  }
}

function* genesisAccounts({ accounts }: StateChanges) {
  for (const [address, account] of accounts) if (account !== null) yield [address, account] as const
}
