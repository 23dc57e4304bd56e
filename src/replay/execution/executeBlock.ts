/** Executes one block of a rollup on its witness and seals what comes out. What derivation decides is taken from the block's own header. */
import type { ExecutedTransaction } from '../../engine/engine.ts'
import { recoverSender } from '../../engine/sender.ts'
import { createWitnessState } from '../../engine/state/witness.ts'
import { openStoredBlock } from '../../engine/storedBlock.ts'
import { decodeTransaction } from '../../engine/transaction.ts'
import { type BlockHeader, headerHash } from '../../primitives/header.ts'
import { bytesToHex, type Hash } from '../../primitives/hex.ts'
import { keccak256Hex } from '../../primitives/keccak.ts'
import { orderedTrieRoot } from '../../primitives/orderedTrie.ts'
import { encodeReceipt, logsBloom } from '../../primitives/receipt.ts'
import { requireInput } from '../input.ts'
import type { ExecutionInput } from './executionFile.ts'

export type ExecutedAlone = {
  readonly hash: Hash
  readonly header: BlockHeader
  readonly transactions: readonly ExecutedTransaction[]
  /** Hash of the block as the file has it. */
  readonly expected: Hash
}

/** Throws WitnessError, MissingStateError or InputRefusedError when the file is not enough or not consistent, BlockDiffersError for a transaction that is refused. */
export async function executeBlock(input: ExecutionInput): Promise<ExecutedAlone> {
  const { spec, block, witness, ancestorHashes } = input
  const state = createWitnessState(witness)
  const run = await openStoredBlock({
    execution: { type: 'rollup', spec },
    block: { header: block.header, transactions: block.transactions.map(readTransaction) },
    state,
    ancestorHash: (number) => {
      const hash = ancestorHashes.get(number)
      requireInput(hash !== undefined, `the witness lacks the header of block ${number}`)
      return hash
    },
  })
  while (run.transactions.length < block.transactions.length) await run.runNext()
  const receipts = run.transactions.map(({ receipt }) => receipt)
  const header: BlockHeader = {
    ...block.header,
    stateRoot: await state.rootAfter(await run.finish()),
    transactionsRoot: orderedTrieRoot(run.transactions.map(({ raw }) => raw)),
    receiptsRoot: orderedTrieRoot(receipts.map(encodeReceipt)),
    logsBloom: logsBloom(receipts.flatMap(({ logs }) => logs)),
    gasUsed: run.gasUsed(),
    // From Unzen on the difficulty is the zk gas, and 0 before.
    difficulty: BigInt(run.zkGas()),
  }
  return {
    ...{ header, transactions: run.transactions },
    hash: headerHash(header),
    expected: headerHash(block.header),
  }
}

function readTransaction(raw: Uint8Array, index: number) {
  const decoded = decodeTransaction(raw)
  requireInput(decoded.type !== 'undecodable', `transaction ${index} of the block cannot be decoded`)
  const sender = recoverSender(decoded.transaction)
  requireInput(sender !== null, `the signature of transaction ${index} recovers to no key`)
  return { raw, hash: keccak256Hex(raw), sender: bytesToHex(sender) }
}
