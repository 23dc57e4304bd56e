/** `plumbline sequence`: a node that orders L2 while its window lasts, promises what it orders, and posts it. docs/sequencing.md. */
import { Command } from 'commander'
import type { Rooms } from '../../node.ts'
import { createL1Builder } from '../../preconf/commitments/l1Builder.ts'
import type { PreconfOptions } from '../../preconf/createPreconf.ts'
import type { Address } from '../../primitives/hex.ts'
import { DEFAULT_SEQUENCER_OPTIONS } from '../../propose/sequencer/sequencer.ts'
import { openJwtSecret } from '../../rpc/engine/secretFile.ts'
import { addOptions, type Config, loadConfig } from '../config/load.ts'
import { SEQUENCE_OPTIONS } from '../config/sequenceOptions.ts'
import { markRarely } from '../markRarely.ts'
import { followOptionsOf, logFormatOf, loggerOf, nodeOptionsOf } from '../nodeConfig.ts'
import { createNodePool, poolRulesOf } from '../nodePool.ts'
import { openPosting, type Posting, type PostingAccounts, readPostingAccounts } from '../posting.ts'
import { guardFilesOf, hasPreconfKey, openSigner } from '../preconfKeys.ts'
import { runNode } from '../runNode.ts'
import { createShutdown } from '../shutdown.ts'

export function sequenceCommand(): Command {
  return addOptions(
    new Command('sequence').description('order L2 in your windows, promise it, and post it to L1'),
    SEQUENCE_OPTIONS,
  ).action(async (flags) => {
    const config = loadConfig(SEQUENCE_OPTIONS, flags)
    const logger = loggerOf(config)
    markRarely()
    // Said before anything is opened, and not after the chain was derived.
    hasPreconfKey(config)
    const accounts = await readPostingAccounts(config, logger)
    const signal = createShutdown((name) =>
      console.error(`${name}: finishing the step; once more to stop at once`),
    )
    const options = await nodeOptionsOf(config, signal)
    const secretFile = config.get<string>('authrpc.jwt-secret')
    const authrpc = secretFile !== undefined && {
      host: config.need<string>('authrpc.addr'),
      port: config.need<number>('authrpc.port'),
      secret: await openJwtSecret(secretFile),
    }
    const posting = openPosting({ config, spec: options.spec, accounts, dataDir: options.dataDir, logger })
    let pool: Awaited<ReturnType<typeof createNodePool>> | undefined
    let proving: Promise<void> | undefined
    try {
      await runNode(
        {
          ...options,
          ...(authrpc && { authrpc }),
          createPool: async (rooms) => {
            pool = await createNodePool(rooms, logger, gasLimitTargetOf(config))
            return pool
          },
          preconf: async (rooms) => {
            proving = posting.proveLookaheads(rooms.schedule, signal)
            // Whoever waits for it below hears of its failure.
            proving.catch(() => {})
            if (pool === undefined) throw new Error('the pool is made before')
            return {
              ...followOptionsOf(config),
              signing: signingOf(config, { rooms, posting, accounts, pool }),
            }
          },
        },
        { isJson: logFormatOf(config) === 'json' },
      )
      await proving
    } finally {
      await posting.close()
    }
  })
}

function signingOf(
  config: Config,
  parts: {
    readonly rooms: Rooms
    readonly posting: Posting
    readonly accounts: PostingAccounts
    readonly pool: Awaited<ReturnType<typeof createNodePool>>
  },
): NonNullable<PreconfOptions['signing']> {
  const { rooms, posting, accounts, pool } = parts
  const { secondsPerSlot } = rooms.spec.l1
  const twoSlotsMs = 2_000 * Number(secondsPerSlot)
  const proposer = accounts.poster.address.toLowerCase() as Address
  const { path, counterPath } = guardFilesOf(config)
  const l1Builder = config.get<string>('preconf.l1-builder')
  return {
    signer: (domain) => openSigner(config, domain, loggerOf(config)),
    guardPath: path,
    counterPath,
    windowSeconds: BigInt(config.need<number>('preconf.window-slots')) * secondsPerSlot,
    pool,
    rules: poolRulesOf(rooms.spec),
    inbox: posting.inbox,
    poster: posting.poster,
    ...(l1Builder !== undefined && { l1Builder: createL1Builder(l1Builder) }),
    sequencer: {
      ...DEFAULT_SEQUENCER_OPTIONS,
      proposer,
      coinbase: config.get<Address>('sequencer.coinbase') ?? proposer,
      blockMs: config.need<number>('sequencer.block-ms'),
      fragMs: config.need<number>('sequencer.frag-ms'),
      stopBeforeMs: config.get<number>('sequencer.stop-before-ms') ?? twoSlotsMs,
      batchMs: config.get<number>('sequencer.batch-ms') ?? twoSlotsMs,
      blobsMax: config.need<number>('sequencer.blobs'),
      anchorLag: BigInt(config.need<number>('sequencer.anchor-lag')),
      gasLimitTarget: gasLimitTargetOf(config),
      takesOpenWindows: config.need<boolean>('sequencer.takes-open-windows'),
      forcedMargin: 2n * secondsPerSlot,
    },
  }
}

function gasLimitTargetOf(config: Config): bigint {
  return BigInt(config.need<number>('sequencer.gas-limit'))
}
