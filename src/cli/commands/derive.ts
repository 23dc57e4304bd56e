/**
 * `plumbline derive --from --to`: what a range of L1 blocks proposes, from verified logs and blobs, one JSON line a source.
 * Nothing is executed, so a source is decoded but not held against its parent block.
 */
import { Command } from 'commander'
import { openL1 } from '../../archive/openL1.ts'
import { type PreparedProposal, prepareEvents } from '../../derive/prepare.ts'
import { addOptions, loadConfig } from '../config/load.ts'
import { DERIVE_OPTIONS } from '../config/options.ts'
import { ConfigError } from '../config/resolve.ts'
import { l1OptionsOf, sideLoggerOf, specOf } from '../nodeConfig.ts'
import { createShutdown } from '../shutdown.ts'

export function deriveCommand(): Command {
  return addOptions(
    new Command('derive').description('decode what a range of L1 blocks proposes, one JSON line a source'),
    DERIVE_OPTIONS,
  ).action(async (flags) => {
    const config = loadConfig(DERIVE_OPTIONS, flags)
    const spec = await specOf(config)
    const from = config.get<bigint>('from') ?? spec.l1.startBlock
    const to = config.need<bigint>('to')
    if (to < from) throw new ConfigError(`--to ${to} is before the first block, ${from}`)
    const signal = createShutdown((name) => console.error(`${name}: stopping`))
    const l1 = await openL1({ ...l1OptionsOf(config), spec, logger: sideLoggerOf(config), signal })
    try {
      const cursor = await l1.start(signal, from)
      const events = l1.follow({ cursor, knownAncestors: async () => [cursor], signal })
      // Senders are execution's business.
      const engine = { recoverSenders: async () => [] }
      for await (const event of prepareEvents({ spec, l1, engine, signal }, events)) {
        if (event.type !== 'block') continue
        for (const item of event.items) if (item.type === 'proposal') printSources(item)
        if (event.block.number >= to) break
      }
    } finally {
      await l1.close()
    }
  })
}

function printSources({ proposal, sources }: PreparedProposal): void {
  for (const [index, { blocks, fault }] of sources.entries()) {
    const source = proposal.sources[index]
    const row = {
      l1Block: Number(proposal.l1.blockNumber),
      l1Transaction: proposal.l1.transactionHash,
      fork: proposal.fork,
      proposal: Number(proposal.id),
      proposer: proposal.proposer,
      source: index,
      isForcedInclusion: source?.isForcedInclusion ?? false,
      blobs: source?.blobSlice.blobHashes ?? [],
      offset: source?.blobSlice.offset ?? 0,
      fault: fault ?? null,
      blocks: blocks.map((block) => ({
        timestamp: Number(block.timestamp),
        coinbase: block.coinbase,
        anchorBlockNumber: Number(block.anchorBlockNumber),
        gasLimit: Number(block.gasLimit),
        transactions: block.transactions.length,
      })),
    }
    console.log(JSON.stringify(row))
  }
}
