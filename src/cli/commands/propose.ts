/**
 * `plumbline propose`: a node that proposes as well. With `--once` and a transaction it is the way out when nobody else proposes:
 * it follows L1 from nothing, waits until it may, lands the transaction in a source of its own, and ends.
 */
import { Command } from 'commander'
import { loadTransfer } from '../../bridge/transfer.ts'
import type { Node } from '../../node.ts'
import { sleep } from '../../primitives/async.ts'
import { CriticalError } from '../../primitives/errors.ts'
import { type Address, type Hash, hexToBytes } from '../../primitives/hex.ts'
import { keccak256Hex } from '../../primitives/keccak.ts'
import {
  createProposer,
  DEFAULT_BUILDER_OPTIONS,
  DEFAULT_PROPOSER_OPTIONS,
  type Proposer,
} from '../../propose/proposer.ts'
import { createTurns } from '../../propose/turn.ts'
import type { TxPool } from '../../propose/txPool.ts'
import { PROPOSE_OPTIONS } from '../config/bridgeOptions.ts'
import { addOptions, type Config, loadConfig } from '../config/load.ts'
import { ConfigError } from '../config/resolve.ts'
import { logFormatOf, loggerOf, nodeOptionsOf } from '../nodeConfig.ts'
import { createNodePool } from '../nodePool.ts'
import { openPosting, type PostingAccounts, readPostingAccounts } from '../posting.ts'
import { runNode } from '../runNode.ts'
import { createShutdown } from '../shutdown.ts'

type Wanted = { readonly raw: Uint8Array; readonly hash: Hash }

export function proposeCommand(): Command {
  return addOptions(
    new Command('propose').description('follow a chain as `node` does, and propose to it'),
    PROPOSE_OPTIONS,
  ).action(async (flags) => {
    const config = loadConfig(PROPOSE_OPTIONS, flags)
    const logger = loggerOf(config)
    const accounts = await readPostingAccounts(config, logger)
    const wanted = config.need<string[]>('transaction').map(readTransaction)
    const stopped = createShutdown((name) =>
      console.error(`${name}: finishing the step; once more to stop at once`),
    )
    const finished = new AbortController()
    const signal = AbortSignal.any([stopped, finished.signal])
    const options = await nodeOptionsOf(config, signal)
    let pool: TxPool | undefined
    let proposing: Promise<void> = Promise.resolve()
    let failure: unknown
    await runNode(
      {
        ...options,
        createPool: async (rooms) => {
          pool = await createNodePool(rooms, logger)
          return pool
        },
      },
      { isJson: logFormatOf(config) === 'json' },
      (node) => {
        if (pool === undefined) return
        proposing = propose({
          ...{ node, pool, accounts, wanted, config, signal },
          dataDir: options.dataDir,
        })
          .catch((error) => {
            failure = error
          })
          .finally(() => finished.abort())
      },
    )
    await proposing
    if (failure !== undefined && !stopped.aborted) throw failure
  })
}

/** Raw bytes in hex, or a transfer's file. */
function readTransaction(text: string): Wanted {
  const hex = /^0x([0-9a-fA-F]{2})+$/.test(text) ? text : loadTransfer(text)?.transaction.raw
  if (hex === undefined)
    throw new ConfigError(`--transaction ${text} is neither a transaction in hex nor a file`)
  const raw = hexToBytes(hex)
  return { raw, hash: keccak256Hex(raw) }
}

type ProposeInput = {
  readonly node: Node
  readonly pool: TxPool
  readonly accounts: PostingAccounts
  readonly wanted: readonly Wanted[]
  readonly config: Config
  readonly dataDir: string
  readonly signal: AbortSignal
}

async function propose(input: ProposeInput): Promise<void> {
  const { node, pool, accounts, config, signal } = input
  const { spec, chain, state, engine, l1, schedule } = node
  const logger = loggerOf(config)
  const posting = openPosting({ config, spec, accounts, dataDir: input.dataDir, logger })
  const { inbox, poster } = posting
  const address = accounts.poster.address.toLowerCase() as Address
  const intervalMs = config.need<number>('l1.poll-interval')
  const proposer = createProposer(
    {
      ...{ spec, engine, chain, state, l1, inbox, pool, poster, logger },
      ready: () => node.sync().isSynced,
      turn: createTurns({ spec, schedule }),
    },
    {
      ...DEFAULT_PROPOSER_OPTIONS,
      builder: { ...DEFAULT_BUILDER_OPTIONS, proposer: address, coinbase: address },
      intervalMs,
    },
  )
  const proving = new AbortController()
  let proved: Promise<void> | undefined
  try {
    while (!node.sync().isSynced) await sleep(intervalMs, signal)
    proved = posting.proveLookaheads(schedule, AbortSignal.any([signal, proving.signal]))
    if (!config.need<boolean>('once')) {
      await addWanted(input)
      return await proposer.run(signal)
    }
    await proposeOnce(input, proposer, intervalMs)
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    proving.abort()
    await proved
    await posting.close()
  }
}

async function proposeOnce(
  { node, pool, wanted, signal }: ProposeInput,
  proposer: Proposer,
  intervalMs: number,
): Promise<void> {
  let said = ''
  const say = (sentence: string) => {
    if (sentence !== said) console.log(sentence)
    said = sentence
  }
  for (;;) {
    if (await isDone(node, wanted, proposer)) return
    await addWanted({ node, pool, wanted })
    const { type, detail } = await proposer.step(signal)
    say(`${type}: ${detail}`)
    await sleep(intervalMs, signal)
  }
}

/** Puts into the pool what is in no block yet, also after a reorg. */
async function addWanted({
  node,
  pool,
  wanted,
}: Pick<ProposeInput, 'node' | 'pool' | 'wanted'>): Promise<void> {
  for (const { raw, hash } of wanted) {
    if (pool.get(hash) !== undefined) continue
    if ((await node.chain.transactionPosition(hash)) !== undefined) continue
    await pool.add(raw).catch(async (cause: unknown) => {
      // Derived while we looked.
      if ((await node.chain.transactionPosition(hash)) !== undefined) return
      const reason = cause instanceof Error ? cause.message : String(cause)
      throw new CriticalError(`${hash} cannot be proposed: ${reason}`, { cause })
    })
  }
}

async function isDone(node: Node, wanted: readonly Wanted[], proposer: Proposer): Promise<boolean> {
  if (wanted.length === 0 && proposer.status().landed === 0) return false
  const lines: string[] = []
  for (const { hash } of wanted) {
    const position = await node.chain.transactionPosition(hash)
    if (position === undefined) return false
    const origin = await node.chain.origin(position.blockNumber)
    const source = origin?.isForcedInclusion ? 'the forced inclusion' : "the proposer's own source"
    lines.push(
      `${hash} is in L2 block ${position.blockNumber}, by proposal ${origin?.proposalId}, from ${source}`,
    )
  }
  for (const line of lines) console.log(line)
  return true
}
