/** The second step: a checkpoint on the destination that covers the message, and the proof against it. */
import type { RpcRequest } from '../l1/rpcEndpoint.ts'
import { sleep } from '../primitives/async.ts'
import { CriticalError } from '../primitives/errors.ts'
import { type Address, type Hash, type Hex, toQuantity } from '../primitives/hex.ts'
import { bridgeAbi, checkpointStoreAbi } from './abi.ts'
import { type BridgeEnd, findReceipt, readContract } from './end.ts'
import type { Ends } from './ends.ts'
import { findMessage, hashMessage, slotOfMessage } from './message.ts'
import { checkProof, type ProofAnswer } from './proof.ts'
import type { StepOptions } from './send.ts'
import { saveTransfer, type Transfer } from './transfer.ts'

/** Waits for whatever the message still has to pass, and writes the proof into the file. */
export async function proveTransfer(ends: Ends, transfer: Transfer, options: StepOptions): Promise<Transfer> {
  const { source, destination } = ends
  const { signal, say } = options
  const blockNumber = await waitForMessage(source, transfer, options)
  const receipt = await findReceipt(source, transfer.transaction.hash, signal)
  const message = receipt?.succeeded ? findMessage(receipt.logs, source.bridge) : undefined
  if (message === undefined)
    throw new CriticalError(
      `${transfer.transaction.hash} reverted on ${source.name}: there is nothing to prove`,
    )
  const messageHash = hashMessage(source.bridge, message)
  const checkpoint = await waitForCheckpoint(ends, blockNumber, options)
  const tag = toQuantity(checkpoint.blockNumber)
  const block = (await source.rpc('eth_getBlockByNumber', [tag, false], signal)) as { hash: Hash } | null
  if (block?.hash !== checkpoint.blockHash)
    throw new CriticalError(
      `${destination.name} takes ${checkpoint.blockHash} for ${source.name} block ${checkpoint.blockNumber}, this ${source.name} node has ${block?.hash ?? 'none'}; one of them is wrong, and nothing can be proven against it`,
    )
  const answer = (await source.rpc(
    'eth_getProof',
    [source.bridge, [slotOfMessage(messageHash)], tag],
    signal,
  )) as ProofAnswer
  const nodes = await checkProof(answer, {
    stateRoot: checkpoint.stateRoot,
    bridge: source.bridge,
    messageHash,
  })
  const proven: Transfer = {
    ...transfer,
    message,
    proof: {
      blockNumber: checkpoint.blockNumber,
      accountProof: [...nodes.accountProof],
      storageProof: [...nodes.storageProof],
    },
  }
  saveTransfer(options.path, proven)
  say(
    `proven against ${source.name} block ${checkpoint.blockNumber}: ${nodes.accountProof.length} account nodes, ${nodes.storageProof.length} storage nodes, checked here`,
  )
  return proven
}

/** The block of the source that holds the transaction. */
async function waitForMessage(source: BridgeEnd, transfer: Transfer, options: StepOptions): Promise<bigint> {
  const { hash } = transfer.transaction
  for (let isFirst = true; ; isFirst = false) {
    const receipt = await findReceipt(source, hash, options.signal)
    if (receipt !== null) return receipt.blockNumber
    if (isFirst)
      options.say(
        transfer.forced === undefined
          ? `${hash} is in no ${source.name} block yet; waiting`
          : `${hash} is in no L2 block yet; waiting for a proposal that takes the forced inclusion`,
      )
    await sleep(options.pollMs, options.signal)
  }
}

type Checkpoint = { readonly blockNumber: bigint; readonly blockHash: Hash; readonly stateRoot: Hash }

/** The newest one, once it is at or after `blockNumber`. */
async function waitForCheckpoint(
  { source, destination }: Ends,
  blockNumber: bigint,
  options: StepOptions,
): Promise<Checkpoint> {
  const { rpc } = destination
  const { signal } = options
  const store = (
    await readContract(rpc, destination.bridge, { abi: bridgeAbi, functionName: 'checkpointStore' }, signal)
  ).toLowerCase() as Address
  let said: number | undefined
  for (;;) {
    const read = { abi: checkpointStoreAbi, functionName: 'latestBlockNumber' } as const
    const latest = await readContract(rpc, store, read, signal)
    if (BigInt(latest) >= blockNumber) {
      const checkpoint = await readContract(
        rpc,
        store,
        { abi: checkpointStoreAbi, functionName: 'getCheckpoint', args: [latest] },
        signal,
      )
      return { ...checkpoint, blockNumber: BigInt(checkpoint.blockNumber) }
    }
    if (latest !== said)
      options.say(
        source.name === 'L2'
          ? `the message is in L2 block ${blockNumber} (${await describeClocks(source.rpc, signal)}); waiting until executable, which is ${latest}, reaches it: a proof on L1, on this verifier's word`
          : `the message is in L1 block ${blockNumber}; waiting until an L2 block is anchored to it or later, the newest anchor is ${latest}`,
      )
    said = latest
    await sleep(options.pollMs, signal)
  }
}

async function describeClocks(rpc: RpcRequest, signal: AbortSignal): Promise<string> {
  const numberAt = async (tag: string) => {
    const block = (await rpc('eth_getBlockByNumber', [tag, false], signal)) as { number: Hex } | null
    return block === null ? 'none' : BigInt(block.number).toString()
  }
  return `latest ${await numberAt('latest')}, safe ${await numberAt('safe')}, finalized ${await numberAt('finalized')}`
}
