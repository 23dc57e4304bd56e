/**
 * An examiner for the faults' own proof: asks a provider for everything about one block and lists what cannot be true.
 * Written on @ethereumjs and viem rather than on src/, so that a fault is not judged by the code it is meant to test.
 */
import { createBlockFromRPC } from '@ethereumjs/block'
import { Common, Hardfork, Mainnet } from '@ethereumjs/common'
import { createMPT } from '@ethereumjs/mpt'
import { RLP } from '@ethereumjs/rlp'
import { createTxFromRLP } from '@ethereumjs/tx'
import kzg from 'c-kzg'
import { type Hex, hexToBytes, toHex } from 'viem'
import type { Request } from './rpc.ts'

// The library asks for a KZG implementation before it parses a blob transaction; it does not call it here.
const common = new Common({
  chain: { ...Mainnet, chainId: 31337 },
  hardfork: Hardfork.Prague,
  customCrypto: { kzg: kzg as never },
})

type RpcBlock = Parameters<typeof createBlockFromRPC>[0] & { hash: Hex; receiptsRoot: Hex }
type RpcReceipt = {
  type: Hex
  status: Hex
  cumulativeGasUsed: Hex
  logsBloom: Hex
  transactionHash: Hex
  logs: readonly RpcLog[]
}
type RpcLog = { address: Hex; topics: readonly Hex[]; data: Hex }

/** Empty if all holds. Entries begin with `contradiction`, `absent`, or say `another block`. */
export async function examineBlock(request: Request, hash: Hex): Promise<readonly string[]> {
  const ask = async (method: string, ...params: unknown[]) => {
    try {
      return await request(method, params)
    } catch {
      return null
    }
  }
  const block = (await ask('eth_getBlockByHash', hash, true)) as RpcBlock | null
  if (block === null) return ['absent: block']
  if (block.hash !== hash) return ['another block']
  const found: string[] = []
  if (!(await isTrueBlock(block))) found.push('contradiction: header or transactions')
  const chainId = await ask('eth_chainId')
  for (const { hash: transactionHash, chainId: signedFor } of block.transactions as {
    hash: Hex
    chainId: Hex
  }[]) {
    if (signedFor !== chainId) found.push('contradiction: chain id')
    const raw = (await ask('eth_getRawTransactionByHash', transactionHash)) as Hex
    if (!isTransaction(raw, transactionHash)) found.push('contradiction: raw transaction')
  }

  const receipts = (await ask('eth_getBlockReceipts', hash)) as RpcReceipt[] | null
  if (receipts === null) return [...found, 'absent: receipts']
  if ((await receiptsRoot(receipts)) !== block.receiptsRoot) found.push('contradiction: receipts')
  const single = await Promise.all(
    receipts.map((receipt) => ask('eth_getTransactionReceipt', receipt.transactionHash)),
  )
  if (JSON.stringify(single) !== JSON.stringify(receipts)) found.push('contradiction: single receipts')
  const logs = (await ask('eth_getLogs', { blockHash: hash })) as RpcLog[] | null
  if (logs === null) return [...found, 'absent: logs']
  if (JSON.stringify(logs) !== JSON.stringify(receipts.flatMap((receipt) => receipt.logs)))
    found.push('contradiction: logs')
  return found
}

async function isTrueBlock(json: RpcBlock): Promise<boolean> {
  try {
    const block = createBlockFromRPC(json, [], { common, skipConsensusFormatValidation: true })
    return toHex(block.hash()) === json.hash && (await block.transactionsTrieIsValid())
  } catch {
    return false
  }
}

function isTransaction(raw: Hex, hash: Hex): boolean {
  try {
    return toHex(createTxFromRLP(hexToBytes(raw), { common }).hash()) === hash
  } catch {
    return false
  }
}

async function receiptsRoot(receipts: readonly RpcReceipt[]): Promise<Hex> {
  const trie = await createMPT()
  for (const [index, receipt] of receipts.entries()) {
    const logs = receipt.logs.map(({ address, topics, data }) => [address, [...topics], data])
    const status = receipt.status === '0x1' ? 1 : 0
    const payload = RLP.encode([status, BigInt(receipt.cumulativeGasUsed), receipt.logsBloom, logs])
    const prefix = receipt.type === '0x0' ? [] : [Number(receipt.type)]
    await trie.put(RLP.encode(index), Uint8Array.from([...prefix, ...payload]))
  }
  return toHex(trie.root())
}
