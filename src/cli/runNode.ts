/** Runs a node until its signal, with progress on the terminal. */
import { type Node, type NodeOptions, startNode } from '../node.ts'
import { createProgress } from '../telemetry/progress.ts'

/** Resolves when the signal has ended the node in good order; throws what an operator must mend. */
export async function runNode(
  options: NodeOptions,
  shown: { readonly isJson: boolean },
  onStarted?: (node: Node) => void,
): Promise<void> {
  const node = await startUnlessStopped(options)
  if (node === undefined) return
  const progress = createProgress({
    read: () => sampleOf(node),
    stream: process.stdout,
    isTty: process.stdout.isTTY === true,
    ...(shown.isJson && { logger: options.logger }),
  })
  try {
    options.logger.info({ url: node.rpc.url, network: node.spec.name }, 'serving JSON-RPC')
    onStarted?.(node)
    await node.run(options.signal)
  } finally {
    progress.stop()
    await node.close()
    options.logger.info({}, 'stopped')
  }
}

/** Undefined when the signal came first: a node that still waits for its L1 has nothing to finish. */
async function startUnlessStopped(options: NodeOptions): Promise<Node | undefined> {
  try {
    return await startNode(options)
  } catch (error) {
    if (options.signal.aborted) return undefined
    throw error
  }
}

function sampleOf(node: Node) {
  const { cursor, l1, startL1Block, isSynced } = node.sync()
  if (cursor === undefined || l1.head === undefined) return undefined
  const { latest, safe, finalized } = node.chain.heads()
  return {
    isSynced,
    l1Start: Number(startL1Block),
    l1Current: Number(cursor.number),
    l1Head: Number(l1.head.number),
    l2Unsafe: Number(latest.number),
    l2Safe: Number(safe.number),
    l2Finalized: Number(finalized.number),
    blobs: node.blobs(),
  }
}
